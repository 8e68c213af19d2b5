package dev.backplane.itest;

import dev.backplane.board.Board;
import dev.backplane.board.Slot;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Pending;
import dev.backplane.pci.Bdf;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A board as software on it sees it. A processor waits for an access that is held, so this waits too. */
final class Machine {
    private static final long NEXT_STEP = 1_000_000;

    private final Board board;
    private final DmaPort bus;
    private final Object clockHand = new Object();

    Machine(Board board) {
        this.board = board;
        bus = board.systemPort("software");
    }

    Board board() {
        return board;
    }

    Slot slot(String name) {
        return board.slot(name).orElseThrow(() -> new AssertionError("no slot " + name));
    }

    /** How a transaction ended, and the data of a scalar read. */
    record End(TransactionResult result, long data) {}

    /** Waits for the end of a transaction. */
    static End end(TransactionContext context, TransactionResult result) {
        if (!(result instanceof Pending(var ticket))) {
            return new End(result, context.data());
        }
        var ended = new CompletableFuture<End>();
        ticket.whenDone((c, end) -> ended.complete(new End(end, c.data())));
        try {
            return ended.get(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("a held transaction did not end", e);
        }
    }

    private static long done(End end, String what, long address) {
        if (end.result() != Done.DONE) {
            throw new AssertionError("%s at 0x%x ended as %s".formatted(what, address, end.result()));
        }
        return end.data();
    }

    long read(long address, int size) {
        TransactionContext context = board.epochs().context();
        return done(end(context, bus.read(context, address, size)), "read", address);
    }

    void write(long address, int size, long value) {
        TransactionContext context = board.epochs().context();
        done(end(context, bus.write(context, address, size, value)), "write", address);
    }

    void write(long address, byte[] data) {
        TransactionContext context = board.epochs().context();
        done(end(context, bus.write(context, address, MemorySegment.ofArray(data), 0, data.length)), "write", address);
    }

    byte[] read(long address, byte[] into) {
        TransactionContext context = board.epochs().context();
        done(end(context, bus.read(context, address, MemorySegment.ofArray(into), 0, into.length)), "read", address);
        return into;
    }

    int config(Bdf function, int offset, int size) {
        return board.pci().readConfig(board.epochs().context(), function, offset, size);
    }

    void config(Bdf function, int offset, int size, int value) {
        board.pci().writeConfig(board.epochs().context(), function, offset, size, value);
    }

    /** Moves virtual time on by a millisecond; timers run on this thread. */
    void step() {
        synchronized (clockHand) {
            board.clock().advanceTo(board.clock().now() + NEXT_STEP);
        }
    }

    /** Moves virtual time on by a millisecond, whatever other threads do. */
    void stepAlone() {
        board.clock().advanceTo(board.clock().now() + NEXT_STEP);
    }

    /** Moves virtual time to the next deadline, if one is armed. */
    void stepToNextDeadline() {
        synchronized (clockHand) {
            long deadline = board.clock().nextDeadline();
            if (deadline >= board.clock().now()) {
                board.clock().advanceTo(deadline);
            }
        }
    }
}
