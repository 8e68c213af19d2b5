package com.example.copyengine;

import dev.backplane.register.BitField;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * One entry of a ring, 32 bytes, little-endian.
 *
 * @param command word 0
 * @param source word 1: address to read from, or the pattern of a fill
 * @param destination word 2: address to write to
 */
record Descriptor(long command, long source, long destination) {
    static final int BYTES = 32;
    /** Offset of the result, which the device writes. */
    static final int RESULT = 24;

    static final BitField OPCODE = BitField.bits("OPCODE", 7, 0);
    static final BitField INTERRUPT = BitField.bit("INTERRUPT", 8);
    static final BitField LENGTH = BitField.bits("LENGTH", 63, 32);

    private static final ValueLayout.OfLong WORD =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** What a descriptor asks for. */
    enum Operation {
        /** Nothing. */
        NOP,
        /** Copy from source to destination. */
        COPY,
        /** Write a pattern of 8 bytes, repeatedly. */
        FILL,
        /** Compute the CRC-32C of the source. */
        CRC,
        /** An opcode that the device does not have. */
        UNKNOWN
    }

    /** How a descriptor ended. */
    enum Outcome {
        /** Not yet: what software writes. */
        NONE,
        /** All was done. */
        DONE,
        /** A transaction was terminated; a part may have been done. */
        FAULT,
        /** There is no such operation. */
        INVALID
    }

    static Descriptor read(MemorySegment from) {
        return new Descriptor(from.get(WORD, 0), from.get(WORD, 8), from.get(WORD, 16));
    }

    Operation operation() {
        int code = OPCODE.getInt(command);
        return code < Operation.UNKNOWN.ordinal() ? Operation.values()[code] : Operation.UNKNOWN;
    }

    long length() {
        return switch (operation()) {
            case NOP, UNKNOWN -> 0;
            case COPY, FILL, CRC -> LENGTH.get(command);
        };
    }

    boolean wantsInterrupt() {
        return INTERRUPT.isSet(command);
    }

    /** {@return word 3: outcome in [7:0], CRC-32C in [63:32]} */
    static long result(Outcome outcome, int crc) {
        return outcome.ordinal() | (long) crc << 32;
    }
}
