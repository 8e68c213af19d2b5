package com.example.copyengine;

/** CRC-32C (Castagnoli, reflected) whose state is one int, so that it can be saved half way. */
final class Crc32c {
    private static final int POLYNOMIAL = 0x82F6_3B78;
    private static final int[] TABLE = new int[256];

    static {
        for (int value = 0; value < 256; value++) {
            int crc = value;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) != 0 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
            }
            TABLE[value] = crc;
        }
    }

    private Crc32c() {}

    /** {@return the CRC of what {@code crc} was computed of, followed by more bytes; 0 is the CRC of nothing} */
    static int update(int crc, byte[] more, int length) {
        int state = ~crc;
        for (int i = 0; i < length; i++) {
            state = state >>> 8 ^ TABLE[(state ^ more[i]) & 0xFF];
        }
        return ~state;
    }
}
