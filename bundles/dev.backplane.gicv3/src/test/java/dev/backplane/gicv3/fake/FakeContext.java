package dev.backplane.gicv3.fake;

import dev.backplane.memory.TransactionContext;

/** The data bus of one thread. */
public final class FakeContext implements TransactionContext {
    private long data;

    @Override
    public long data() {
        return data;
    }

    @Override
    public void data(long value) {
        data = value;
    }
}
