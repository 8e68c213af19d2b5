package dev.backplane.itest;

import dev.backplane.pci.Bdf;

/** A driver of the device {@code edu}. */
final class EduDriver {
    private static final int COMMAND = 4;
    private static final long BUFFER = 0x40000;

    private final Machine machine;
    private final Bdf function;
    private final long bar;

    /** Assigns the BAR and enables memory and bus mastering. */
    EduDriver(Machine machine, String slot, long bar) {
        this.machine = machine;
        this.bar = bar;
        function = machine.slot(slot).pciAddress().orElseThrow();
        machine.config(function, 0x10, 4, (int) bar);
        machine.config(function, COMMAND, 2, 0x6);
        if (machine.read(bar, 4) != 0x010000EDL) {
            throw new AssertionError("no edu at 0x%x".formatted(bar));
        }
    }

    int streamId() {
        return function.requesterId();
    }

    /** Programs the MSI capability. */
    void enableMsi(long address, int data) {
        int capability = machine.config(function, 0x34, 1) & 0xFF;
        while ((machine.config(function, capability, 1) & 0xFF) != 5) {
            capability = machine.config(function, capability + 1, 1) & 0xFF;
        }
        machine.config(function, capability + 4, 4, (int) address);
        machine.config(function, capability + 8, 4, (int) (address >>> 32));
        machine.config(function, capability + 12, 2, data);
        machine.config(function, capability + 2, 2, machine.config(function, capability + 2, 2) | 1);
    }

    /** Transfers between memory and the device's buffer and waits for its end in virtual time. */
    void transfer(long iova, int bufferOffset, int length, boolean toMemory) {
        start(iova, bufferOffset, length, toMemory);
        awaitIdle();
    }

    /** Waits for the end of a transfer in virtual time. */
    void awaitIdle() {
        while ((machine.read(bar + 0x98, 8) & 1) != 0) {
            machine.stepToNextDeadline();
        }
    }

    /** Starts a transfer. */
    void start(long iova, int bufferOffset, int length, boolean toMemory) {
        machine.write(bar + 0x80, 8, toMemory ? BUFFER + bufferOffset : iova);
        machine.write(bar + 0x88, 8, toMemory ? iova : BUFFER + bufferOffset);
        machine.write(bar + 0x90, 8, length);
        machine.write(bar + 0x98, 8, toMemory ? 3 : 1);
    }

    void raise(int bits) {
        machine.write(bar + 0x60, 4, bits);
    }

    long interruptStatus() {
        return machine.read(bar + 0x24, 4);
    }

    void acknowledge(long bits) {
        machine.write(bar + 0x64, 4, bits);
    }
}
