package dev.backplane.itest;

import dev.backplane.pci.Bdf;
import java.time.Duration;

/** A driver of the example device {@code copy-engine}: identity-mapped rings of 16 entries in RAM, MSI-X. */
final class CopyEngineDriver {
    static final int COPY = 1;
    static final int CRC = 3;

    private static final int COMMAND = 4;
    private static final int MSIX = 0x11;
    private static final int ENTRIES = 16;
    private static final long PATIENCE = Duration.ofSeconds(60).toNanos();

    private final Machine machine;
    private final Bdf function;
    private final long bar;
    private final long rings;
    private final int[] tails = new int[8];

    /**
     * Assigns the BAR and enables memory, bus mastering and MSI-X.
     *
     * @param rings a page of RAM for rings, which the device reaches at the same address
     */
    CopyEngineDriver(Machine machine, String slot, long bar, long rings) {
        this.machine = machine;
        this.bar = bar;
        this.rings = rings;
        function = machine.slot(slot).pciAddress().orElseThrow();
        machine.config(function, 0x10, 4, (int) bar);
        machine.config(function, 0x14, 4, (int) (bar >>> 32));
        machine.config(function, COMMAND, 2, 0x6);
        if (machine.read(bar, 4) != 0x434F_5059L) {
            throw new AssertionError("no copy-engine at 0x%x".formatted(bar));
        }
        int capability = machine.config(function, 0x34, 1) & 0xFF;
        while ((machine.config(function, capability, 1) & 0xFF) != MSIX) {
            capability = machine.config(function, capability + 1, 1) & 0xFF;
        }
        machine.config(function, capability + 2, 2, 1 << 15);
    }

    int streamId() {
        return function.requesterId();
    }

    /** Programs and unmasks a vector. */
    void vector(int vector, long address, int data) {
        long entry = bar + 0x2000 + vector * 16L;
        machine.write(entry, 4, address & 0xFFFF_FFFFL);
        machine.write(entry + 4, 4, address >>> 32);
        machine.write(entry + 8, 4, data);
        machine.write(entry + 12, 4, 0);
    }

    /** Enables a queue with an empty ring. */
    void enable(int queue) {
        register(queue, 0x0, ring(queue));
        register(queue, 0x4, ring(queue) >>> 32);
        register(queue, 0x8, Integer.numberOfTrailingZeros(ENTRIES));
        register(queue, 0xC, 1);
        tails[queue] = 0;
    }

    private long ring(int queue) {
        return rings + queue * ENTRIES * 32L;
    }

    private void register(int queue, int offset, long value) {
        machine.write(bar + 0x100 + queue * 0x40L + offset, 4, value & 0xFFFF_FFFFL);
    }

    /** {@return a register of a queue, 8 bytes wide} */
    long counter(int queue, int offset) {
        return machine.read(bar + 0x100 + queue * 0x40L + offset, 8);
    }

    /** Puts a descriptor into a ring that has room for it, and tells the device. {@return its index} */
    int post(int queue, int opcode, boolean interrupt, long length, long source, long target) {
        int index = tails[queue];
        long entry = ring(queue) + index * 32L;
        machine.write(entry, 8, opcode | (interrupt ? 0x100 : 0) | length << 32);
        machine.write(entry + 8, 8, source);
        machine.write(entry + 16, 8, target);
        machine.write(entry + 24, 8, 0);
        tails[queue] = (index + 1) % ENTRIES;
        register(queue, 0x10, tails[queue]);
        return index;
    }

    /** Waits for the end of a descriptor in virtual time. {@return its result} */
    long result(int queue, int index) {
        long end = System.nanoTime() + PATIENCE;
        long result = machine.read(ring(queue) + index * 32L + 24, 8);
        while (result == 0) {
            if (System.nanoTime() > end) {
                throw new AssertionError("descriptor %d of queue %d does not end".formatted(index, queue));
            }
            machine.stepToNextDeadline();
            Thread.onSpinWait();
            result = machine.read(ring(queue) + index * 32L + 24, 8);
        }
        return result;
    }

    /** Carries out one descriptor and waits for its end. {@return its result} */
    long run(int queue, int opcode, boolean interrupt, long length, long source, long target) {
        return result(queue, post(queue, opcode, interrupt, length, source, target));
    }
}
