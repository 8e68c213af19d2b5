package dev.backplane.smmuv3.spec;

import dev.backplane.register.BitField;

/**
 * A bit field of a structure in memory that is made of 64-bit little-endian words. Immutable.
 *
 * @param word index of the 64-bit word in the structure
 * @param bits place in that word
 */
public record WordField(int word, BitField bits) {

    /** {@return the field {@code name[msb:lsb]} of a word; bit numbers count inside the word} */
    public static WordField bits(int word, String name, int msb, int lsb) {
        return new WordField(word, BitField.bits(name, msb, lsb));
    }

    /** {@return the one-bit field {@code name[bit]} of a word} */
    public static WordField bit(int word, String name, int bit) {
        return new WordField(word, BitField.bit(name, bit));
    }

    /** {@return name as the specification spells it} */
    public String name() {
        return bits.name();
    }

    /** {@return the field of a structure, shifted down, zero-extended} */
    public long get(long[] words) {
        return bits.get(words[word]);
    }

    /** {@return the field of a structure as int; for fields of up to 31 bits} */
    public int getInt(long[] words) {
        return bits.getInt(words[word]);
    }

    /** {@return whether any bit of the field is set in a structure} */
    public boolean isSet(long[] words) {
        return bits.isSet(words[word]);
    }

    /** {@return the field in place, for addresses whose low bits are not stored} */
    public long inPlace(long[] words) {
        return bits.inPlace(words[word]);
    }

    /**
     * Replaces the field in a structure.
     *
     * @throws IllegalArgumentException if the value does not fit the field
     */
    public void set(long[] words, long value) {
        words[word] = bits.with(words[word], value);
    }
}
