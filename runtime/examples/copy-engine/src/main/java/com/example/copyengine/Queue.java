package com.example.copyengine;

import com.example.copyengine.EngineRegisters.Register;
import com.example.copyengine.Progress.Step;
import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Pending;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.time.VirtualClock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Carries out the descriptors of one ring, a transaction at a time and never under a lock. A transaction that the board
 * holds leaves nothing waiting: its end moves the queue on.
 */
final class Queue {
    /** Bytes of one transaction at most. */
    static final int CHUNK = 4096;

    /** Transactions in a row; then others have their turn, for a nanosecond of virtual time or more. */
    private static final int BURST = 64;

    private static final ValueLayout.OfLong WORD =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int number;
    private final EngineRegisters registers;
    private final Object lock;
    private final PciDeviceContext board;
    private final VirtualClock.Timer nextTurn;
    private final byte[] chunk = new byte[CHUNK];
    private final MemorySegment chunkSegment = MemorySegment.ofArray(chunk);
    private final MemorySegment fetched = MemorySegment.ofArray(new byte[Descriptor.BYTES]);

    private Progress progress = Progress.IDLE;
    /** Whether a transaction is under way; its end has the same generation, or nobody waits for it any more. */
    private boolean busy;

    private int generation;
    private Ticket held;
    private boolean quiesced;

    /** Makes the queue of a realized device; {@code lock} guards the registers and the progress of all queues. */
    Queue(int number, EngineRegisters registers, Object lock, PciDeviceContext board) {
        this.number = number;
        this.registers = registers;
        this.lock = lock;
        this.board = board;
        nextTurn = board.clock().timer(_ -> board.defer(this::run));
    }

    /** Does what there is to do, until the board holds a transaction or it is others' turn. */
    void run(TransactionContext context) {
        for (int turn = 0; turn < BURST; turn++) {
            Progress now;
            int mine;
            synchronized (lock) {
                if (busy || quiesced || !hasWork()) {
                    return;
                }
                busy = true;
                mine = ++generation;
                now = progress;
            }
            TransactionResult result = perform(context, now);
            if (result instanceof Pending(Ticket ticket)) {
                hold(ticket, mine);
                return;
            }
            ended(mine, result);
        }
        boolean more;
        synchronized (lock) {
            more = !busy && !quiesced && hasWork();
        }
        if (more) {
            nextTurn.arm(board.clock().now() + 1);
        }
    }

    private boolean hasWork() {
        return progress.step() != Step.FETCH
                || isEnabled() && registers.get(number, Register.HEAD) != registers.get(number, Register.TAIL);
    }

    private boolean isEnabled() {
        return EngineRegisters.ENABLE.isSet(registers.get(number, Register.CONTROL));
    }

    private TransactionResult perform(TransactionContext context, Progress now) {
        return switch (now.step()) {
            case FETCH -> board.dma().read(context, entry(), fetched, 0, Descriptor.BYTES);
            case READ -> board.dma().read(
                    context, now.descriptor().source() + now.offset(), chunkSegment, 0, chunkLength(now));
            case WRITE -> {
                if (now.descriptor().operation() == Descriptor.Operation.FILL) {
                    fillChunk(now);
                }
                yield board.dma().write(
                        context, now.descriptor().destination() + now.offset(), chunkSegment, 0, chunkLength(now));
            }
            case COMPLETE -> board.dma().write(
                    context, entry() + Descriptor.RESULT, 8, Descriptor.result(now.outcome(), now.crc()));
            case NOTIFY -> board.sendMsi(context, number);
        };
    }

    /** {@return address of the descriptor at HEAD; neither changes while a transaction is under way} */
    private long entry() {
        synchronized (lock) {
            return registers.get(number, Register.BASE) + registers.get(number, Register.HEAD) * Descriptor.BYTES;
        }
    }

    private static int chunkLength(Progress now) {
        return (int) Math.min(CHUNK, now.descriptor().length() - now.offset());
    }

    private void fillChunk(Progress now) {
        for (int offset = 0; offset < CHUNK; offset += 8) {
            chunkSegment.set(WORD, offset, now.descriptor().source());
        }
    }

    private void hold(Ticket ticket, int mine) {
        synchronized (lock) {
            if (mine == generation) {
                held = ticket;
            }
        }
        ticket.whenDone((context, result) -> {
            ended(mine, result);
            run(context);
        });
        boolean wanted;
        synchronized (lock) {
            wanted = mine == generation && !quiesced;
        }
        if (!wanted) {
            takeBack(ticket, mine);
        }
    }

    /** A transaction has ended; the one place where the queue moves on. */
    private void ended(int mine, TransactionResult result) {
        String complaint = null;
        synchronized (lock) {
            if (mine != generation || !busy) {
                return;
            }
            busy = false;
            held = null;
            Progress before = progress;
            progress = result.isDone() ? next(before) : failed(before);
            if (!result.isDone()) {
                complaint = "queue %d: %s of descriptor %d ended as %s"
                        .formatted(number, before.step(), registers.get(number, Register.HEAD), result);
            }
        }
        if (complaint != null) {
            board.log().guestError(complaint);
        }
    }

    private Progress next(Progress now) {
        return switch (now.step()) {
            case FETCH -> Progress.of(Descriptor.read(fetched));
            case READ -> {
                int length = chunkLength(now);
                yield now.descriptor().operation() == Descriptor.Operation.COPY
                        ? now.at(Step.WRITE)
                        : now.done(length, Crc32c.update(now.crc(), chunk, length));
            }
            case WRITE -> now.done(chunkLength(now), now.crc());
            case COMPLETE -> {
                registers.count(number, now.offset());
                long mask = (1L << registers.get(number, Register.SIZE)) - 1;
                registers.set(number, Register.HEAD, registers.get(number, Register.HEAD) + 1 & mask);
                yield now.descriptor().wantsInterrupt() ? now.at(Step.NOTIFY) : Progress.IDLE;
            }
            case NOTIFY -> Progress.IDLE;
        };
    }

    /** A terminated data transaction ends its descriptor; one of the ring itself ends the queue, with an interrupt. */
    private Progress failed(Progress now) {
        return switch (now.step()) {
            case READ, WRITE -> now.end(Descriptor.Outcome.FAULT);
            case FETCH, COMPLETE -> {
                registers.set(number, Register.STATUS, EngineRegisters.ERROR.mask());
                registers.set(number, Register.CONTROL, 0);
                yield Progress.IDLE.at(Step.NOTIFY);
            }
            case NOTIFY -> Progress.IDLE;
        };
    }

    /** Software enabled the queue, under the lock: the ring starts empty. */
    void enabled() {
        forget();
        registers.set(number, Register.HEAD, 0);
        registers.set(number, Register.TAIL, 0);
    }

    /** Gives up what is under way, under the lock. {@return what to cancel after the lock is released, or null} */
    Ticket forget() {
        Ticket ticket = held;
        generation++;
        busy = false;
        held = null;
        progress = Progress.IDLE;
        nextTurn.cancel();
        return ticket;
    }

    void quiesce() {
        nextTurn.cancel();
        synchronized (lock) {
            quiesced = true;
        }
        takeBackHeld();
    }

    /** Settles a transaction that the board holds: cancelled it is still to do, else it has ended. */
    void takeBackHeld() {
        Ticket ticket;
        int mine;
        synchronized (lock) {
            ticket = held;
            mine = generation;
        }
        if (ticket != null) {
            takeBack(ticket, mine);
        }
    }

    private void takeBack(Ticket ticket, int mine) {
        if (!ticket.cancel()) {
            ticket.result().ifPresent(result -> ended(mine, result));
            return;
        }
        synchronized (lock) {
            if (mine == generation) {
                generation++;
                busy = false;
                held = null;
            }
        }
    }

    void resume() {
        boolean more;
        synchronized (lock) {
            quiesced = false;
            more = !busy && hasWork();
        }
        if (more) {
            nextTurn.arm(board.clock().now()); // not under the lock: it may expire at once
        }
    }

    /** {@return how far the queue has come, under the lock} */
    Progress progress() {
        return progress;
    }

    /** Takes over where another has come, under the lock; nothing runs before {@link #resume}. */
    void restore(Progress saved) {
        quiesced = true;
        progress = saved;
    }
}
