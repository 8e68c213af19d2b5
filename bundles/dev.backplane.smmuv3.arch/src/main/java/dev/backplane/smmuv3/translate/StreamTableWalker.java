package dev.backplane.smmuv3.translate;

import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.StreamTable.L1Std;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import java.util.function.IntConsumer;

/** Finds stream table entries (IHI 0070 section 3.3.1). Stateless but for the capabilities. */
final class StreamTableWalker {
    private static final int LARGEST_SPAN = 11;

    private final SmmuCapabilities capabilities;
    private final SteDecoder decoder;

    StreamTableWalker(SmmuCapabilities capabilities) {
        this.capabilities = capabilities;
        this.decoder = new SteDecoder(capabilities);
    }

    /** {@return the decoded STE of the walk's stream, or null when the fault is described} */
    StreamConfig find(Walk walk, SmmuConfiguration registers) {
        long address = locate(walk, registers, walk.streamId & 0xFFFF_FFFFL);
        if (address < 0) {
            return null;
        }
        if (beyondOutput(address)) {
            walk.fetchFault(
                    EventType.F_STE_FETCH, truncate(address), "the address of the STE exceeds the address size");
            return null;
        }
        long[] ste = walk.loadStructure(address);
        if (ste == null) {
            walk.fetchFault(EventType.F_STE_FETCH, address, "reading the STE aborted");
            return null;
        }
        if (walk.observer != null) {
            walk.observer.streamTableEntry(walk.streamId, address, ste);
        }
        StreamConfig config = decoder.decode(ste);
        if (config instanceof StreamConfig.Illegal(String reason)) {
            walk.configurationFault(EventType.C_BAD_STE, true, reason);
            return null;
        }
        walk.mergesEvents = Ste.MEV.isSet(ste);
        return config;
    }

    /** Answers the address of an STE, or -1 when the fault is described. */
    private long locate(Walk walk, SmmuConfiguration registers, long streamId) {
        int log2Size = log2Size(registers);
        if (streamId >>> log2Size != 0) {
            return badStream(walk, registers, "the StreamID is outside the stream table");
        }
        if (!isTwoLevel(registers)) {
            return align(truncate(registers.streamTableBase()), log2Size + 6) + streamId * Ste.BYTES;
        }
        int split = registers.split();
        int index = (int) (streamId >>> split);
        long table = align(truncate(registers.streamTableBase()), Math.max(6, log2Size - split + 3));
        long address = table + (long) index * L1Std.BYTES;
        if (beyondOutput(address)) {
            walk.fetchFault(
                    EventType.F_STE_FETCH, truncate(address), "the level 1 stream table exceeds the address size");
            return -1;
        }
        if (!walk.load(address)) {
            walk.fetchFault(EventType.F_STE_FETCH, address, "reading the level 1 stream table descriptor aborted");
            return -1;
        }
        long descriptor = walk.loaded;
        if (walk.observer != null) {
            walk.observer.level1StreamTableDescriptor(index, address, descriptor);
        }
        int span = L1Std.SPAN.bits().getInt(descriptor);
        if (span == 0) {
            return badStream(walk, registers, "L1STD.Span is 0");
        }
        if (span > LARGEST_SPAN || span > split + 1) {
            return badStream(walk, registers, "L1STD.Span is reserved or exceeds SPLIT + 1");
        }
        long inner = streamId & (1L << split) - 1;
        if (inner >>> span - 1 != 0) {
            return badStream(walk, registers, "the StreamID is outside L1STD.Span");
        }
        return align(L1Std.L2PTR.bits().inPlace(descriptor), span + 5) + inner * Ste.BYTES;
    }

    private static long badStream(Walk walk, SmmuConfiguration registers, String reason) {
        walk.configurationFault(EventType.C_BAD_STREAMID, registers.recordInvalidStreamIds(), reason);
        return -1;
    }

    private boolean isTwoLevel(SmmuConfiguration registers) {
        return registers.twoLevel() && capabilities.twoLevelStreamTable();
    }

    private int log2Size(SmmuConfiguration registers) {
        return Math.min(registers.streamTableLog2Size(), capabilities.streamIdBits());
    }

    private static long align(long address, int log2) {
        return address & -(1L << log2);
    }

    private boolean beyondOutput(long address) {
        return address >>> capabilities.outputBits() != 0;
    }

    private long truncate(long address) {
        return address & (1L << capabilities.outputBits()) - 1;
    }

    /**
     * Hands every StreamID whose STE is valid to a visitor, ascending. Level 1 descriptors and STEs that cannot be read
     * are passed over.
     *
     * @param walk for its loads
     */
    void streams(Walk walk, SmmuConfiguration registers, IntConsumer visitor) {
        int log2Size = Math.min(log2Size(registers), 16);
        int step = isTwoLevel(registers) ? Math.min(registers.split(), log2Size) : log2Size;
        for (long first = 0; first < 1L << log2Size; first += 1L << step) {
            if (locate(walk, registers, first) < 0) {
                continue;
            }
            for (long id = first; id < first + (1L << step); id++) {
                long address = locate(walk, registers, id);
                if (address < 0) {
                    break;
                }
                if (!beyondOutput(address) && walk.load(address) && Ste.V.bits().isSet(walk.loaded)) {
                    visitor.accept((int) id);
                }
            }
        }
    }
}
