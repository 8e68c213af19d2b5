package dev.backplane.core.pci;

import java.util.List;

/** The PCI Express capability (PCIe 7.5.3) and the Power Management capability that goes with it (7.5.2), as tables. */
final class ExpressCapability {
    static final int ID = 0x10;
    static final int LENGTH = 0x3C;
    static final int CAPABILITIES = 0x02;
    static final int DEVICE_CAPABILITIES = 0x04;
    static final int DEVICE_CONTROL = 0x08;
    static final int DEVICE_STATUS = 0x0A;
    static final int LINK_CONTROL = 0x10;
    static final int LINK_STATUS = 0x12;
    static final int SLOT_CONTROL = 0x18;
    static final int SLOT_STATUS = 0x1A;
    static final int ROOT_STATUS = 0x20;
    static final int LINK_STATUS_2 = 0x32;

    static final int TYPE_ENDPOINT = 0;
    static final int TYPE_ROOT_PORT = 4;
    static final int TYPE_DOWNSTREAM_PORT = 6;
    static final int TYPE_TO_PCI_BRIDGE = 7;
    static final int TYPE_INTEGRATED_ENDPOINT = 9;
    static final int SLOT_IMPLEMENTED = 1 << 8;

    static final int FUNCTION_LEVEL_RESET_CAPABLE = 1 << 28;
    static final int INITIATE_FUNCTION_LEVEL_RESET = 1 << 15;
    /** Max_Payload_Size, which a function level reset leaves alone (PCIe 6.6.2). */
    static final int MAX_PAYLOAD_SIZE = 7 << 5;
    static final int LINK_ACTIVE = 1 << 13;

    static final int SLOT_PRESENCE_CHANGED = 1 << 3;
    static final int SLOT_PRESENCE = 1 << 6;
    static final int SLOT_LINK_CHANGED = 1 << 8;
    static final int SLOT_HOT_PLUG_INTERRUPT_ENABLE = 1 << 5;
    static final int SLOT_LINK_CHANGED_ENABLE = 1 << 12;

    private static final int VERSION = 2;
    private static final int ROLE_BASED_ERRORS = 1 << 15;
    /** Relaxed ordering and no-snoop enabled, 512-byte read requests: the reset value of Device Control. */
    private static final int DEVICE_CONTROL_RESET = 0x2810;
    private static final int DEVICE_CONTROL_WRITABLE = 0x78FF;
    private static final int DEVICE_ERRORS = 0xF;
    /** 2.5 GT/s to 16 GT/s, one lane. */
    private static final int LINK = 0x14;
    private static final int LINK_SPEEDS = 0x1E;
    private static final int LINK_ACTIVE_REPORTING = 1 << 20;
    private static final int LINK_CONTROL_WRITABLE = 0x01CB;
    private static final int TARGET_SPEED = 4;

    static final int POWER_ID = 0x01;
    static final int POWER_LENGTH = 8;
    static final int POWER_CONTROL = 0x04;
    static final int POWER_STATE = 3;
    static final int D3_HOT = 3;

    /** Version 3; no D1, D2 or PME; state survives D3hot (No_Soft_Reset). */
    static final List<ConfigField> POWER = List.of(
            ConfigField.readOnly("PMC", 0x02, 2, 3),
            ConfigField.writable("PMCSR", POWER_CONTROL, 2, 1 << 3, POWER_STATE));

    private ExpressCapability() {}

    /** An endpoint; one that is integrated into the root complex has no link (PCIe 7.5.3.2). */
    static List<ConfigField> endpoint(boolean integrated) {
        int link = integrated ? 0 : LINK;
        return List.of(
                ConfigField.readOnly("PCI Express Capabilities", CAPABILITIES, 2,
                        VERSION | (integrated ? TYPE_INTEGRATED_ENDPOINT : TYPE_ENDPOINT) << 4),
                ConfigField.readOnly("Device Capabilities", DEVICE_CAPABILITIES, 4,
                        ROLE_BASED_ERRORS | FUNCTION_LEVEL_RESET_CAPABLE),
                ConfigField.writable("Device Control", DEVICE_CONTROL, 2, DEVICE_CONTROL_RESET,
                        DEVICE_CONTROL_WRITABLE | INITIATE_FUNCTION_LEVEL_RESET),
                ConfigField.status("Device Status", DEVICE_STATUS, 2, 0, DEVICE_ERRORS),
                ConfigField.readOnly("Link Capabilities", 0x0C, 4, link),
                ConfigField.writable("Link Control", LINK_CONTROL, 2, 0, integrated ? 0 : LINK_CONTROL_WRITABLE),
                ConfigField.readOnly("Link Status", LINK_STATUS, 2, link),
                ConfigField.readOnly("Link Capabilities 2", 0x2C, 4, integrated ? 0 : LINK_SPEEDS),
                ConfigField.writable("Link Control 2", 0x30, 2, integrated ? 0 : TARGET_SPEED, integrated ? 0 : 0xF));
    }

    /** A root port with a slot that takes hot plug without attention button, power control or command completion. */
    static List<ConfigField> rootPort(int port, int slotNumber) {
        int surprise = 1 << 5;
        int hotPlug = 1 << 6;
        int noCommandCompleted = 1 << 18;
        return List.of(
                ConfigField.readOnly("PCI Express Capabilities", CAPABILITIES, 2,
                        VERSION | TYPE_ROOT_PORT << 4 | SLOT_IMPLEMENTED),
                ConfigField.readOnly("Device Capabilities", DEVICE_CAPABILITIES, 4, ROLE_BASED_ERRORS),
                ConfigField.writable("Device Control", DEVICE_CONTROL, 2, DEVICE_CONTROL_RESET,
                        DEVICE_CONTROL_WRITABLE),
                ConfigField.status("Device Status", DEVICE_STATUS, 2, 0, DEVICE_ERRORS),
                ConfigField.readOnly("Link Capabilities", 0x0C, 4, LINK | LINK_ACTIVE_REPORTING | (long) port << 24),
                ConfigField.writable("Link Control", LINK_CONTROL, 2, 0, LINK_CONTROL_WRITABLE),
                ConfigField.readOnly("Link Status", LINK_STATUS, 2, LINK),
                ConfigField.readOnly("Slot Capabilities", 0x14, 4,
                        surprise | hotPlug | noCommandCompleted | (long) slotNumber << 19),
                ConfigField.writable("Slot Control", SLOT_CONTROL, 2, 0,
                        SLOT_PRESENCE_CHANGED | SLOT_HOT_PLUG_INTERRUPT_ENABLE | SLOT_LINK_CHANGED_ENABLE),
                ConfigField.status("Slot Status", SLOT_STATUS, 2, 0, SLOT_PRESENCE_CHANGED | SLOT_LINK_CHANGED),
                ConfigField.writable("Root Control", 0x1C, 2, 0, 0x0F),
                ConfigField.readOnly("Link Capabilities 2", 0x2C, 4, LINK_SPEEDS),
                ConfigField.writable("Link Control 2", 0x30, 2, TARGET_SPEED, 0xF));
    }

    /** A bridge from PCI Express to conventional PCI. */
    static List<ConfigField> toPciBridge() {
        return List.of(
                ConfigField.readOnly("PCI Express Capabilities", CAPABILITIES, 2, VERSION | TYPE_TO_PCI_BRIDGE << 4),
                ConfigField.readOnly("Device Capabilities", DEVICE_CAPABILITIES, 4, ROLE_BASED_ERRORS),
                ConfigField.writable("Device Control", DEVICE_CONTROL, 2, DEVICE_CONTROL_RESET,
                        DEVICE_CONTROL_WRITABLE),
                ConfigField.status("Device Status", DEVICE_STATUS, 2, 0, DEVICE_ERRORS),
                ConfigField.readOnly("Link Capabilities", 0x0C, 4, LINK),
                ConfigField.writable("Link Control", LINK_CONTROL, 2, 0, LINK_CONTROL_WRITABLE),
                ConfigField.readOnly("Link Status", LINK_STATUS, 2, LINK),
                ConfigField.readOnly("Link Capabilities 2", 0x2C, 4, LINK_SPEEDS),
                ConfigField.writable("Link Control 2", 0x30, 2, TARGET_SPEED, 0xF));
    }
}
