package dev.backplane.pci;

/** How the address of an MSI doorbell reaches an interrupt route that no DMA write passes through. */
public sealed interface MsiDoorbell {

    /**
     * The route takes this guest-physical address, whatever IOVA the guest programmed; nobody walks a table.
     *
     * @param gpa guest-physical address of the doorbell register, never 0
     */
    record Direct(long gpa) implements MsiDoorbell {}

    /** The route takes the address that the function's address space translates to. */
    enum Translate implements MsiDoorbell {
        /** The only value. */
        TRANSLATE
    }

    /**
     * The function can have no route.
     *
     * @param reason why, and what to do
     */
    record Refuse(String reason) implements MsiDoorbell {}
}
