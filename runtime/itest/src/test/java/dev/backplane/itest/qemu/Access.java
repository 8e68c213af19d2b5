package dev.backplane.itest.qemu;

/**
 * One access of the system bus.
 *
 * @param name what is accessed
 * @param write whether it writes
 * @param size bytes: 1, 2, 4 or 8
 * @param address where
 * @param value what is written
 */
record Access(String name, boolean write, int size, long address, long value) {
    static Access read(String name, int size, long address) {
        return new Access(name, false, size, address, 0);
    }

    static Access write(String name, int size, long address, long value) {
        return new Access(name, true, size, address, value);
    }

    @Override
    public String toString() {
        return write
                ? "%s: %d at 0x%x := 0x%x".formatted(name, size, address, value)
                : "%s: %d at 0x%x".formatted(name, size, address);
    }
}
