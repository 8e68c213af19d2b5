package dev.backplane.core.pci;

import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.Rendered;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.AssignedDevice;
import dev.backplane.hostpci.HostPciDevice;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The part of an assigned function's configuration space that the host's device answers for. Of the standard header it
 * is Interrupt Status, for the pin may reach the board past the engine. While no model serves, reads answer what was
 * read last, and writes wait for the next model, the last one of each place. Two registers do not wait: Command, for
 * software that takes bus mastering away relies on it, and Interrupt Status. Called without the segment's lock.
 * Thread-safe.
 */
final class PassThrough {
    private static final int COMMAND = 0x04;
    private static final int STATUS = 0x06;
    private static final int INTERRUPT_STATUS = 1 << 3;
    private static final int MEMORY_SPACE = 1 << 1;
    private static final int BUS_MASTER = 1 << 2;
    private static final int INTERRUPT_DISABLE = 1 << 10;

    private final ConfigTemplate template;
    private final DeviceGate gate;
    /** Where the pending bits of MSI are, or 0. */
    private final int msiPending;

    private final PendingBits onTheWay;

    private final byte[] last;
    /** By place: software that writes on and on fills no memory. */
    private final Map<Place, Write> waiting = new LinkedHashMap<>();

    private AssignedDevice device;
    /** What the slot keeps while no model serves, or null. */
    private HostPciDevice hardware;
    private boolean busMaster;
    private boolean pinDisabled;

    /** Tells which of 64 vectors are pending. */
    @FunctionalInterface
    interface PendingBits {
        long of(boolean msix, int first);
    }

    private record Place(int offset, int size) {}

    private record Write(int offset, int size, int value) {
        Place place() {
            return new Place(offset, size);
        }
    }

    /**
     * Makes one.
     *
     * @param msiPending where the pending bits of MSI are, or 0
     * @param onTheWay messages that have left the device and wait for software to unmask their vectors
     */
    PassThrough(ConfigTemplate template, DeviceGate gate, int msiPending, PendingBits onTheWay) {
        this.template = template;
        this.gate = gate;
        this.msiPending = msiPending;
        this.onTheWay = onTheWay;
        last = template.resetValues();
    }

    /** Lets a model serve; it gets what was written meanwhile. */
    synchronized void serve(AssignedDevice next) {
        device = next;
        next.commandChanged(busMaster, pinDisabled);
        for (Write write : waiting.values()) {
            next.writeConfig(write.offset(), write.size(), write.value());
        }
        waiting.clear();
    }

    /** Learns of the hardware, which the slot keeps from one model to the next. */
    synchronized void connect(HostPciDevice opened) {
        hardware = opened;
    }

    /** The function was reset: what waits for the next model is from before. */
    synchronized void forget() {
        waiting.clear();
    }

    /** Resets the hardware, unless a model serves: that does it in its own phases. */
    synchronized void resetUnserved() throws HostException {
        if (device == null && hardware != null) {
            hardware.reset();
        }
    }

    /** Lets go of the model. */
    synchronized void vacate() {
        device = null;
    }

    /** Tells the model what the Command register says, or the hardware itself while there is none, if that is new. */
    synchronized void command(boolean master, boolean disabled) {
        if (master == busMaster && disabled == pinDisabled) {
            return;
        }
        busMaster = master;
        pinDisabled = disabled;
        if (device != null) {
            guarded(() -> device.commandChanged(master, disabled));
        } else if (hardware != null) {
            int command = MEMORY_SPACE | (master ? BUS_MASTER : 0) | (disabled ? INTERRUPT_DISABLE : 0);
            guarded(() -> hardware.write(HostPciDevice.CONFIG_REGION, COMMAND, 2, command));
        }
    }

    /**
     * {@return what software reads}
     *
     * @param emulated what the engine answers
     */
    int read(int emulated, int offset, int size) {
        boolean showsPending = msiPending != 0 && (offset & ~3) == msiPending;
        int value = readKept(emulated, offset, size);
        return showsPending ? value | (int) pending(false, 0) >>> (offset & 3) * 8 & mask(size) : value;
    }

    private synchronized int readKept(int emulated, int offset, int size) {
        int value = emulated;
        int piece;
        for (int done = 0; done < size; done += piece) {
            int at = offset + done;
            piece = piece(at, size - done);
            if (passes(at)) {
                int part = readPassed(at, piece);
                int mask = mask(piece) << done * 8;
                value = value & ~mask | part << done * 8 & mask;
            }
        }
        if (offset <= STATUS && offset + size > STATUS && hardware != null) {
            int at = (STATUS - offset) * 8;
            value = value & ~(INTERRUPT_STATUS << at) | interruptStatus() << at;
        }
        return value;
    }

    private int interruptStatus() {
        long[] status = {0};
        guarded(() -> status[0] = hardware.read(HostPciDevice.CONFIG_REGION, STATUS, 2));
        return (int) status[0] & INTERRUPT_STATUS;
    }

    /** {@return the pending bits of 64 vectors; those that the device keeps are not known while no model serves} */
    long pending(boolean msix, int first) {
        // Without the monitor: a vector that settles may reach configuration space, by way of an IOMMU's event queue.
        return onTheWay.of(msix, first) | pendingInDevice(msix, first);
    }

    private synchronized long pendingInDevice(boolean msix, int first) {
        long[] bits = {0};
        if (device != null) {
            guarded(() -> bits[0] |= device.pendingVectors(msix, first));
        }
        return bits[0];
    }

    private int readPassed(int offset, int size) {
        if (device != null) {
            guarded(() -> {
                int value = device.readConfig(offset, size);
                for (int i = 0; i < size; i++) {
                    last[offset + i] = (byte) (value >>> i * 8);
                }
            });
        }
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (last[offset + i] & 0xFF) << i * 8;
        }
        return value;
    }

    synchronized void write(int offset, int size, int value) {
        int piece;
        for (int done = 0; done < size; done += piece) {
            int at = offset + done;
            piece = piece(at, size - done);
            if (passes(at)) {
                var write = new Write(at, piece, value >>> done * 8 & mask(piece));
                if (device == null) {
                    // In the order of the last ones.
                    waiting.remove(write.place());
                    waiting.put(write.place(), write);
                } else {
                    guarded(() -> device.writeConfig(write.offset(), write.size(), write.value()));
                }
            }
        }
    }

    private boolean passes(int offset) {
        return offset < template.size() && template.passes(offset);
    }

    /** {@return the largest aligned piece of an access whose bytes all pass, or all do not} */
    private int piece(int at, int rest) {
        for (int size = 4; size > 1; size >>>= 1) {
            boolean alike = size <= rest && (at & size - 1) == 0;
            for (int i = 1; alike && i < size; i++) {
                alike = passes(at + i) == passes(at);
            }
            if (alike) {
                return size;
            }
        }
        return 1;
    }

    private static int mask(int size) {
        return size == 4 ? -1 : (1 << size * 8) - 1;
    }

    private void guarded(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | LinkageError thrown) {
            gate.fail(Rendered.text(thrown));
        }
    }
}
