package dev.backplane.host.pci;

import java.util.Locale;

/** Kinds of physical devices. */
public enum DeviceKind {
    /** A DMA engine with MSI-X. */
    DMA(0xBA01, false, 0, 1),
    /** The same with ATS and PASIDs: it caches translations. */
    ATS(0xBA02, true, 16, 1),
    /** The same with two requester IDs, so that the host refuses to give it to a virtual IOMMU. */
    ALIASED(0xBA03, false, 0, 2);

    private final int deviceId;
    private final boolean ats;
    private final int pasidBits;
    private final int requesterIds;

    DeviceKind(int deviceId, boolean ats, int pasidBits, int requesterIds) {
        this.deviceId = deviceId;
        this.ats = ats;
        this.pasidBits = pasidBits;
        this.requesterIds = requesterIds;
    }

    int deviceId() {
        return deviceId;
    }

    boolean hasAts() {
        return ats;
    }

    int pasidBits() {
        return pasidBits;
    }

    int requesterIds() {
        return requesterIds;
    }

    /** {@return the kind as users write it} */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
