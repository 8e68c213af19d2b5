package dev.backplane.qtest.fake;

import dev.backplane.memory.TransactionContext;

/** A data bus. */
final class FakeContext implements TransactionContext {
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
