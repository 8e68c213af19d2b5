package dev.backplane.host.iommufd;

import dev.backplane.host.smmu.HostCommand;
import dev.backplane.host.smmu.SmmuParameters;
import dev.backplane.register.BitField;
import java.util.List;

/**
 * Invalidation commands that a guest may have carried out: which bits of each are defined. All others are reserved and
 * must be zero.
 */
enum GuestCommand {
    CFGI_CD(HostCommand.CFGI_CD, Target.STREAM,
            List.of(HostCommand.SUBSTREAM_ID, HostCommand.STREAM_ID), List.of(HostCommand.LEAF)),
    CFGI_CD_ALL(HostCommand.CFGI_CD_ALL, Target.STREAM, List.of(HostCommand.STREAM_ID), List.of()),
    TLBI_NH_ALL(HostCommand.TLBI_NH_ALL, Target.VMID, List.of(HostCommand.VMID), List.of()),
    TLBI_NH_ASID(HostCommand.TLBI_NH_ASID, Target.VMID, List.of(HostCommand.VMID, HostCommand.ASID), List.of()),
    TLBI_NH_VA(HostCommand.TLBI_NH_VA, Target.VMID,
            List.of(HostCommand.NUM, HostCommand.SCALE, HostCommand.VMID, HostCommand.ASID), Fields.RANGE),
    TLBI_NH_VAA(HostCommand.TLBI_NH_VAA, Target.VMID,
            List.of(HostCommand.NUM, HostCommand.SCALE, HostCommand.VMID), Fields.RANGE),
    /** All of the guest is one VMID of the host. */
    TLBI_NSNH_ALL(HostCommand.TLBI_NSNH_ALL, Target.VMID, List.of(), List.of()),
    ATC_INV(HostCommand.ATC_INV, Target.STREAM,
            List.of(HostCommand.GLOBAL, HostCommand.SSV, HostCommand.SUBSTREAM_ID, HostCommand.STREAM_ID),
            List.of(HostCommand.ATC_SIZE, HostCommand.ADDRESS));

    private static final int GRANULE_16K = 2;
    private static final GuestCommand[] BY_OPCODE = new GuestCommand[256];

    static {
        for (GuestCommand command : values()) {
            BY_OPCODE[command.opcode] = command;
        }
    }

    private final int opcode;
    private final Target target;
    private final long lowMask;
    private final long highMask;

    enum Target {
        STREAM,
        VMID
    }

    private static final class Fields {
        static final List<BitField> RANGE =
                List.of(HostCommand.LEAF, HostCommand.TTL, HostCommand.TG, HostCommand.ADDRESS);
    }

    GuestCommand(int opcode, Target target, List<BitField> low, List<BitField> high) {
        this.opcode = opcode;
        this.target = target;
        lowMask = mask(low) | HostCommand.OPCODE.mask();
        highMask = mask(high);
    }

    private static long mask(List<BitField> fields) {
        return fields.stream().mapToLong(BitField::mask).reduce(0, (one, other) -> one | other);
    }

    /** {@return the command with an opcode, or null when a guest may not have it} */
    static GuestCommand of(long low) {
        return BY_OPCODE[HostCommand.OPCODE.getInt(low)];
    }

    Target target() {
        return target;
    }

    int opcode() {
        return opcode;
    }

    /**
     * {@return whether a command is well-formed on an SMMU}
     *
     * @param smmu what the SMMU has
     */
    boolean accepts(long low, long high, SmmuParameters smmu) {
        if ((low & ~lowMask) != 0 || (high & ~highMask) != 0) {
            return false;
        }
        return switch (this) {
            case TLBI_NH_VA, TLBI_NH_VAA -> acceptsRange(low, high, smmu.rangeInvalidation());
            case ATC_INV -> smmu.ats()
                    && HostCommand.ATC_SIZE.getInt(high) <= HostCommand.ATC_ALL
                    && (smmu.substreamBits() != 0
                            || (low & (HostCommand.GLOBAL.mask() | HostCommand.SSV.mask()
                                    | HostCommand.SUBSTREAM_ID.mask())) == 0);
            default -> true;
        };
    }

    /**
     * IHI 0070 section 4.4.1.1: without TG nothing of a range may be there; with TG not all of it may be zero, and
     * TTL 1 says nothing with 16 KiB granules, which have no blocks at level 1.
     */
    private static boolean acceptsRange(long low, long high, boolean ranges) {
        int granule = HostCommand.TG.getInt(high);
        int level = HostCommand.TTL.getInt(high);
        boolean extent = HostCommand.NUM.isSet(low) || HostCommand.SCALE.isSet(low);
        if (granule == 0) {
            return !extent && level == 0;
        }
        return ranges && (extent || level > (granule == GRANULE_16K ? 1 : 0));
    }
}
