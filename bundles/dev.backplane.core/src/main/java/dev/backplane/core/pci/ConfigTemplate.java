package dev.backplane.core.pci;

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

    private ConfigTemplate(byte[] reset, byte[] writable, byte[] clearable) {
        this.reset = reset;
        this.writable = writable;
        this.clearable = clearable;
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
        private int nextCapability = FIRST_CAPABILITY;
        private int lastLink = ConfigRegister.CAPABILITIES_POINTER;
        private int nextExtended = FIRST_EXTENDED;
        private int lastExtended;

        Builder(boolean express) {
            int size = express ? EXTENDED_SIZE : CONVENTIONAL_SIZE;
            reset = new byte[size];
            writable = new byte[size];
            clearable = new byte[size];
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
         * Allocates a capability and links it to the end of the chain.
         *
         * @param length bytes with the header
         * @return its offset
         * @throws IllegalArgumentException if there is no room
         */
        int capability(int id, int length) {
            int at = nextCapability;
            nextCapability = at + length + 3 & ~3;
            if (nextCapability > CONVENTIONAL_SIZE) {
                throw new IllegalArgumentException(
                        "capability 0x%x of %d bytes: only %d bytes of configuration space are left"
                                .formatted(id, length, CONVENTIONAL_SIZE - at));
            }
            reset[lastLink] = (byte) at;
            reset[ConfigRegister.STATUS] |= ConfigRegister.STATUS_CAPABILITIES;
            reset[at] = (byte) id;
            lastLink = at + 1;
            return at;
        }

        /** Allocates an extended capability; as {@link #capability}. */
        int extendedCapability(int id, int version, int length) {
            int at = nextExtended;
            if (reset.length <= FIRST_EXTENDED) {
                throw new IllegalArgumentException(
                        "extended capability 0x%x: the function has no PCI Express capability".formatted(id));
            }
            nextExtended = at + length + 3 & ~3;
            if (nextExtended > EXTENDED_SIZE) {
                throw new IllegalArgumentException(
                        "extended capability 0x%x of %d bytes: only %d bytes of configuration space are left"
                                .formatted(id, length, EXTENDED_SIZE - at));
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
            return new ConfigTemplate(reset, writable, clearable);
        }
    }
}
