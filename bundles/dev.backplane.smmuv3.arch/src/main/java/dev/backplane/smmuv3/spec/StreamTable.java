package dev.backplane.smmuv3.spec;

import static dev.backplane.smmuv3.spec.WordField.bit;
import static dev.backplane.smmuv3.spec.WordField.bits;

import java.util.List;

/** Layout of stream tables (IHI 0070 sections 5.1 and 5.2). Bit numbers count inside the 64-bit word. */
public final class StreamTable {

    /** Level 1 stream table descriptor: 8 bytes. */
    public static final class L1Std {
        /** Size in bytes. */
        public static final int BYTES = 8;

        /** Size of the level 2 table: 0 = none, else it has 2^(Span-1) entries; above 11 reserved. */
        public static final WordField SPAN = bits(0, "Span", 4, 0);
        /** Level 2 table. */
        public static final WordField L2PTR = bits(0, "L2Ptr", 55, 6);
        /** All fields. */
        public static final List<WordField> FIELDS = List.of(SPAN, L2PTR);

        private L1Std() {}
    }

    /** Stream table entry: 64 bytes. */
    public static final class Ste {
        /** Size in bytes. */
        public static final int BYTES = 64;

        /** Valid. */
        public static final WordField V = bit(0, "V", 0);
        /** 0xx abort, 100 bypass, 101 stage 1, 110 stage 2, 111 both. */
        public static final WordField CONFIG = bits(0, "Config", 3, 1);
        /** CD table: 0 linear, 1 two levels with 4 KiB leaves, 2 two levels with 64 KiB leaves. */
        public static final WordField S1FMT = bits(0, "S1Fmt", 5, 4);
        /** CD, or table of CDs. */
        public static final WordField S1CONTEXTPTR = bits(0, "S1ContextPtr", 55, 6);
        /** log2 of the number of CDs; 0 = SubstreamIDs are not used. */
        public static final WordField S1CDMAX = bits(0, "S1CDMax", 63, 59);

        /** Transactions without SubstreamID: 0 terminate, 1 bypass stage 1, 2 use CD 0. */
        public static final WordField S1DSS = bits(1, "S1DSS", 1, 0);
        /** CD fetch inner cacheability. */
        public static final WordField S1CIR = bits(1, "S1CIR", 3, 2);
        /** CD fetch outer cacheability. */
        public static final WordField S1COR = bits(1, "S1COR", 5, 4);
        /** CD fetch shareability. */
        public static final WordField S1CSH = bits(1, "S1CSH", 7, 6);
        /** Destructive reads enabled. */
        public static final WordField DRE = bit(1, "DRE", 12);
        /** Contiguity hint of STEs. */
        public static final WordField CONT = bits(1, "CONT", 16, 13);
        /** Directed cache prefetch. */
        public static final WordField DCP = bit(1, "DCP", 17);
        /** PRI page request auto responses. */
        public static final WordField PPAR = bit(1, "PPAR", 18);
        /** Merge events. */
        public static final WordField MEV = bit(1, "MEV", 19);
        /** Stage 2 forced write-back. */
        public static final WordField S2FWB = bit(1, "S2FWB", 25);
        /** Stage 1 stall disabled. */
        public static final WordField S1STALLD = bit(1, "S1STALLD", 27);
        /** ATS. */
        public static final WordField EATS = bits(1, "EATS", 29, 28);
        /** StreamWorld. */
        public static final WordField STRW = bits(1, "STRW", 31, 30);
        /** Memory type override. */
        public static final WordField MEMATTR = bits(1, "MemAttr", 35, 32);
        /** Memory type is overridden. */
        public static final WordField MTCFG = bit(1, "MTCFG", 36);
        /** Allocation hints. */
        public static final WordField ALLOCCFG = bits(1, "ALLOCCFG", 40, 37);
        /** Shareability: 1 = incoming. */
        public static final WordField SHCFG = bits(1, "SHCFG", 45, 44);
        /** NS attribute of Secure streams. */
        public static final WordField NSCFG = bits(1, "NSCFG", 47, 46);
        /** Privilege: 2 = unprivileged, 3 = privileged, else incoming. */
        public static final WordField PRIVCFG = bits(1, "PRIVCFG", 49, 48);
        /** Instruction: 2 = data, 3 = instruction, else incoming. */
        public static final WordField INSTCFG = bits(1, "INSTCFG", 51, 50);

        /** VMID. */
        public static final WordField S2VMID = bits(2, "S2VMID", 15, 0);
        /** 64 minus the bits of an IPA. */
        public static final WordField S2T0SZ = bits(2, "S2T0SZ", 37, 32);
        /** Start level, encoded by granule. */
        public static final WordField S2SL0 = bits(2, "S2SL0", 39, 38);
        /** Walk inner cacheability. */
        public static final WordField S2IR0 = bits(2, "S2IR0", 41, 40);
        /** Walk outer cacheability. */
        public static final WordField S2OR0 = bits(2, "S2OR0", 43, 42);
        /** Walk shareability. */
        public static final WordField S2SH0 = bits(2, "S2SH0", 45, 44);
        /** Granule: 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB. */
        public static final WordField S2TG = bits(2, "S2TG", 47, 46);
        /** Output address size, encoded. */
        public static final WordField S2PS = bits(2, "S2PS", 50, 48);
        /** VMSAv8-64 tables. */
        public static final WordField S2AA64 = bit(2, "S2AA64", 51);
        /** Big-endian tables. */
        public static final WordField S2ENDI = bit(2, "S2ENDI", 52);
        /** Access flag faults disabled. */
        public static final WordField S2AFFD = bit(2, "S2AFFD", 53);
        /** Stage 1 walks may not go to Device memory. */
        public static final WordField S2PTW = bit(2, "S2PTW", 54);
        /** Hardware update of dirty state. */
        public static final WordField S2HD = bit(2, "S2HD", 55);
        /** Hardware update of the access flag. */
        public static final WordField S2HA = bit(2, "S2HA", 56);
        /** Stall on stage 2 faults. */
        public static final WordField S2S = bit(2, "S2S", 57);
        /** Record stage 2 faults. */
        public static final WordField S2R = bit(2, "S2R", 58);

        /** Stage 2 table. */
        public static final WordField S2TTB = bits(3, "S2TTB", 51, 4);

        /** All fields of a Non-secure STE, in the order of the specification. */
        public static final List<WordField> FIELDS = List.of(
                V, CONFIG, S1FMT, S1CONTEXTPTR, S1CDMAX,
                S1DSS, S1CIR, S1COR, S1CSH, DRE, CONT, DCP, PPAR, MEV, S2FWB, S1STALLD, EATS, STRW, MEMATTR, MTCFG,
                ALLOCCFG, SHCFG, NSCFG, PRIVCFG, INSTCFG,
                S2VMID, S2T0SZ, S2SL0, S2IR0, S2OR0, S2SH0, S2TG, S2PS, S2AA64, S2ENDI, S2AFFD, S2PTW, S2HD, S2HA,
                S2S, S2R, S2TTB);

        private Ste() {}
    }

    private StreamTable() {}
}
