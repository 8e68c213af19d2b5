package dev.backplane.gicv3.its;

/** Why a message makes no interrupt pending (IHI 0069, chapter 5 and GITS_TRANSLATER: it is discarded silently). */
enum DropReason {
    /** The write to GITS_TRANSLATER was neither 16 nor 32 bits wide. */
    WRONG_SIZE("a write to GITS_TRANSLATER has 2 or 4 bytes"),
    /** The writer is no PCI function. */
    NO_DEVICE_ID("the write carried no DeviceID"),
    ITS_DISABLED("GITS_CTLR.Enabled is 0"),
    DEVICE_OUT_OF_RANGE("the device table has no entry for the DeviceID"),
    DEVICE_UNMAPPED("no MAPD mapped the DeviceID"),
    EVENT_OUT_OF_RANGE("the EventID exceeds the size that MAPD gave"),
    EVENT_UNMAPPED("no MAPTI or MAPI mapped the EventID"),
    COLLECTION_UNMAPPED("no MAPC mapped the collection"),
    /** LPIs are not enabled there, or its tables do not cover the INTID. */
    NOT_TAKEN("the redistributor does not take the LPI"),
    TABLE_FAULT("an ITS table is not in memory");

    private final String text;

    DropReason(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }
}
