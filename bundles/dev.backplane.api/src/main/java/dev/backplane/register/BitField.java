package dev.backplane.register;

/**
 * A bit field of a 64-bit word, declared as manuals print it: high bit first. Immutable.
 *
 * @param name name as the specification spells it
 * @param lsb lowest bit, 0 to 63
 * @param width number of bits, 1 to 64
 */
public record BitField(String name, int lsb, int width) {

    /**
     * Checks the position.
     *
     * @throws IllegalArgumentException if the field does not fit in 64 bits
     */
    public BitField {
        if (lsb < 0 || width < 1 || lsb + width > 64) {
            throw new IllegalArgumentException(
                    "field %s: [%d:%d] does not fit in 64 bits".formatted(name, lsb + width - 1, lsb));
        }
    }

    /** {@return the field {@code name[msb:lsb]}} */
    public static BitField bits(String name, int msb, int lsb) {
        return new BitField(name, lsb, msb - lsb + 1);
    }

    /** {@return the one-bit field {@code name[bit]}} */
    public static BitField bit(String name, int bit) {
        return new BitField(name, bit, 1);
    }

    /** {@return the highest bit} */
    public int msb() {
        return lsb + width - 1;
    }

    /** {@return the bits of the field in the word} */
    public long mask() {
        return (-1L >>> (64 - width)) << lsb;
    }

    /** {@return the field of a word, shifted down, zero-extended} */
    public long get(long word) {
        return (word >>> lsb) & (-1L >>> (64 - width));
    }

    /** {@return the field of a word as int; for fields of up to 31 bits} */
    public int getInt(long word) {
        return (int) get(word);
    }

    /** {@return whether any bit of the field is set in a word} */
    public boolean isSet(long word) {
        return (word & mask()) != 0;
    }

    /**
     * {@return the word with this field replaced}
     *
     * @throws IllegalArgumentException if the value does not fit the field
     */
    public long with(long word, long value) {
        if ((value & ~(-1L >>> (64 - width))) != 0) {
            throw new IllegalArgumentException("0x%x does not fit %s[%d:%d]".formatted(value, name, msb(), lsb));
        }
        return (word & ~mask()) | (value << lsb);
    }

    /** {@return the field in place, keeping the bits of an address or another already aligned value} */
    public long inPlace(long word) {
        return word & mask();
    }
}
