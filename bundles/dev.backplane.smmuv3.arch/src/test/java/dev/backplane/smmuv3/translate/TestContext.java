package dev.backplane.smmuv3.translate;

import dev.backplane.memory.TransactionContext;

/** A context outside any board. */
final class TestContext implements TransactionContext {
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
