package dev.backplane.smmuv3.translate;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import java.util.Optional;

/**
 * Reads stream table entries, and nothing behind them: for SMMUs whose translation another one carries out. Thread-safe;
 * records no event and caches nothing.
 */
public final class StreamTableReader {
    private final DmaPort tables;
    private final StreamTableWalker walker;

    /**
     * Makes a reader.
     *
     * @param capabilities what the SMMU advertises, which decides how an STE is read
     * @param tables reads the stream table
     */
    public StreamTableReader(SmmuCapabilities capabilities, DmaPort tables) {
        this.tables = tables;
        walker = new StreamTableWalker(capabilities);
    }

    /**
     * What a lookup found.
     *
     * @param address where the STE is, -1 when it could not be found or read
     * @param words its eight 64-bit words, empty when it could not be found or read
     * @param config what it says; {@link StreamConfig.Illegal} with the reason when there is no legal one
     * @param event what the SMMU records of a transaction without SubstreamID that finds no legal one: C_BAD_STREAMID,
     *     F_STE_FETCH or C_BAD_STE; empty when it finds one, or CR2.RECINVSID is 0 for C_BAD_STREAMID
     */
    public record Entry(long address, long[] words, StreamConfig config, Optional<SmmuEvent> event) {}

    /**
     * {@return the STE of a stream}
     *
     * @param context context of the calling thread
     * @param registers where the stream table is
     * @param streamId StreamID, 0 to 0xFFFF
     */
    public Entry read(TransactionContext context, SmmuConfiguration registers, int streamId) {
        var seen = new Seen();
        Walk walk = new Walk(tables, seen)
                .begin(context, TransactionAttributes.ofRequester(streamId), 0, AccessKind.READ);
        StreamConfig config = walker.find(walk, registers);
        return config == null
                ? new Entry(seen.address, seen.words, new StreamConfig.Illegal(walk.reason),
                        walk.recorded ? Optional.of(walk.event) : Optional.empty())
                : new Entry(seen.address, seen.words, config, Optional.empty());
    }

    private static final class Seen implements WalkObserver {
        private long address = -1;
        private long[] words = {};

        @Override
        public void streamTableEntry(int streamId, long where, long[] ste) {
            address = where;
            words = ste;
        }
    }
}
