package dev.backplane.core.pci;

/** The bytes of one function's configuration space. Guarded by the lock of its segment. */
final class ConfigSpace {
    private final ConfigTemplate template;
    private final byte[] bytes;

    ConfigSpace(ConfigTemplate template) {
        this.template = template;
        bytes = template.resetValues();
    }

    int size() {
        return bytes.length;
    }

    /** {@return up to four bytes, little-endian} */
    int get(int offset, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[offset + i] & 0xFF) << i * 8;
        }
        return value;
    }

    long getUnsigned(int offset, int size) {
        return get(offset, size) & 0xFFFF_FFFFL;
    }

    /** Sets bytes whatever software may write. */
    void set(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            bytes[offset + i] = (byte) (value >>> i * 8);
        }
    }

    /** Sets or clears bits of a register of two bytes. */
    void setBits(int offset, int mask, boolean on) {
        int old = get(offset, 2);
        set(offset, 2, on ? old | mask : old & ~mask);
    }

    /** Does what a write of software does. */
    void write(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            int at = offset + i;
            int written = value >>> i * 8 & 0xFF;
            int writable = template.writable(at);
            int kept = bytes[at] & ~writable & ~(written & template.clearable(at));
            bytes[at] = (byte) (kept | written & writable);
        }
    }

    void reset() {
        System.arraycopy(template.resetValues(), 0, bytes, 0, bytes.length);
    }

    byte[] save() {
        return bytes.clone();
    }

    /** Takes over what software and the engine may change of saved bytes. */
    void restore(byte[] saved) {
        for (int at = 0; at < bytes.length; at++) {
            int own = template.writable(at) | template.clearable(at);
            bytes[at] = (byte) (template.reset(at) & ~own | saved[at] & own);
        }
    }
}
