package dev.backplane.smmuv3.control;

import dev.backplane.register.BitField;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;

/**
 * Reduces invalidation commands of an SMMU with stage 1 only to the fields that the architecture gives them (IHI 0070
 * chapter 4), before they go to a host: it refuses reserved bits that are not zero, which an SMMU ignores. Fields that
 * the ID registers do not advertise are RES0; so are VMIDs without stage 2. Immutable.
 */
public final class CommandReduction {
    /** Size of a CMD_ATC_INV that means all addresses. */
    private static final int ATC_ALL = 52;

    private final boolean ranges;
    private final int substreamBits;
    private final int asidMask;

    /**
     * Makes the reduction of an SMMU.
     *
     * @param shown what its ID registers advertise
     */
    public CommandReduction(SmmuIdentity shown) {
        ranges = shown.rangeInvalidation();
        substreamBits = Idr1.SSIDSIZE.getInt(shown.idr1());
        asidMask = Idr0.ASID16.isSet(shown.idr0()) ? 0xFFFF : 0xFF;
    }

    /**
     * {@return the command as a host takes it}
     *
     * @param code CFGI_CD, CFGI_CD_ALL, TLBI_NH_ALL, TLBI_NH_ASID, TLBI_NH_VA, TLBI_NH_VAA, TLBI_NSNH_ALL or ATC_INV
     * @param command the command as software wrote it, legal
     * @throws IllegalArgumentException if it is another command
     */
    public Command reduce(CommandCode code, Command command) {
        long low = Command.OPCODE.get(command.low());
        return switch (code) {
            case TLBI_NH_ALL, TLBI_NSNH_ALL -> new Command(low, 0);
            case TLBI_NH_ASID -> new Command(low | asid(command), 0);
            case TLBI_NH_VA -> byAddress(low | asid(command), command);
            case TLBI_NH_VAA -> byAddress(low, command);
            case CFGI_CD -> new Command(
                    low | Command.STREAM_ID.inPlace(command.low()) | substream(command),
                    Command.LEAF.inPlace(command.high()));
            case CFGI_CD_ALL -> new Command(low | Command.STREAM_ID.inPlace(command.low()), 0);
            case ATC_INV -> translationCache(low | Command.STREAM_ID.inPlace(command.low()), command);
            default -> throw new IllegalArgumentException(
                    "CMD_%s: expected an invalidation that a host carries out".formatted(code));
        };
    }

    private long asid(Command command) {
        return Command.ASID.with(0, Command.ASID.get(command.low()) & asidMask);
    }

    private long substream(Command command) {
        return substreamBits == 0 ? 0 : Command.SUBSTREAM_ID.inPlace(command.low());
    }

    /** Section 4.4.1.1: with TG = 0, NUM, SCALE and TTL are RES0; TTL 1 means nothing with 16 KiB granules. */
    private Command byAddress(long low, Command command) {
        long high = Command.LEAF.inPlace(command.high());
        long address = Command.ADDRESS.inPlace(command.high());
        int granule = Command.TG.getInt(command.high());
        if (!ranges || granule == 0) {
            return new Command(low, high | address);
        }
        long extent = Command.NUM.inPlace(command.low()) | Command.SCALE.inPlace(command.low());
        long level = Command.TTL.inPlace(command.high());
        if (granule == 2 && Command.TTL.get(command.high()) == 1) {
            level = 0;
        }
        if (extent == 0 && level == 0) {
            return new Command(low, high | address);
        }
        long granuleBytes = 1L << 10 + 2 * granule;
        return new Command(
                low | extent, high | level | Command.TG.inPlace(command.high()) | address & -granuleBytes);
    }

    private Command translationCache(long start, Command command) {
        long low = start;
        if (substreamBits != 0 && Command.SSV.isSet(command.low())) {
            low |= Command.SSV.mask() | Command.GLOBAL.inPlace(command.low()) | substream(command);
        }
        int size = Math.min(ATC_ALL, Command.ATC_SIZE.getInt(command.high()));
        long address = size == ATC_ALL ? 0 : Command.ADDRESS.inPlace(command.high()) & -1L << 12 + size;
        return new Command(low, size | address);
    }
}
