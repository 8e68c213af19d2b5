package dev.backplane.qtest.protocol;

/** The system bus as a client sees it: an access that nobody answers reads as what a floating bus shows. */
interface Bus {
    /**
     * Reads a scalar in one access.
     *
     * @param size 1, 2, 4 or 8
     */
    long read(long address, int size) throws CommandFailure;

    /** Writes a scalar in one access. */
    void write(long address, int size, long value) throws CommandFailure;

    /** Reads a block; one access where the length is that of a scalar. */
    void read(long address, byte[] target, int from, int length) throws CommandFailure;

    /** Writes a block; one access where the length is that of a scalar. */
    void write(long address, byte[] source, int from, int length) throws CommandFailure;

    /** {@return the address of an I/O port} */
    long port(long number) throws CommandFailure;

    /** {@return the bus of machine type none: nothing answers} */
    static Bus none() {
        return new Bus() {
            @Override
            public long read(long address, int size) {
                return 0;
            }

            @Override
            public void write(long address, int size, long value) {}

            @Override
            public void read(long address, byte[] target, int from, int length) {
                java.util.Arrays.fill(target, from, from + length, (byte) 0);
            }

            @Override
            public void write(long address, byte[] source, int from, int length) {}

            @Override
            public long port(long number) {
                return number;
            }
        };
    }
}
