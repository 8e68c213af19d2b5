package dev.backplane.core.pci;

/**
 * A register of configuration space as a row of a table. Bits that are neither writable nor clearable keep their reset
 * value for software.
 *
 * @param name name as the PCI Express specification spells it
 * @param offset offset in its header or capability in bytes
 * @param bytes width: 1, 2 or 4
 * @param reset value after reset
 * @param writable bits that software may write
 * @param clearable bits that software clears by writing ones (RW1C)
 */
record ConfigField(String name, int offset, int bytes, long reset, long writable, long clearable) {

    static ConfigField readOnly(String name, int offset, int bytes, long value) {
        return new ConfigField(name, offset, bytes, value, 0, 0);
    }

    static ConfigField writable(String name, int offset, int bytes, long reset, long writable) {
        return new ConfigField(name, offset, bytes, reset, writable, 0);
    }

    static ConfigField status(String name, int offset, int bytes, long reset, long clearable) {
        return new ConfigField(name, offset, bytes, reset, 0, clearable);
    }
}
