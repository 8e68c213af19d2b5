package dev.backplane.vm.load;

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

/** The system bus as a processor of the guest uses it. Confined to the thread that made it. */
public final class GuestBus {
    private static final String INITIATOR = "vm";
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final int POLLS = 100_000;

    private final DmaPort port;
    private final TransactionContext context;

    /** Makes one for the calling thread. */
    public GuestBus(Board board) {
        port = board.systemPort(INITIATOR);
        context = board.epochs().context();
    }

    /** {@return the context of the calling thread} */
    public TransactionContext context() {
        return context;
    }

    /**
     * Reads a register.
     *
     * @param size 1, 2, 4 or 8 bytes
     * @throws IllegalStateException if the access fails
     */
    public long read(long address, int size) {
        return finish(port.read(context, address, size), "%d-byte read at 0x%x".formatted(size, address));
    }

    /** Writes a register; parameters as for {@link #read}. */
    public void write(long address, int size, long value) {
        finish(port.write(context, address, size, value), "%d-byte write at 0x%x".formatted(size, address));
    }

    /** Writes a block of memory. */
    public void write(long address, byte[] source, int offset, int length) {
        finish(port.write(context, address, MemorySegment.ofArray(source), offset, length),
                "write of %d bytes at 0x%x".formatted(length, address));
    }

    /**
     * Polls a register as drivers do.
     *
     * @param what what is waited for, for the message
     * @throws IllegalStateException if the bits do not take the value
     */
    public void poll(long address, int size, long mask, long expected, String what) {
        long value = 0;
        for (int i = 0; i < POLLS; i++) {
            value = read(address, size);
            if ((value & mask) == expected) {
                return;
            }
            Thread.onSpinWait();
        }
        throw new IllegalStateException("%s: the register at 0x%x stays 0x%x; expected 0x%x under mask 0x%x"
                .formatted(what, address, value, expected, mask));
    }

    /**
     * Waits for the end of a transaction.
     *
     * @return data of a scalar read
     */
    public long finish(TransactionResult result, String what) {
        record End(TransactionResult result, long data) {}
        var end = new End(result, context.data());
        if (result instanceof TransactionResult.Pending(Ticket ticket)) {
            var done = new CompletableFuture<End>();
            ticket.whenDone((thread, late) -> done.complete(new End(late, thread.data())));
            try {
                end = done.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException e) {
                ticket.cancel();
                throw new IllegalStateException(what + " is still held and was given up; type board:why", e);
            } catch (InterruptedException e) {
                ticket.cancel();
                Thread.currentThread().interrupt();
                throw new IllegalStateException(what + " was interrupted", e);
            }
        }
        if (end.result != TransactionResult.Done.DONE) {
            throw new IllegalStateException("%s failed: %s".formatted(what, end.result));
        }
        return end.data;
    }
}
