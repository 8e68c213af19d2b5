package dev.backplane.itest;

import dev.backplane.pci.Bdf;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** A guest's driver of a DMA engine of the simulated host, which does its DMA on threads of its own. */
final class PhysicalDmaDriver {
    private static final int COMMAND = 4;
    private static final int MSIX_ID = 0x11;
    private static final int PENDING_BITS = 0x800;
    private static final int ENGINE_ID = 0x4D44_5042;
    private static final int COPY = 1;
    private static final int FILL = 2;
    private static final int INTERRUPT_ONLY = 3;
    private static final int CONTINUOUS = 0x10;
    private static final int WITH_INTERRUPT = 0x20;
    private static final int BUSY = 1;
    private static final int ERROR = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Machine machine;
    private final Bdf function;
    private final long bar;
    private final long table;
    private final int msix;

    /**
     * Assigns the BARs and enables memory and bus mastering.
     *
     * @param bar where the registers go; the MSI-X table goes 4 KiB above
     */
    PhysicalDmaDriver(Machine machine, String slot, long bar) {
        this.machine = machine;
        this.bar = bar;
        table = bar + 0x1000;
        function = machine.slot(slot).pciAddress().orElseThrow();
        machine.config(function, 0x10, 4, (int) bar);
        machine.config(function, 0x14, 4, (int) table);
        machine.config(function, COMMAND, 2, 0x6);
        if (register(0x00, 4) != ENGINE_ID) {
            throw new AssertionError("no DMA engine at 0x%x: 0x%x".formatted(bar, register(0x00, 4)));
        }
        msix = capability();
    }

    private int capability() {
        int at = machine.config(function, 0x34, 1) & 0xFF;
        while (at != 0 && (machine.config(function, at, 1) & 0xFF) != MSIX_ID) {
            at = machine.config(function, at + 1, 1) & 0xFF;
        }
        return at;
    }

    int streamId() {
        return function.requesterId();
    }

    Bdf function() {
        return function;
    }

    /** Enables or disables MSI-X, and masks the function as a whole or not. */
    void controlMsix(boolean enable, boolean mask) {
        machine.config(function, msix + 2, 2, (enable ? 0x8000 : 0) | (mask ? 0x4000 : 0));
    }

    /** Programs a vector, unmasks it and enables MSI-X. */
    void enableMsix(int vector, long address, int data) {
        long entry = table + vector * 16L;
        machine.write(entry + 12, 4, 1);
        machine.write(entry, 4, address & 0xFFFF_FFFFL);
        machine.write(entry + 4, 4, address >>> 32);
        machine.write(entry + 8, 4, data);
        machine.write(entry + 12, 4, 0);
        machine.config(function, msix + 2, 2, machine.config(function, msix + 2, 2) & 0x3FFF | 0x8000);
    }

    /** Masks a vector. */
    void maskVector(int vector) {
        machine.write(table + vector * 16L + 12, 4, 1);
    }

    private long register(int offset, int size) {
        long low = machine.read(bar + offset, 4);
        return size == 4 ? low : low | machine.read(bar + offset + 4, 4) << 32;
    }

    private void register(int offset, int size, long value) {
        machine.write(bar + offset, 4, value & 0xFFFF_FFFFL);
        if (size == 8) {
            machine.write(bar + offset + 4, 4, value >>> 32);
        }
    }

    /** The engine needs microseconds, so this asks again and again. */
    private static void await(BooleanSupplier end) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!end.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("the DMA engine does not come to an end");
            }
            Thread.yield();
        }
    }

    private boolean run(int command, long source, long destination, int length, int pattern) {
        register(0x24, 4, 6);
        register(0x08, 8, source);
        register(0x10, 8, destination);
        register(0x18, 4, length);
        register(0x1C, 4, pattern);
        register(0x20, 4, command);
        await(() -> !isBusy());
        return (register(0x24, 4) & ERROR) == 0;
    }

    /** Writes a pattern of words. {@return whether it could} */
    boolean fill(long iova, int length, int pattern) {
        return run(FILL, 0, iova, length, pattern);
    }

    /** Copies. {@return whether it could} */
    boolean copy(long from, long to, int length) {
        return run(COPY, from, to, length, 0);
    }

    /** Sends a vector; returns when the device has. */
    void raise(int vector) {
        register(0x28, 4, vector);
        long before = sent();
        register(0x20, 4, INTERRUPT_ONLY);
        await(() -> sent() != before);
    }

    /** Has a vector sent that is masked; returns when it is pending. */
    void raiseMasked(int vector) {
        register(0x28, 4, vector);
        register(0x20, 4, INTERRUPT_ONLY);
        await(() -> isPending(vector));
    }

    /** {@return whether a vector's pending bit is set} */
    boolean isPending(int vector) {
        return (machine.read(table + PENDING_BITS, 8) >>> vector & 1) != 0;
    }

    /** Asserts the pin; MSI-X is not enabled. */
    void raisePin() {
        register(0x20, 4, INTERRUPT_ONLY);
        await(() -> register(0x2C, 4) == 1);
    }

    /** Deasserts the pin. */
    void clearPin() {
        register(0x2C, 4, 1);
    }

    /** Writes a pattern again and again, with an interrupt after each time, until it is stopped. */
    void fillForEver(long iova, int length, int pattern, int vector) {
        register(0x28, 4, vector);
        register(0x10, 8, iova);
        register(0x18, 4, length);
        register(0x1C, 4, pattern);
        register(0x20, 4, FILL | CONTINUOUS | WITH_INTERRUPT);
    }

    void stop() {
        register(0x20, 4, 0);
    }

    boolean isBusy() {
        return (register(0x24, 4) & BUSY) != 0;
    }

    private long sent() {
        return messages() + lostMessages();
    }

    /** {@return transfers that ended well} */
    long transfers() {
        return register(0x40, 8);
    }

    /** {@return accesses that failed} */
    long errors() {
        return register(0x38, 8);
    }

    /** {@return messages that arrived at the host's ITS} */
    long messages() {
        return register(0x50, 8);
    }

    /** {@return messages that did not} */
    long lostMessages() {
        return register(0x58, 8);
    }
}
