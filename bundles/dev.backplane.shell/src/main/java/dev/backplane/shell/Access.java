package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Carries out transactions of a person: waits a bounded time for those that are held, and explains those that fail. */
final class Access {
    /** How long a command waits for a held transaction. */
    static final Duration PATIENCE = Duration.ofSeconds(15);

    private final TransactionContext context;
    private final Duration patience;

    Access(Board board) {
        this(board.epochs().context(), PATIENCE);
    }

    Access(TransactionContext context, Duration patience) {
        this.context = context;
        this.patience = patience;
    }

    /** How a transaction ended, with the data of a scalar read. */
    private record End(TransactionResult result, long data) {}

    TransactionContext context() {
        return context;
    }

    byte[] read(DmaPort port, long address, int length) {
        byte[] bytes = new byte[length];
        finish(port.read(context, address, MemorySegment.ofArray(bytes), 0, length),
                "read of %d bytes at 0x%x".formatted(length, address) + end(address, length));
        return bytes;
    }

    void write(DmaPort port, long address, byte[] bytes) {
        finish(port.write(context, address, MemorySegment.ofArray(bytes), 0, bytes.length),
                "write of %d bytes at 0x%x".formatted(bytes.length, address) + end(address, bytes.length));
    }

    /** {@return where a block ends, for a part of it may be what fails} */
    private static String end(long address, int length) {
        return length > 1 ? " to 0x%x".formatted(address + length - 1) : "";
    }

    long readScalar(DmaPort port, long address, int size) {
        return finish(port.read(context, address, size), "%d-byte read at 0x%x".formatted(size, address));
    }

    void writeScalar(DmaPort port, long address, int size, long value) {
        finish(port.write(context, address, size, value), "%d-byte write at 0x%x".formatted(size, address));
    }

    /**
     * Waits for the end of a transaction.
     *
     * @param what the transaction, for the message
     * @return data of a scalar read
     * @throws IllegalStateException if it failed or is still held; the message says why and what to do
     */
    long finish(TransactionResult result, String what) {
        End end = result instanceof TransactionResult.Pending pending
                ? await(pending.ticket(), what)
                : new End(result, context.data());
        if (end.result instanceof TransactionResult.Fault fault) {
            throw new IllegalStateException("%s failed: %s".formatted(what, explain(fault)));
        }
        return end.data;
    }

    private End await(Ticket ticket, String what) {
        var done = new CompletableFuture<End>();
        ticket.whenDone((thread, result) -> done.complete(new End(result, thread.data())));
        try {
            return done.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            if (!ticket.cancel()) {
                return done.join();
            }
            throw new IllegalStateException("%s is still held after %d s and was given up: "
                    .formatted(what, patience.toSeconds())
                    + "the translation is stalled or a slot is parked; type board:why or smmu:events");
        } catch (InterruptedException e) {
            ticket.cancel();
            Thread.currentThread().interrupt();
            throw new IllegalStateException(what + " was interrupted and given up");
        } catch (ExecutionException e) {
            throw new IllegalStateException(what + " failed: " + e.getCause());
        }
    }

    static String explain(TransactionResult.Fault fault) {
        return switch (fault) {
            case DECODE_ERROR -> "DECODE_ERROR: nothing answers there, or at a part of it; mem:map shows what does";
            case SLAVE_ERROR -> "SLAVE_ERROR: the target refuses this size, alignment or register";
            case TRANSLATION_ABORT ->
                "TRANSLATION_ABORT: the IOMMU terminated it; smmu:explain and smmu:events say why";
            case BUS_MASTER_DISABLED ->
                "BUS_MASTER_DISABLED: the function's Bus Master Enable is 0; pci:show tells";
            case SLOT_TIMEOUT -> "SLOT_TIMEOUT: a parked slot did not come back in time; type board:why";
            case DEVICE_FAILED -> "DEVICE_FAILED: a device failed and was cut off; type board:why";
        };
    }
}
