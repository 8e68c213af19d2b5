package dev.backplane.smmuv3.translate;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.lang.foreign.MemorySegment;

/** Memory as translation uses it: aligned loads of 64 bits, nothing else. */
abstract class TablePort implements DmaPort {
    @Override
    public abstract TransactionResult load64(TransactionContext context, long address);

    @Override
    public final String initiator() {
        return "smmu";
    }

    @Override
    public final TransactionAttributes attributes() {
        return TransactionAttributes.NONE;
    }

    @Override
    public final DmaPort with(TransactionAttributes attributes) {
        return this;
    }

    @Override
    public final TransactionResult read(
            TransactionContext context, long address, MemorySegment target, long offset, int length) {
        throw new AssertionError("translation reads aligned words only");
    }

    @Override
    public final TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long offset, int length) {
        throw new AssertionError("translation writes nothing");
    }

    @Override
    public final TransactionResult read(TransactionContext context, long address, int size) {
        throw new AssertionError("translation reads aligned words only");
    }

    @Override
    public final TransactionResult write(TransactionContext context, long address, int size, long value) {
        throw new AssertionError("translation writes nothing");
    }

    @Override
    public final TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        throw new AssertionError("translation writes nothing");
    }
}
