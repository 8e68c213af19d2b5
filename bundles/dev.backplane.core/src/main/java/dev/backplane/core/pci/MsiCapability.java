package dev.backplane.core.pci;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.util.List;

/** The MSI capability with 64-bit addresses (PCIe 7.7.1). */
final class MsiCapability implements MessageVectors {
    private static final int ID = 0x05;
    private static final int CONTROL = 0x02;
    private static final int ADDRESS = 0x04;
    private static final int DATA = 0x0C;
    private static final int MASK = 0x10;
    private static final int PENDING = 0x14;
    private static final int ENABLE = 1;
    private static final int MULTIPLE_MESSAGE_ENABLE = 7 << 4;
    private static final int ADDRESS_64 = 1 << 7;
    private static final int PER_VECTOR_MASKING = 1 << 8;

    private final int offset;
    private final int vectors;
    private final boolean maskable;
    private boolean enabled;
    private int allocated = 1;
    private long address;
    private int data;
    private int mask;
    private int pending;

    MsiCapability(int offset, int vectors, boolean maskable) {
        this.offset = offset;
        this.vectors = vectors;
        this.maskable = maskable;
    }

    static int layOut(ConfigTemplate.Builder builder, int vectors, boolean maskable) {
        int at = builder.capability(ID, maskable ? PENDING + 4 : MASK);
        int capable = Integer.numberOfTrailingZeros(vectors);
        builder.table(at, List.of(
                ConfigField.writable("Message Control", CONTROL, 2,
                        ADDRESS_64 | capable << 1 | (maskable ? PER_VECTOR_MASKING : 0),
                        ENABLE | MULTIPLE_MESSAGE_ENABLE),
                ConfigField.writable("Message Address", ADDRESS, 4, 0, 0xFFFF_FFFCL),
                ConfigField.writable("Message Upper Address", ADDRESS + 4, 4, 0, 0xFFFF_FFFFL),
                ConfigField.writable("Message Data", DATA, 2, 0, 0xFFFF)));
        if (maskable) {
            builder.table(at, List.of(
                    ConfigField.writable("Mask Bits", MASK, 4, 0, 0xFFFF_FFFFL >>> 32 - vectors),
                    ConfigField.readOnly("Pending Bits", PENDING, 4, 0)));
        }
        return at;
    }

    /** {@return where the pending bits of a capability with mask bits are} */
    static int pendingBits(int offset) {
        return offset + PENDING;
    }

    /** Takes over what software wrote; the caller flushes afterwards. */
    synchronized void load(ConfigSpace config) {
        int control = config.get(offset + CONTROL, 2);
        int capable = Integer.numberOfTrailingZeros(vectors) << 4;
        if ((control & MULTIPLE_MESSAGE_ENABLE) > capable) {
            // More than the function asks for is reserved (PCIe 7.7.1.2); read back, it is what software gets.
            control = control & ~MULTIPLE_MESSAGE_ENABLE | capable;
            config.set(offset + CONTROL, 2, control);
        }
        enabled = (control & ENABLE) != 0;
        allocated = Math.min(vectors, 1 << ((control & MULTIPLE_MESSAGE_ENABLE) >>> 4));
        address = config.getUnsigned(offset + ADDRESS, 4) | config.getUnsigned(offset + ADDRESS + 4, 4) << 32;
        data = config.get(offset + DATA, 2);
        mask = maskable ? config.get(offset + MASK, 4) : 0;
    }

    /** Shows the pending bits in configuration space. */
    synchronized void showPending(ConfigSpace config) {
        if (maskable) {
            config.set(offset + PENDING, 4, pending);
        }
    }

    synchronized int pending() {
        return pending;
    }

    synchronized void pending(int bits) {
        pending = bits & (int) (0xFFFF_FFFFL >>> 32 - vectors);
    }

    @Override
    public int vectors() {
        return vectors;
    }

    @Override
    public synchronized boolean isEnabled() {
        return enabled;
    }

    @Override
    public synchronized int enabledVectors() {
        return enabled ? allocated : 0;
    }

    @Override
    public synchronized Message message(int vector) {
        return !enabled || vector < 0 || vector >= allocated || (mask & 1 << vector) != 0
                ? null
                : new Message(address, data(vector));
    }

    @Override
    public TransactionResult send(TransactionContext context, DmaPort port, int vector) {
        long target;
        int message;
        synchronized (this) {
            if (!enabled) {
                return TransactionResult.Done.DONE;
            }
            // Vectors beyond those that software allocated share the ones that it did.
            int actual = vector & allocated - 1;
            if ((mask & 1 << actual) != 0) {
                pending |= 1 << actual;
                return TransactionResult.Done.DONE;
            }
            target = address;
            message = data(actual);
        }
        return port.write(context, target, 4, message);
    }

    private int data(int vector) {
        return allocated == 1 ? data : data & -allocated | vector;
    }

    @Override
    public void flush(TransactionContext context, DmaPort port) {
        while (true) {
            long target;
            int message;
            synchronized (this) {
                int due = enabled ? pending & ~mask : 0;
                if (due == 0) {
                    return;
                }
                int vector = Integer.numberOfTrailingZeros(due);
                pending &= ~(1 << vector);
                target = address;
                message = data(vector & allocated - 1);
            }
            port.write(context, target, 4, message);
        }
    }
}
