package dev.backplane.host.pci;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Configuration space of a physical function: header, Power Management, PCI Express with FLR, MSI-X, a serial number,
 * and ATS and PASID where it has them. Guarded by its function.
 */
final class PhysicalConfig {
    static final int BYTES = 4096;
    static final int VENDOR = 0x1234;
    static final int COMMAND = 0x04;
    static final int BUS_MASTER = 1 << 2;
    static final int INTX_DISABLE = 1 << 10;
    static final int STATUS = 0x06;
    static final int INTERRUPT_STATUS = 1 << 3;
    static final int BAR0 = 0x10;
    static final int MSIX = 0xB0;
    static final int MSIX_ENABLE = 1 << 15;
    static final int MSIX_FUNCTION_MASK = 1 << 14;
    static final int ATS = 0x100;
    static final int ATS_ENABLE = 1 << 15;

    private static final int STATUS_CAPABILITIES = 1 << 4;
    private static final int CLASS_ACCELERATOR = 0x120000;
    private static final int SUBSYSTEM = 0x0001;
    private static final int POWER = 0x40;
    private static final int EXPRESS = 0x50;
    private static final int DEVICE_CONTROL = EXPRESS + 8;
    private static final int INITIATE_FLR = 1 << 15;
    private static final int FLR_CAPABLE = 1 << 28;
    private static final int ENDPOINT_V2 = 0x0002;
    private static final int PASID = 0x110;
    private static final int SERIAL = 0x140;

    private final ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer writable = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);

    PhysicalConfig(DeviceKind kind, long serial) {
        header(kind);
        capability(POWER, 0x01, EXPRESS, 0x0003);
        capability(EXPRESS, 0x10, MSIX, ENDPOINT_V2);
        bytes.putInt(EXPRESS + 4, FLR_CAPABLE | 0x8000);
        writable.putShort(DEVICE_CONTROL, (short) 0x7FFF);
        writable.putShort(EXPRESS + 0x10, (short) 0x00C3);
        bytes.putInt(EXPRESS + 0x0C, 0x0000_0C41);
        bytes.putShort(EXPRESS + 0x12, (short) 0x0041);
        capability(MSIX, 0x11, 0, MsixUnit.VECTORS - 1);
        bytes.putInt(MSIX + 4, MsixUnit.BAR);
        bytes.putInt(MSIX + 8, MsixUnit.PBA | MsixUnit.BAR);
        int first = SERIAL;
        if (kind.hasAts()) {
            bytes.putInt(ATS, extended(0x0F, 1, kind.pasidBits() == 0 ? SERIAL : PASID));
            bytes.putShort(ATS + 4, (short) 0x0020);
            bytes.putInt(PASID, extended(0x1B, 1, SERIAL));
            bytes.putShort(PASID + 4, (short) (kind.pasidBits() << 8 | 0x06));
            bytes.putInt(SERIAL, extended(0x03, 1, 0));
            bytes.putLong(SERIAL + 4, serial);
        } else {
            // The first extended capability lies at 0x100.
            first = 0x100;
            bytes.putInt(first, extended(0x03, 1, 0));
            bytes.putLong(first + 4, serial);
        }
    }

    private void header(DeviceKind kind) {
        bytes.putShort(0x00, (short) VENDOR);
        bytes.putShort(0x02, (short) kind.deviceId());
        bytes.putShort(STATUS, (short) STATUS_CAPABILITIES);
        bytes.putInt(0x08, CLASS_ACCELERATOR << 8 | 0x01);
        bytes.putShort(0x2C, (short) VENDOR);
        bytes.putShort(0x2E, (short) SUBSYSTEM);
        bytes.put(0x34, (byte) POWER);
        bytes.put(0x3D, (byte) 1);
        writable.putShort(COMMAND, (short) (INTX_DISABLE | BUS_MASTER | 0x2));
        writable.put(0x3C, (byte) 0xFF);
        writable.putShort(POWER + 4, (short) 0x0003);
    }

    private void capability(int at, int id, int next, int register) {
        bytes.put(at, (byte) id);
        bytes.put(at + 1, (byte) next);
        bytes.putShort(at + 2, (short) register);
    }

    private static int extended(int id, int version, int next) {
        return next << 20 | version << 16 | id;
    }

    int read(int offset, int size) {
        return switch (size) {
            case 1 -> bytes.get(offset) & 0xFF;
            case 2 -> bytes.getShort(offset) & 0xFFFF;
            default -> bytes.getInt(offset);
        };
    }

    /** Writes what software may write. {@return whether that started a Function Level Reset} */
    boolean write(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            int mask = writable.get(offset + i);
            bytes.put(offset + i, (byte) (bytes.get(offset + i) & ~mask | value >>> 8 * i & mask));
        }
        int upper = offset <= DEVICE_CONTROL + 1 && offset + size > DEVICE_CONTROL + 1
                ? DEVICE_CONTROL + 1 - offset : -1;
        return upper >= 0 && (value >>> 8 * upper & INITIATE_FLR >>> 8) != 0;
    }

    boolean is(int offset, int bits) {
        return (read(offset, 2) & bits) == bits;
    }

    /** Sets or clears bits that the host itself owns. */
    void set(int offset, int bits, boolean on) {
        int old = read(offset, 2);
        bytes.putShort(offset, (short) (on ? old | bits : old & ~bits));
    }

    byte[] copy() {
        return bytes.array().clone();
    }
}
