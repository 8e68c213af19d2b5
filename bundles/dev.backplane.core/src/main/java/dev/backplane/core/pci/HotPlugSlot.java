package dev.backplane.core.pci;

/**
 * The slot of a root or downstream port (PCIe 6.7): what is in it shows in Slot Status and Link Status, and changes
 * raise the port's hot-plug interrupt where software wants it. Guarded by the lock of its segment.
 */
final class HotPlugSlot {
    private final ConfigSpace config;
    private final int express;
    private boolean occupied;
    private boolean interrupting;

    HotPlugSlot(ConfigSpace config, int express) {
        this.config = config;
        this.express = express;
    }

    /** Notes what is in the slot. */
    void occupied(boolean now) {
        if (now != occupied) {
            occupied = now;
            show();
            config.setBits(
                    express + ExpressCapability.SLOT_STATUS,
                    ExpressCapability.SLOT_PRESENCE_CHANGED | ExpressCapability.SLOT_LINK_CHANGED,
                    true);
        }
    }

    /** Shows what is in the slot after configuration space was reset or restored. */
    void show() {
        config.setBits(express + ExpressCapability.SLOT_STATUS, ExpressCapability.SLOT_PRESENCE, occupied);
        config.setBits(express + ExpressCapability.LINK_STATUS, ExpressCapability.LINK_ACTIVE, occupied);
    }

    /** {@return whether an event that software wants to hear of is there} */
    boolean isInterrupting() {
        int control = config.get(express + ExpressCapability.SLOT_CONTROL, 2);
        int status = config.get(express + ExpressCapability.SLOT_STATUS, 2);
        boolean presence = (control & status & ExpressCapability.SLOT_PRESENCE_CHANGED) != 0;
        boolean link = (control & ExpressCapability.SLOT_LINK_CHANGED_ENABLE) != 0
                && (status & ExpressCapability.SLOT_LINK_CHANGED) != 0;
        return (control & ExpressCapability.SLOT_HOT_PLUG_INTERRUPT_ENABLE) != 0 && (presence || link);
    }

    /** {@return whether such an event has come since this was asked last} */
    boolean hasBegunInterrupting() {
        boolean before = interrupting;
        interrupting = isInterrupting();
        return interrupting && !before;
    }
}
