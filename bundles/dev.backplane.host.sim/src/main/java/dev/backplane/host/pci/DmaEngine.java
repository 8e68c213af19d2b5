package dev.backplane.host.pci;

import dev.backplane.host.memory.HostContext;
import dev.backplane.host.memory.HostEpochs;
import dev.backplane.memory.AccessKind;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * The engine of a device. It works on threads of the host, page by page, whatever the board does; nothing but its own
 * registers and a reset stops it. Thread-safe.
 */
final class DmaEngine {
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PAGE = 4096;
    /** Pages after which other engines get their turn. */
    private static final int TURN = 64;
    private static final int COPY = 1;
    private static final int FILL = 2;
    private static final int INTERRUPT_ONLY = 3;

    private final Uplink uplink;
    private final HostEpochs epochs;
    private final Executor threads;
    private final Surroundings surroundings;

    // Guarded by this.
    private final int[] words = new int[EngineRegister.LOST_MESSAGES / 4 + 2];
    private int done;
    private boolean onThread;

    /** What an engine asks of its function. */
    interface Surroundings {
        /** {@return whether Bus Master Enable is set} */
        boolean mayMaster();

        /** The end of a transfer is to interrupt. Called on the engine's thread, under no lock of the engine. */
        void interrupt(HostContext context, int vector);

        /** {@return whether the pin is asserted} */
        boolean pin();

        /** Software deasserts the pin. */
        void clearPin();
    }

    DmaEngine(Uplink uplink, HostEpochs epochs, Executor threads, Surroundings surroundings) {
        this.uplink = uplink;
        this.epochs = epochs;
        this.threads = threads;
        this.surroundings = surroundings;
    }

    int read(int offset) {
        if (offset == EngineRegister.PIN) {
            return surroundings.pin() ? 1 : 0;
        }
        if (offset == EngineRegister.ID) {
            return EngineRegister.ID_VALUE;
        }
        synchronized (this) {
            return offset / 4 < words.length ? words[offset / 4] : 0;
        }
    }

    void write(int offset, int value) {
        if (offset == EngineRegister.PIN) {
            if ((value & 1) != 0) {
                surroundings.clearPin();
            }
            return;
        }
        synchronized (this) {
            switch (offset) {
                case EngineRegister.SOURCE, EngineRegister.SOURCE + 4, EngineRegister.DESTINATION,
                        EngineRegister.DESTINATION + 4, EngineRegister.PATTERN, EngineRegister.VECTOR,
                        EngineRegister.PASID -> words[offset / 4] = value;
                case EngineRegister.LENGTH ->
                    words[offset / 4] = Integer.compareUnsigned(value, EngineRegister.MAX_LENGTH) > 0
                            ? EngineRegister.MAX_LENGTH
                            : value;
                case EngineRegister.COMMAND -> command(value);
                case EngineRegister.STATUS -> words[offset / 4] &=
                        ~(value & (int) (EngineRegister.DONE.mask() | EngineRegister.ERROR.mask()));
                default -> { }
            }
        }
    }

    private void command(int value) {
        words[EngineRegister.COMMAND / 4] = value;
        done = 0;
        boolean work = EngineRegister.OPERATION.isSet(value);
        words[EngineRegister.STATUS / 4] = work ? (int) EngineRegister.BUSY.mask() : status() & ~1;
        if (work && !onThread) {
            onThread = true;
            threads.execute(this::turn);
        }
    }

    private int status() {
        return words[EngineRegister.STATUS / 4];
    }

    /** Stops; all registers are zero. */
    synchronized void reset() {
        Arrays.fill(words, 0);
        done = 0;
    }

    /**
     * Returns when the step under way, if any, has ended: what it was allowed to do is done then. The caller holds no
     * lock that a step takes, that of its function among them.
     */
    void awaitStep() {
        synchronized (this) {
            // A step holds the monitor from the question whether it may to the end of its accesses.
        }
    }

    private void turn() {
        HostContext context = epochs.context();
        for (int page = 0; page < TURN; page++) {
            boolean interrupt;
            int vector;
            synchronized (this) {
                if ((status() & EngineRegister.BUSY.mask()) == 0) {
                    onThread = false;
                    return;
                }
                interrupt = step(context);
                vector = words[EngineRegister.VECTOR / 4];
            }
            if (interrupt) {
                surroundings.interrupt(context, vector);
            }
        }
        threads.execute(this::turn);
    }

    /** Does one page. {@return whether an interrupt is due} */
    private boolean step(HostContext context) {
        int command = words[EngineRegister.COMMAND / 4];
        int operation = EngineRegister.OPERATION.getInt(command);
        int length = words[EngineRegister.LENGTH / 4];
        if (operation != INTERRUPT_ONLY && done < length) {
            int moved = movePage(context, operation, length - done);
            if (moved == 0) {
                count(EngineRegister.ERRORS, 1);
                return end(command, EngineRegister.ERROR.mask());
            }
            count(EngineRegister.BYTES, moved);
            done += moved;
        }
        if (operation != INTERRUPT_ONLY && done < length) {
            return false;
        }
        count(EngineRegister.TRANSFERS, 1);
        return end(command, EngineRegister.DONE.mask()) || operation == INTERRUPT_ONLY;
    }

    private boolean end(int command, long how) {
        done = 0;
        boolean goesOn = EngineRegister.CONTINUOUS.isSet(command);
        words[EngineRegister.STATUS / 4] = status() & ~(goesOn ? 0 : (int) EngineRegister.BUSY.mask()) | (int) how;
        return EngineRegister.INTERRUPT.isSet(command);
    }

    /** {@return bytes moved, 0 when an access failed} */
    private int movePage(HostContext context, int operation, int left) {
        if (!surroundings.mayMaster()) {
            return 0;
        }
        int register = words[EngineRegister.PASID / 4];
        int pasid = EngineRegister.PASID_ENABLE.isSet(register)
                ? EngineRegister.PASID_NUMBER.getInt(register)
                : Uplink.NO_PASID;
        long to = address(EngineRegister.DESTINATION) + done;
        int part = Math.min(left, PAGE - (int) (to & PAGE - 1));
        MemorySegment buffer = context.buffer();
        if (operation == COPY) {
            long from = address(EngineRegister.SOURCE) + done;
            part = Math.min(part, PAGE - (int) (from & PAGE - 1));
            if (!uplink.move(context, pasid, from, AccessKind.READ, buffer, part)) {
                return 0;
            }
        } else if (operation == FILL) {
            // A page holds whole words, so the last word may reach beyond the part but not beyond the buffer.
            for (int i = 0; i < part; i += 4) {
                buffer.set(WORD, i, words[EngineRegister.PATTERN / 4]);
            }
        }
        return uplink.move(context, pasid, to, AccessKind.WRITE, buffer, part) ? part : 0;
    }

    private long address(int register) {
        return words[register / 4] & 0xFFFF_FFFFL | (long) words[register / 4 + 1] << 32;
    }

    synchronized void count(int register, long amount) {
        long sum = address(register) + amount;
        words[register / 4] = (int) sum;
        words[register / 4 + 1] = (int) (sum >>> 32);
    }

    synchronized Map<String, Long> counters() {
        return Map.of(
                "bytes", address(EngineRegister.BYTES),
                "errors", address(EngineRegister.ERRORS),
                "transfers", address(EngineRegister.TRANSFERS),
                "messages", address(EngineRegister.MESSAGES),
                "lost messages", address(EngineRegister.LOST_MESSAGES));
    }
}
