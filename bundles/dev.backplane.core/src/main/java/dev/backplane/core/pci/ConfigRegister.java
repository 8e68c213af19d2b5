package dev.backplane.core.pci;

import java.util.List;

/** The standard headers of configuration space (PCIe 7.5.1), declared as tables, and the bits that the engine reads. */
final class ConfigRegister {
    static final int VENDOR_ID = 0x00;
    static final int DEVICE_ID = 0x02;
    static final int COMMAND = 0x04;
    static final int STATUS = 0x06;
    static final int REVISION_ID = 0x08;
    static final int HEADER_TYPE = 0x0E;
    static final int BAR0 = 0x10;
    static final int PRIMARY_BUS = 0x18;
    static final int SECONDARY_BUS = 0x19;
    static final int SUBORDINATE_BUS = 0x1A;
    static final int IO_BASE = 0x1C;
    static final int IO_LIMIT = 0x1D;
    static final int MEMORY_BASE = 0x20;
    static final int MEMORY_LIMIT = 0x22;
    static final int PREFETCHABLE_BASE = 0x24;
    static final int PREFETCHABLE_LIMIT = 0x26;
    static final int PREFETCHABLE_BASE_UPPER = 0x28;
    static final int PREFETCHABLE_LIMIT_UPPER = 0x2C;
    static final int CAPABILITIES_POINTER = 0x34;
    static final int BRIDGE_CONTROL = 0x3E;
    /** First byte after everything that decoding depends on. */
    static final int END_OF_DECODING = 0x34;

    static final int COMMAND_IO = 1;
    static final int COMMAND_MEMORY = 1 << 1;
    static final int COMMAND_MASTER = 1 << 2;
    static final int COMMAND_INTX_DISABLE = 1 << 10;
    private static final int COMMAND_PARITY = 1 << 6;
    private static final int COMMAND_SERR = 1 << 8;
    static final int STATUS_INTERRUPT = 1 << 3;
    static final int STATUS_CAPABILITIES = 1 << 4;
    /** Master Data Parity Error and the abort, system-error and parity-error bits. */
    private static final int STATUS_ERRORS = 0xF900;
    static final int HEADER_BRIDGE = 1;
    static final int HEADER_MULTIFUNCTION = 0x80;
    static final int BRIDGE_SECONDARY_RESET = 1 << 6;
    private static final int BRIDGE_PARITY_SERR = 3;

    private ConfigRegister() {}

    /**
     * The part that both headers share.
     *
     * @param parity whether Parity Error Response can be set; a function that is not on a link may do without
     *     (PCIe 7.5.1.1.3)
     */
    static List<ConfigField> common(
            int vendor, int device, int revision, int classCode, int headerType, int pin, boolean parity) {
        return List.of(
                ConfigField.readOnly("Vendor ID", VENDOR_ID, 2, vendor),
                ConfigField.readOnly("Device ID", DEVICE_ID, 2, device),
                ConfigField.writable("Command", COMMAND, 2, 0,
                        COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | (parity ? COMMAND_PARITY : 0) | COMMAND_SERR
                                | COMMAND_INTX_DISABLE),
                ConfigField.status("Status", STATUS, 2, 0, STATUS_ERRORS),
                ConfigField.readOnly("Revision ID", REVISION_ID, 1, revision),
                ConfigField.readOnly("Programming Interface", 0x09, 1, classCode),
                ConfigField.readOnly("Sub-Class and Base Class Code", 0x0A, 2, classCode >>> 8),
                ConfigField.writable("Cache Line Size", 0x0C, 1, 0, 0xFF),
                ConfigField.readOnly("Header Type", HEADER_TYPE, 1, headerType),
                ConfigField.writable("Interrupt Line", 0x3C, 1, 0, 0xFF),
                ConfigField.readOnly("Interrupt Pin", 0x3D, 1, pin));
    }

    /** Type 0 header without the base address registers. */
    static List<ConfigField> endpoint(int subsystemVendor, int subsystem) {
        return List.of(
                ConfigField.readOnly("Subsystem Vendor ID", 0x2C, 2, subsystemVendor),
                ConfigField.readOnly("Subsystem ID", 0x2E, 2, subsystem));
    }

    /** Type 1 header without the base address registers: 16-bit I/O, 32-bit memory, 64-bit prefetchable windows. */
    static final List<ConfigField> BRIDGE = List.of(
            ConfigField.writable("Primary Bus Number", PRIMARY_BUS, 1, 0, 0xFF),
            ConfigField.writable("Secondary Bus Number", SECONDARY_BUS, 1, 0, 0xFF),
            ConfigField.writable("Subordinate Bus Number", SUBORDINATE_BUS, 1, 0, 0xFF),
            ConfigField.writable("I/O Base", IO_BASE, 1, 0, 0xF0),
            ConfigField.writable("I/O Limit", IO_LIMIT, 1, 0, 0xF0),
            ConfigField.status("Secondary Status", 0x1E, 2, 0, STATUS_ERRORS),
            ConfigField.writable("Memory Base", MEMORY_BASE, 2, 0, 0xFFF0),
            ConfigField.writable("Memory Limit", MEMORY_LIMIT, 2, 0, 0xFFF0),
            ConfigField.writable("Prefetchable Memory Base", PREFETCHABLE_BASE, 2, 1, 0xFFF0),
            ConfigField.writable("Prefetchable Memory Limit", PREFETCHABLE_LIMIT, 2, 1, 0xFFF0),
            ConfigField.writable("Prefetchable Base Upper 32 Bits", PREFETCHABLE_BASE_UPPER, 4, 0, 0xFFFF_FFFFL),
            ConfigField.writable("Prefetchable Limit Upper 32 Bits", PREFETCHABLE_LIMIT_UPPER, 4, 0, 0xFFFF_FFFFL),
            ConfigField.writable("Bridge Control", BRIDGE_CONTROL, 2, 0, BRIDGE_PARITY_SERR | BRIDGE_SECONDARY_RESET));

    /** What the windows of a port are at reset, which no specification says: closed. */
    static final List<ConfigField> CLOSED_WINDOWS = List.of(
            ConfigField.writable("I/O Base", IO_BASE, 1, 0xF0, 0xF0),
            ConfigField.writable("Memory Base", MEMORY_BASE, 2, 0xFFF0, 0xFFF0),
            ConfigField.writable("Prefetchable Memory Base", PREFETCHABLE_BASE, 2, 0xFFF1, 0xFFF0));
}
