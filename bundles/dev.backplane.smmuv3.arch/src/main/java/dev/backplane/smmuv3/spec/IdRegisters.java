package dev.backplane.smmuv3.spec;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;

import dev.backplane.register.BitField;

/** Fields of the identification registers that decide how structures are read (IHI 0070 section 6.3). */
public final class IdRegisters {

    /** Fields of SMMU_IDR0. */
    public static final class Idr0 {
        /** Stage 2 supported. */
        public static final BitField S2P = bit("S2P", 0);
        /** Stage 1 supported. */
        public static final BitField S1P = bit("S1P", 1);
        /** Translation table formats: 2 = AArch64 only. */
        public static final BitField TTF = bits("TTF", 3, 2);
        /** Coherent table walks. */
        public static final BitField COHACC = bit("COHACC", 4);
        /** Broadcast TLB maintenance. */
        public static final BitField BTM = bit("BTM", 5);
        /** Hardware update of access flag and dirty state. */
        public static final BitField HTTU = bits("HTTU", 7, 6);
        /** Dormant hint. */
        public static final BitField DORMHINT = bit("DORMHINT", 8);
        /** EL2 contexts. */
        public static final BitField HYP = bit("HYP", 9);
        /** PCIe ATS. */
        public static final BitField ATS = bit("ATS", 10);
        /** Split-stage ATS not supported. */
        public static final BitField NS1ATS = bit("NS1ATS", 11);
        /** 16-bit ASIDs. */
        public static final BitField ASID16 = bit("ASID16", 12);
        /** Message-signalled interrupts of the SMMU itself. */
        public static final BitField MSI = bit("MSI", 13);
        /** WFE wake-up events. */
        public static final BitField SEV = bit("SEV", 14);
        /** Address translation operations. */
        public static final BitField ATOS = bit("ATOS", 15);
        /** Page request interface. */
        public static final BitField PRI = bit("PRI", 16);
        /** VMID wildcard matching. */
        public static final BitField VMW = bit("VMW", 17);
        /** 16-bit VMIDs. */
        public static final BitField VMID16 = bit("VMID16", 18);
        /** Two-level CD tables. */
        public static final BitField CD2L = bit("CD2L", 19);
        /** Virtual ATOS page. */
        public static final BitField VATOS = bit("VATOS", 20);
        /** Endianness of translation tables: 2 = little-endian. */
        public static final BitField TTENDIAN = bits("TTENDIAN", 22, 21);
        /** Behaviour of ATS requests on errors. */
        public static final BitField ATSRECERR = bit("ATSRECERR", 23);
        /** Stall model: 0 = stall and terminate, 1 = terminate only, 2 = stall forced. */
        public static final BitField STALL_MODEL = bits("STALL_MODEL", 25, 24);
        /** Terminate model: 1 = always abort. */
        public static final BitField TERM_MODEL = bit("TERM_MODEL", 26);
        /** Stream table levels: 0 = linear, 1 = linear and two-level. */
        public static final BitField ST_LEVEL = bits("ST_LEVEL", 28, 27);

        private Idr0() {}
    }

    /** Fields of SMMU_IDR1. */
    public static final class Idr1 {
        /** Bits of a StreamID. */
        public static final BitField SIDSIZE = bits("SIDSIZE", 5, 0);
        /** Bits of a SubstreamID. */
        public static final BitField SSIDSIZE = bits("SSIDSIZE", 10, 6);
        /** Maximum log2 of PRI queue entries. */
        public static final BitField PRIQS = bits("PRIQS", 15, 11);
        /** Maximum log2 of event queue entries. */
        public static final BitField EVENTQS = bits("EVENTQS", 20, 16);
        /** Maximum log2 of command queue entries. */
        public static final BitField CMDQS = bits("CMDQS", 25, 21);
        /** Incoming permission attributes can be overridden. */
        public static final BitField ATTR_PERMS_OVR = bit("ATTR_PERMS_OVR", 26);
        /** Incoming memory attributes can be overridden. */
        public static final BitField ATTR_TYPES_OVR = bit("ATTR_TYPES_OVR", 27);
        /** Preset base addresses are relative. */
        public static final BitField REL = bit("REL", 28);
        /** Queue bases are preset. */
        public static final BitField QUEUES_PRESET = bit("QUEUES_PRESET", 29);
        /** Stream table base is preset. */
        public static final BitField TABLES_PRESET = bit("TABLES_PRESET", 30);

        private Idr1() {}
    }

    /** Fields of SMMU_IDR3. */
    public static final class Idr3 {
        /** Hierarchical attribute disable. */
        public static final BitField HAD = bit("HAD", 2);
        /** Page-based hardware attributes. */
        public static final BitField PBHA = bit("PBHA", 3);
        /** Stage 2 execute-never distinguishes privilege. */
        public static final BitField XNX = bit("XNX", 4);
        /** PASID always used. */
        public static final BitField PPS = bit("PPS", 5);
        /** MPAM. */
        public static final BitField MPAM = bit("MPAM", 7);
        /** Stage 2 forced write-back. */
        public static final BitField FWB = bit("FWB", 8);
        /** Small translation tables. */
        public static final BitField STT = bit("STT", 9);
        /** Range-based invalidation and level hint. */
        public static final BitField RIL = bit("RIL", 10);
        /** Break-before-make level. */
        public static final BitField BBML = bits("BBML", 12, 11);
        /** EL0 privileged-area protection. */
        public static final BitField E0PD = bit("E0PD", 13);

        private Idr3() {}
    }

    /** Fields of SMMU_IDR5. */
    public static final class Idr5 {
        /** Output address size, encoded. */
        public static final BitField OAS = bits("OAS", 2, 0);
        /** 4 KiB granule. */
        public static final BitField GRAN4K = bit("GRAN4K", 4);
        /** 16 KiB granule. */
        public static final BitField GRAN16K = bit("GRAN16K", 5);
        /** 64 KiB granule. */
        public static final BitField GRAN64K = bit("GRAN64K", 6);
        /** Virtual address extension: 0 = 48 bits, 1 = 52 bits. */
        public static final BitField VAX = bits("VAX", 11, 10);
        /** Maximum number of stalled transactions. */
        public static final BitField STALL_MAX = bits("STALL_MAX", 31, 16);

        private Idr5() {}
    }

    private static final int[] ADDRESS_BITS = {32, 36, 40, 42, 44, 48, 52, 56};

    private IdRegisters() {}

    /** {@return the address size in bits of an encoded OAS, IPS or S2PS field, 0 to 7} */
    public static int addressBits(int encoded) {
        return ADDRESS_BITS[encoded];
    }
}
