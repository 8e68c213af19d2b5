package dev.backplane.core.memory;

import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;

/** Stands in the place of a model that left; its gate is not open, so nothing reaches it but a race that lost. */
enum NobodyHome implements MmioHandler {
    HANDLER;

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        return Fault.DEVICE_FAILED;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        return Fault.DEVICE_FAILED;
    }
}
