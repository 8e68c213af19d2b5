package dev.backplane.smmuv3.control;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ConcurrentSkipListMap;

/** Sparse memory of 64-bit words, everywhere but above a limit, where accesses abort. */
final class SimulatedMemory implements DmaPort {
    private final ConcurrentSkipListMap<Long, Long> words = new ConcurrentSkipListMap<>();
    private volatile long limit = 1L << 40;
    private volatile Runnable onNextWrite;

    /** From here on every access aborts. */
    void abortsFrom(long address) {
        limit = address;
    }

    /** Runs something in the middle of the next write. */
    void onNextWrite(Runnable action) {
        onNextWrite = action;
    }

    void copyTo(SimulatedMemory other) {
        other.words.putAll(words);
        other.limit = limit;
    }

    long get(long address) {
        return words.getOrDefault(address & ~7L, 0L);
    }

    void put(long address, long word) {
        words.put(address & ~7L, word);
    }

    @Override
    public String initiator() {
        return "simulated";
    }

    @Override
    public TransactionAttributes attributes() {
        return TransactionAttributes.NONE;
    }

    @Override
    public DmaPort with(TransactionAttributes attributes) {
        return this;
    }

    private boolean aborts(long address, long length) {
        return Long.compareUnsigned(address, limit) >= 0 || Long.compareUnsigned(address + length, limit) > 0;
    }

    @Override
    public TransactionResult read(
            TransactionContext context, long address, MemorySegment target, long offset, int length) {
        if (aborts(address, length)) {
            return Fault.DECODE_ERROR;
        }
        for (int i = 0; i < length; i++) {
            long word = get(address + i);
            target.set(ValueLayout.JAVA_BYTE, offset + i, (byte) (word >>> ((address + i) & 7) * 8));
        }
        return Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long offset, int length) {
        if (aborts(address, length)) {
            return Fault.DECODE_ERROR;
        }
        for (int i = 0; i < length; i++) {
            write(context, address + i, 1, source.get(ValueLayout.JAVA_BYTE, offset + i));
        }
        return Done.DONE;
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        if (aborts(address, size)) {
            return Fault.DECODE_ERROR;
        }
        long mask = size == 8 ? -1L : (1L << size * 8) - 1;
        context.data(get(address) >>> (address & 7) * 8 & mask);
        return Done.DONE;
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        Runnable action = onNextWrite;
        onNextWrite = null;
        if (action != null) {
            action.run();
        }
        if (aborts(address, size)) {
            return Fault.DECODE_ERROR;
        }
        int shift = (int) (address & 7) * 8;
        long mask = (size == 8 ? -1L : (1L << size * 8) - 1) << shift;
        words.merge(address & ~7L, value << shift & mask, (old, added) -> old & ~mask | added);
        return Done.DONE;
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        return read(context, address, 8);
    }

    @Override
    public TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        if (aborts(address, 8)) {
            return Fault.DECODE_ERROR;
        }
        long found = get(address);
        if (found == expected) {
            put(address, update);
        }
        context.data(found);
        return Done.DONE;
    }
}
