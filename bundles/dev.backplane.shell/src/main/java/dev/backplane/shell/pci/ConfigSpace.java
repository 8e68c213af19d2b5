package dev.backplane.shell.pci;

/** A function's configuration space, 4096 bytes, as software reads it. */
@FunctionalInterface
public interface ConfigSpace {

    /**
     * Reads an aligned register.
     *
     * @param offset 0 to 4095
     * @param size 1, 2 or 4 bytes
     * @return the data, all ones where no function is
     */
    int read(int offset, int size);

    /** {@return 4 bytes at an offset} */
    default int dword(int offset) {
        return read(offset, 4);
    }

    /** {@return 2 bytes at an offset} */
    default int word(int offset) {
        return read(offset, 2) & 0xFFFF;
    }

    /** {@return 1 byte at an offset} */
    default int octet(int offset) {
        return read(offset, 1) & 0xFF;
    }

    /** {@return 8 bytes at an offset} */
    default long qword(int offset) {
        return dword(offset) & 0xFFFF_FFFFL | (long) dword(offset + 4) << 32;
    }
}
