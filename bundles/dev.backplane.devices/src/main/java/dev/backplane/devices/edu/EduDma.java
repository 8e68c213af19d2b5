package dev.backplane.devices.edu;

import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.PciDeviceContext;
import java.lang.foreign.MemorySegment;

/**
 * The DMA engine: one transfer at a time between memory and a buffer of 4,096 bytes at device address 0x40000,
 * performed {@link #DURATION_NANOS} of virtual time after its start as one block transaction.
 *
 * <p>The start bit reads as one until the transfer has ended, however it ended: the device has no error status. A
 * transfer whose device side lies outside the buffer moves nothing. A transfer that faults changes nothing in the
 * device; memory may have taken a part. Both still raise the interrupt that was asked for, so that a driver does not
 * wait forever. While the transaction is held by the engine the device is busy.
 *
 * <p>Thread-safe.
 */
final class EduDma {
    /** Virtual time from the start of a transfer until it is performed: 100 ms. */
    static final long DURATION_NANOS = 100_000_000;
    /** Device address of the buffer. */
    static final long BUFFER_BASE = 0x40000;
    /** Size of the buffer in bytes. */
    static final int BUFFER_SIZE = 4096;

    private final PciDeviceContext board;
    private final EduInterrupts interrupts;
    private final long addressMask;
    private final Countdown countdown;
    private final byte[] buffer = new byte[BUFFER_SIZE];
    private final MemorySegment bufferSegment = MemorySegment.ofArray(buffer);
    /** Receives reads, so that a read that faults leaves the buffer as it was. */
    private final MemorySegment staging = MemorySegment.ofArray(new byte[BUFFER_SIZE]);

    private long source;
    private long destination;
    private long count;
    private long command;
    private boolean inFlight;
    private Ticket held;
    private int generation;
    private boolean quiesced;

    EduDma(PciDeviceContext board, EduInterrupts interrupts, long addressMask) {
        this.board = board;
        this.interrupts = interrupts;
        this.addressMask = addressMask;
        countdown = new Countdown(board.clock(), _ -> board.defer(this::perform));
    }

    synchronized long read(EduRegister register) {
        return switch (register) {
            case DMA_SOURCE -> source;
            case DMA_DESTINATION -> destination;
            case DMA_COUNT -> count;
            case DMA_COMMAND -> command;
            default -> throw new IllegalArgumentException(register + " is no DMA register");
        };
    }

    /** {@return whether the register took the value; none does while a transfer runs} */
    synchronized boolean write(EduRegister register, long value) {
        if (isRunning()) {
            return false;
        }
        switch (register) {
            case DMA_SOURCE -> source = value;
            case DMA_DESTINATION -> destination = value;
            case DMA_COUNT -> count = value;
            case DMA_COMMAND -> {
                if ((value & EduRegister.COMMAND_START) != 0) {
                    command = value;
                    countdown.start(DURATION_NANOS);
                }
            }
            default -> throw new IllegalArgumentException(register + " is no DMA register");
        }
        return true;
    }

    private boolean isRunning() {
        return (command & EduRegister.COMMAND_START) != 0;
    }

    private boolean isToMemory() {
        return (command & EduRegister.COMMAND_TO_MEMORY) != 0;
    }

    private void perform(TransactionContext context) {
        int mine;
        boolean start;
        boolean toMemory;
        long deviceAddress;
        long memoryAddress;
        long length;
        synchronized (this) {
            if (!isRunning() || inFlight) {
                return;
            }
            mine = ++generation;
            inFlight = !quiesced;
            start = inFlight;
            toMemory = isToMemory();
            deviceAddress = toMemory ? source : destination;
            memoryAddress = toMemory ? destination : source;
            length = count;
        }
        if (!start) {
            countdown.start(0);
            return;
        }
        long offset = deviceAddress - BUFFER_BASE;
        if (!fitsBuffer(offset, length)) {
            board.log().guestError(("DMA of 0x%x bytes at device address 0x%x: expected a range inside 0x%x to 0x%x; "
                            + "nothing is transferred")
                    .formatted(length, deviceAddress, BUFFER_BASE, BUFFER_BASE + BUFFER_SIZE - 1));
            finish(mine, null);
            return;
        }
        TransactionResult result = length == 0
                ? TransactionResult.Done.DONE
                : transfer(context, toMemory, clamp(memoryAddress), offset, (int) length);
        if (result instanceof TransactionResult.Pending(Ticket ticket)) {
            hold(ticket, mine);
        } else {
            finish(mine, result);
        }
    }

    private static boolean fitsBuffer(long offset, long length) {
        return offset >= 0 && offset < BUFFER_SIZE && length >= 0 && length <= BUFFER_SIZE - offset;
    }

    private long clamp(long address) {
        long clamped = address & addressMask;
        if (clamped != address) {
            board.log().guestError(
                    "DMA address 0x%x is wider than dma_mask 0x%x: the device uses 0x%x; set the driver's DMA mask"
                            .formatted(address, addressMask, clamped));
        }
        return clamped;
    }

    private TransactionResult transfer(
            TransactionContext context, boolean toMemory, long address, long offset, int length) {
        return toMemory
                ? board.dma().write(context, address, bufferSegment, offset, length)
                : board.dma().read(context, address, staging, offset, length);
    }

    private void hold(Ticket ticket, int mine) {
        boolean stale;
        synchronized (this) {
            stale = mine != generation;
            if (!stale) {
                held = ticket;
                stale = quiesced;
            }
        }
        ticket.whenDone((_, result) -> finish(mine, result));
        if (stale) {
            takeBack(ticket, mine);
        }
    }

    /** Ends the transfer; {@code result} is null when nothing was to be transferred. */
    private void finish(int mine, TransactionResult result) {
        boolean raise;
        synchronized (this) {
            if (mine != generation || !inFlight) {
                return;
            }
            if (result == TransactionResult.Done.DONE && !isToMemory()) {
                MemorySegment.copy(
                        staging, destination - BUFFER_BASE, bufferSegment, destination - BUFFER_BASE, count);
            }
            raise = (command & EduRegister.COMMAND_INTERRUPT) != 0;
            command &= ~(long) EduRegister.COMMAND_START;
            inFlight = false;
            held = null;
        }
        if (result instanceof TransactionResult.Fault fault) {
            board.log().guestError("DMA ended with " + fault);
        }
        if (raise) {
            interrupts.raise(EduRegister.CAUSE_DMA);
        }
    }

    /** A held transfer is still to do, as a whole, if it can be cancelled; else it has ended or is ending right now. */
    private void takeBack(Ticket ticket, int mine) {
        if (!ticket.cancel()) {
            ticket.result().ifPresent(result -> finish(mine, result));
            return;
        }
        synchronized (this) {
            if (mine != generation || !inFlight) {
                return;
            }
            generation++;
            inFlight = false;
            held = null;
        }
        countdown.start(0);
    }

    /**
     * Settles a transfer that was held when the device was quiesced. One that was being performed just then has ended
     * by the time of the save, or was held again; if neither shows yet it is saved as still to do, which does the same
     * transfer twice.
     */
    void takeBackHeld() {
        Ticket ticket;
        int mine;
        synchronized (this) {
            ticket = held;
            mine = generation;
        }
        if (ticket != null) {
            takeBack(ticket, mine);
        }
    }

    void quiesce() {
        countdown.freeze();
        synchronized (this) {
            quiesced = true;
        }
        takeBackHeld();
    }

    void resume() {
        synchronized (this) {
            quiesced = false;
        }
        countdown.thaw();
    }

    void reset() {
        Ticket ticket;
        synchronized (this) {
            ticket = held;
            generation++;
            held = null;
            inFlight = false;
            source = 0;
            destination = 0;
            count = 0;
            command = 0;
            countdown.stop();
        }
        if (ticket != null) {
            ticket.cancel();
        }
        synchronized (this) {
            bufferSegment.fill((byte) 0);
        }
    }

    synchronized byte[] buffer() {
        return buffer.clone();
    }

    /** {@return nanoseconds until the transfer is performed, 0 while it is under way, -1 when none runs} */
    synchronized long remaining() {
        return isRunning() ? Math.max(0, countdown.remaining()) : -1;
    }

    /** Takes over registers, buffer and the time that is left of a transfer that runs. */
    synchronized void restore(long[] registers, byte[] content, long remaining) {
        quiesced = true;
        source = registers[0];
        destination = registers[1];
        count = registers[2];
        command = registers[3];
        System.arraycopy(content, 0, buffer, 0, BUFFER_SIZE);
        countdown.restore(isRunning() ? Math.max(0, remaining) : -1);
    }

    /** {@return source, destination, count and command} */
    synchronized long[] registers() {
        return new long[] {source, destination, count, command};
    }
}
