package dev.backplane.gicv3.gic;

import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;

/** A run of redistributors: two frames each, one after the other. */
final class RedistributorRegion implements MmioHandler {
    /** Distance from one redistributor to the next. */
    static final int STRIDE = 2 * Redistributor.FRAME;

    private final Redistributor[] redistributors;
    private final int first;

    RedistributorRegion(Redistributor[] redistributors, int first) {
        this.redistributors = redistributors;
        this.first = first;
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        context.data(at(offset).read((int) (offset % STRIDE), size));
        return Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        at(offset).write(context, (int) (offset % STRIDE), size, value);
        return Done.DONE;
    }

    private Redistributor at(long offset) {
        return redistributors[first + (int) (offset / STRIDE)];
    }
}
