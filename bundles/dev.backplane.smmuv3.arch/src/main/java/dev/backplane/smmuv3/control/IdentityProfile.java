package dev.backplane.smmuv3.control;

import dev.backplane.register.BitField;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.spec.IdRegisters.Idr5;
import dev.backplane.smmuv3.translate.Granule;
import java.util.List;

/** What an SMMUv3 shows of itself, given the options. */
public enum IdentityProfile {
    /** Everything that this implementation does and SMMUv3.2 has. */
    FULL {
        @Override
        public SmmuIdentity identity(SmmuOptions options) {
            int idr1 = sizes(options);
            idr1 = with(Idr1.ATTR_TYPES_OVR, idr1, 1);
            idr1 = with(Idr1.ATTR_PERMS_OVR, idr1, 1);
            int idr3 = with(Idr3.STT, invalidation(options), 1);
            if (options.stage2()) {
                idr3 = with(Idr3.FWB, idr3, 1);
            }
            int idr5 = addresses(options);
            if (options.granules().contains(Granule.KIB64)) {
                idr5 = with(Idr5.VAX, idr5, 1);
            }
            return new SmmuIdentity(common(options), idr1, idr3, idr5, 0, ARCHITECTURE_3_2, NO_PERIPHERAL);
        }
    },

    /** What the {@code virt} machine of QEMU 11.1 shows, so that conversations recorded there can be repeated. */
    VIRT_11_1 {
        @Override
        public SmmuIdentity identity(SmmuOptions options) {
            int idr0 = with(Idr0.TERM_MODEL, common(options), 1);
            return new SmmuIdentity(
                    idr0, sizes(options), invalidation(options), addresses(options), 0, ARCHITECTURE_3_1, MMU_600);
        }
    },

    /**
     * What an SMMU shows whose stage 1 a host carries out: of what a host may lack, no more than the options say. CDs
     * must ask for aborts (TERM_MODEL), which every SMMU can do.
     */
    ACCELERATED {
        @Override
        public SmmuIdentity identity(SmmuOptions options) {
            int idr0 = with(Idr0.TERM_MODEL, common(options), 1);
            idr0 = with(Idr0.S2P, idr0, 0);
            idr0 = with(Idr0.S1P, idr0, 1);
            idr0 = with(Idr0.VMID16, idr0, 0);
            int idr3 = with(Idr3.RIL, 0, options.rangeInvalidation() ? 1 : 0);
            return new SmmuIdentity(
                    idr0, sizes(options), idr3, addresses(options), 0, ARCHITECTURE_3_2, NO_PERIPHERAL);
        }
    };

    private static final int ARCHITECTURE_3_1 = 1;
    private static final int ARCHITECTURE_3_2 = 2;
    private static final List<Integer> MMU_600 = List.of(0x04, 0, 0, 0, 0x84, 0xB4, 0xF0, 0x10, 0x0D, 0xF0, 0x05, 0xB1);
    private static final List<Integer> NO_PERIPHERAL = List.of(0, 0, 0, 0, 0, 0, 0, 0, 0x0D, 0xF0, 0x05, 0xB1);

    /** {@return the ID registers} */
    public abstract SmmuIdentity identity(SmmuOptions options);

    /** AArch64 tables, little-endian, walked coherently; no stalls; 16-bit ASIDs and VMIDs; 2-level stream tables. */
    private static int common(SmmuOptions options) {
        int idr0 = 0;
        idr0 = with(Idr0.S2P, idr0, options.stage2() ? 1 : 0);
        idr0 = with(Idr0.S1P, idr0, options.stage1() ? 1 : 0);
        idr0 = with(Idr0.TTF, idr0, 2);
        idr0 = with(Idr0.COHACC, idr0, 1);
        idr0 = with(Idr0.ASID16, idr0, 1);
        idr0 = with(Idr0.VMID16, idr0, 1);
        idr0 = with(Idr0.TTENDIAN, idr0, 2);
        idr0 = with(Idr0.STALL_MODEL, idr0, 1);
        return with(Idr0.ST_LEVEL, idr0, 1);
    }

    private static int sizes(SmmuOptions options) {
        int idr1 = with(Idr1.SIDSIZE, 0, options.streamIdBits());
        idr1 = with(Idr1.EVENTQS, idr1, options.eventQueueBits());
        return with(Idr1.CMDQS, idr1, options.commandQueueBits());
    }

    private static int invalidation(SmmuOptions options) {
        int idr3 = with(Idr3.HAD, 0, 1);
        idr3 = with(Idr3.XNX, idr3, options.stage2() ? 1 : 0);
        idr3 = with(Idr3.RIL, idr3, options.rangeInvalidation() ? 1 : 0);
        return with(Idr3.BBML, idr3, 2);
    }

    private static int addresses(SmmuOptions options) {
        int idr5 = with(Idr5.OAS, 0, SmmuOptions.encodedSize(options.outputBits()));
        idr5 = with(Idr5.GRAN4K, idr5, options.granules().contains(Granule.KIB4) ? 1 : 0);
        idr5 = with(Idr5.GRAN16K, idr5, options.granules().contains(Granule.KIB16) ? 1 : 0);
        return with(Idr5.GRAN64K, idr5, options.granules().contains(Granule.KIB64) ? 1 : 0);
    }

    private static int with(BitField field, int word, int value) {
        return (int) field.with(word & 0xFFFF_FFFFL, value);
    }
}
