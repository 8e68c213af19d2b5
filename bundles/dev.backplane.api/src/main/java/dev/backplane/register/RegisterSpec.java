package dev.backplane.register;

import java.util.ArrayList;
import java.util.List;

/**
 * A register of a device, declared once: its place, width, reset value and what a write does to the stored word. Side
 * effects are not declared here; the device does them after the store. Immutable.
 *
 * @param name name as the specification spells it
 * @param offset byte offset in its region
 * @param bytes width: 4 or 8
 * @param reset value after reset
 * @param policy what writes change
 * @param fields all fields, for decoding; bits that no field names are RES0
 */
public record RegisterSpec(String name, int offset, int bytes, long reset, Policy policy, List<BitField> fields) {

    /** What a write changes of the stored word. */
    public enum Policy {
        /** Writes are ignored. */
        READ_ONLY,
        /** Named fields take the written value; everything else is RES0. */
        READ_WRITE,
        /** Ones clear named fields. */
        WRITE_ONE_TO_CLEAR,
        /** Nothing is stored: the device acts on the written value; reads as zero. */
        WRITE_ONLY
    }

    /**
     * Checks the table.
     *
     * @throws IllegalArgumentException if the width is wrong, the offset is not aligned, or fields overlap or lie
     *     outside the register
     */
    public RegisterSpec {
        fields = List.copyOf(fields);
        if (bytes != 4 && bytes != 8 || offset < 0 || offset % bytes != 0) {
            throw new IllegalArgumentException(
                    "register %s: %d bytes at offset 0x%x: expected 4 or 8 bytes, aligned".formatted(name, bytes, offset));
        }
        long used = 0;
        for (BitField field : fields) {
            if (bytes == 4 && field.msb() > 31 || (used & field.mask()) != 0) {
                throw new IllegalArgumentException(
                        "register %s: field %s overlaps another or lies outside".formatted(name, field.name()));
            }
            used |= field.mask();
        }
    }

    /** {@return a 32-bit register} */
    public static RegisterSpec word(String name, int offset, Policy policy, long reset, BitField... fields) {
        return new RegisterSpec(name, offset, 4, reset, policy, List.of(fields));
    }

    /** {@return a 64-bit register, also accessible as two halves} */
    public static RegisterSpec doubleWord(String name, int offset, Policy policy, long reset, BitField... fields) {
        return new RegisterSpec(name, offset, 8, reset, policy, List.of(fields));
    }

    /** {@return a run of equal 32-bit registers {@code name0}, {@code name1}, … every {@code stride} bytes} */
    public static List<RegisterSpec> array(
            String name, int offset, int count, int stride, Policy policy, long reset, BitField... fields) {
        var all = new ArrayList<RegisterSpec>(count);
        for (int i = 0; i < count; i++) {
            all.add(word(name + i, offset + i * stride, policy, reset, fields));
        }
        return all;
    }

    /** {@return all bits that any field names} */
    public long fieldMask() {
        long mask = 0;
        for (BitField field : fields) {
            mask |= field.mask();
        }
        return mask;
    }

    /** {@return the stored word after software wrote {@code written} over {@code old}} */
    public long afterWrite(long old, long written) {
        return switch (policy) {
            case READ_ONLY, WRITE_ONLY -> old;
            case READ_WRITE -> written & fieldMask();
            case WRITE_ONE_TO_CLEAR -> old & ~(written & fieldMask());
        };
    }
}
