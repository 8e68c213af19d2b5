package dev.backplane.core.pci;

import java.util.BitSet;
import java.util.List;

/** Configuration space of a kind of function: reset values and what software may change. Immutable. */
final class ConfigTemplate {
    /** Bytes of a conventional function's configuration space. */
    static final int CONVENTIONAL_SIZE = 256;

    /** Bytes of a PCI Express function's configuration space. */
    static final int EXTENDED_SIZE = 4096;

    private final byte[] reset;
    private final byte[] writable;
    private final byte[] clearable;
    private final BitSet passed;

    private ConfigTemplate(byte[] reset, byte[] writable, byte[] clearable, BitSet passed) {
        this.reset = reset;
        this.writable = writable;
        this.clearable = clearable;
        this.passed = passed;
    }

    int size() {
        return reset.length;
    }

    byte reset(int offset) {
        return reset[offset];
    }

    byte writable(int offset) {
        return writable[offset];
    }

    byte clearable(int offset) {
        return clearable[offset];
    }

    /** {@return whether the host's device answers for a byte} */
    boolean passes(int offset) {
        return passed.get(offset);
    }

    int reset(int offset, int bytes) {
        int value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (reset[offset + i] & 0xFF) << i * 8;
        }
        return value;
    }

    byte[] resetValues() {
        return reset.clone();
    }

    /** Collects the registers and links the capabilities. Not thread-safe. */
    static final class Builder {
        private static final int FIRST_CAPABILITY = 0x40;
        private static final int FIRST_EXTENDED = 0x100;

        private final byte[] reset;
        private final byte[] writable;
        private final byte[] clearable;
        private final BitSet taken = new BitSet();
        private final BitSet passed = new BitSet();
        private int lastLink = ConfigRegister.CAPABILITIES_POINTER;
        private int lastExtended;

        /**
         * Begins an empty space.
         *
         * @param express whether it has the extended part
         * @param assigned whether the host's device answers for what is not declared beyond the standard header
         */
        Builder(boolean express, boolean assigned) {
            int size = express ? EXTENDED_SIZE : CONVENTIONAL_SIZE;
            reset = new byte[size];
            writable = new byte[size];
            clearable = new byte[size];
            if (assigned) {
                passed.set(FIRST_CAPABILITY, size);
            }
        }

        Builder table(int base, List<ConfigField> fields) {
            for (ConfigField field : fields) {
                for (int i = 0; i < field.bytes(); i++) {
                    int at = base + field.offset() + i;
                    reset[at] = (byte) (field.reset() >>> i * 8);
                    writable[at] = (byte) (field.writable() >>> i * 8);
                    clearable[at] = (byte) (field.clearable() >>> i * 8);
                }
            }
            return this;
        }

        /** Sets bytes with a write mask, as a model describes them. */
        Builder bytes(int base, byte[] values, byte[] masks) {
            System.arraycopy(values, 0, reset, base, values.length);
            System.arraycopy(masks, 0, writable, base, masks.length);
            return this;
        }

        /** Makes the writable bits of a register clearable instead. */
        Builder statusRegister(int offset, int bytes) {
            for (int at = offset; at < offset + bytes; at++) {
                clearable[at] |= writable[at];
                writable[at] = 0;
            }
            return this;
        }

        /**
         * Keeps room for a capability that has its place.
         *
         * @throws IllegalArgumentException if another one has it, or it does not fit
         */
        void reserve(int id, int at, int length) {
            int end = at + length + 3 & ~3;
            int taker = taken.nextSetBit(at);
            if (end > (at < FIRST_EXTENDED ? CONVENTIONAL_SIZE : reset.length) || taker >= 0 && taker < end) {
                throw new IllegalArgumentException("capability 0x%x of %d bytes at 0x%x: that place is taken, or too small"
                        .formatted(id, length, at));
            }
            taken.set(at, end);
        }

        /** {@return the first free place of a length, or the end of the space where there is none} */
        private int place(int first, int end, int length) {
            int size = length + 3 & ~3;
            for (int at = first; at + size <= end; at += 4) {
                int taker = taken.nextSetBit(at);
                if (taker < 0 || taker >= at + size) {
                    taken.set(at, at + size);
                    return at;
                }
            }
            return end;
        }

        /** Lets the host's device answer for bytes. */
        void pass(int from, int to) {
            passed.set(from, to);
        }

        /**
         * Allocates a capability and links it to the end of the chain.
         *
         * @param length bytes with the header
         * @return its offset
         * @throws IllegalArgumentException if there is no room
         */
        int capability(int id, int length) {
            int left = CONVENTIONAL_SIZE - FIRST_CAPABILITY - taken.get(0, CONVENTIONAL_SIZE).cardinality();
            int at = place(FIRST_CAPABILITY, CONVENTIONAL_SIZE, length);
            if (at == CONVENTIONAL_SIZE) {
                throw new IllegalArgumentException(
                        "capability 0x%x of %d bytes: only %d bytes of configuration space are left"
                                .formatted(id, length, left));
            }
            return link(id, at, length);
        }

        /** Links a capability whose room was reserved to the end of the chain; {@return its offset} */
        int link(int id, int at, int length) {
            passed.clear(at, at + length);
            reset[lastLink] = (byte) at;
            reset[ConfigRegister.STATUS] |= ConfigRegister.STATUS_CAPABILITIES;
            reset[at] = (byte) id;
            lastLink = at + 1;
            return at;
        }

        /** Allocates an extended capability; as {@link #capability}. */
        int extendedCapability(int id, int version, int length) {
            if (reset.length <= FIRST_EXTENDED) {
                throw new IllegalArgumentException(
                        "extended capability 0x%x: the function has no PCI Express capability".formatted(id));
            }
            int left = EXTENDED_SIZE - FIRST_EXTENDED - taken.get(FIRST_EXTENDED, EXTENDED_SIZE).cardinality();
            int at = place(FIRST_EXTENDED, EXTENDED_SIZE, length);
            if (at == EXTENDED_SIZE) {
                throw new IllegalArgumentException(
                        "extended capability 0x%x of %d bytes: only %d bytes of configuration space are left"
                                .formatted(id, length, left));
            }
            return linkExtended(id, version, at, length);
        }

        /** Links an extended capability whose room was reserved; as {@link #link}. */
        int linkExtended(int id, int version, int at, int length) {
            passed.clear(at, at + length);
            if (lastExtended == 0 && at != FIRST_EXTENDED) {
                // The chain begins at 0x100, with a null capability if need be (PCIe 7.6.3).
                lastExtended = FIRST_EXTENDED;
                passed.clear(FIRST_EXTENDED, FIRST_EXTENDED + 4);
            }
            if (lastExtended != 0) {
                reset[lastExtended + 2] |= (byte) (at << 4);
                reset[lastExtended + 3] = (byte) (at >>> 4);
            }
            reset[at] = (byte) id;
            reset[at + 1] = (byte) (id >>> 8);
            reset[at + 2] = (byte) (version & 0xF);
            lastExtended = at;
            return at;
        }

        ConfigTemplate build() {
            return new ConfigTemplate(reset, writable, clearable, passed);
        }
    }
}
