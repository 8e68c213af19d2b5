package dev.backplane.devices.testdev;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * One write-then-read-back: the pattern goes to the IOVA through the function's DMA port, then the physical address is
 * read from the system bus and compared. Both go in blocks, so that no length makes the device allocate more than one
 * block; the first block that faults ends the transfer.
 *
 * <p>A transfer runs on the thread that read TRIGGER, and goes on where it was on an engine thread after a block was
 * held. Only one thread at a time drives it.
 */
final class TestTransfer {
    /** Longest transfer in bytes: what bandwidth measurements use, and still a bound on the time of one register read. */
    static final int MAX_LENGTH = 512 << 20;

    /** The pattern 0x12345678, little-endian, over and over. */
    private static final byte[] PATTERN = {0x78, 0x56, 0x34, 0x12};

    private static final int BLOCK = 4096;
    private static final MemorySegment WRITTEN = MemorySegment.ofArray(new byte[BLOCK]);

    static {
        for (int i = 0; i < BLOCK; i++) {
            WRITTEN.set(ValueLayout.JAVA_BYTE, i, PATTERN[i % PATTERN.length]);
        }
    }

    private final long iova;
    private final long gpa;
    private final int length;
    private final DmaPort dma;
    private final DmaPort memory;
    private final Consumer<TestResult> whenEnded;
    private final MemorySegment readBack;
    private final AtomicReference<Ticket> held = new AtomicReference<>();
    /** Bytes done, of the write first and of the read-back from {@code length} on. */
    private volatile int progress;

    private volatile boolean stopped;

    /**
     * Makes a transfer.
     *
     * @param progress how far an earlier model got with it, 0 for a new one
     * @param whenEnded told the result, unless the transfer is stopped first
     */
    TestTransfer(
            long iova,
            long gpa,
            int length,
            int progress,
            DmaPort dma,
            DmaPort memory,
            Consumer<TestResult> whenEnded) {
        this.iova = iova;
        this.gpa = gpa;
        this.length = length;
        this.progress = progress;
        this.dma = dma;
        this.memory = memory;
        this.whenEnded = whenEnded;
        readBack = MemorySegment.ofArray(new byte[Math.min(length, BLOCK)]);
    }

    long iova() {
        return iova;
    }

    long gpa() {
        return gpa;
    }

    int length() {
        return length;
    }

    /** {@return bytes written plus bytes read back so far} */
    int progress() {
        return progress;
    }

    /** Does block after block, until the end, a held block, or a stop. */
    void run(TransactionContext context) {
        while (!stopped) {
            if (progress == 2 * length) {
                whenEnded.accept(TestResult.OK);
                return;
            }
            TransactionResult result = step(context);
            if (result instanceof TransactionResult.Pending(Ticket ticket)) {
                hold(ticket);
                return;
            }
            if (!take(result)) {
                return;
            }
        }
    }

    private boolean isWriting() {
        return progress < length;
    }

    private int position() {
        return isWriting() ? progress : progress - length;
    }

    private int blockLength() {
        return Math.min(BLOCK, length - position());
    }

    private TransactionResult step(TransactionContext context) {
        return isWriting()
                ? dma.write(context, iova + position(), WRITTEN, 0, blockLength())
                : memory.read(context, gpa + position(), readBack, 0, blockLength());
    }

    /** Takes the result of a block; {@return whether the transfer goes on} */
    private boolean take(TransactionResult result) {
        if (!result.isDone()) {
            whenEnded.accept(isWriting() ? TestResult.WRITE_FAILED : TestResult.READ_FAILED);
            return false;
        }
        int block = blockLength();
        if (!isWriting() && MemorySegment.mismatch(WRITTEN, 0, block, readBack, 0, block) >= 0) {
            whenEnded.accept(TestResult.MISMATCH);
            return false;
        }
        progress += block;
        return true;
    }

    private void hold(Ticket ticket) {
        held.set(ticket);
        ticket.whenDone((context, result) -> {
            held.set(null);
            if (take(result)) {
                run(context);
            }
        });
        if (stopped) {
            ticket.cancel();
        }
    }

    /** Stops after the block under way and takes a held block back; {@link #progress} tells where. */
    void stop() {
        stopped = true;
        Ticket ticket = held.getAndSet(null);
        if (ticket != null) {
            ticket.cancel();
        }
    }
}
