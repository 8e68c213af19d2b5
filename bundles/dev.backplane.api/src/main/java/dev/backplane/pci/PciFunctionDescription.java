package dev.backplane.pci;

import java.util.ArrayList;
import java.util.List;

/**
 * A PCI function as its model describes it. Immutable; made with {@link #builder}.
 *
 * @param vendorId Vendor ID, 16 bits
 * @param deviceId Device ID, 16 bits
 * @param revision Revision ID, 8 bits
 * @param classCode base class, sub-class and programming interface, 24 bits
 * @param subsystemVendorId Subsystem Vendor ID, 16 bits
 * @param subsystemId Subsystem ID, 16 bits
 * @param interruptPin 0 for none, 1 to 4 for INTA to INTD
 * @param express whether the function has a PCI Express capability (endpoint)
 * @param busMasterGated whether Bus Master Enable gates its DMA and MSI; {@code false} only for test devices that
 *     document it
 * @param bars base address registers
 * @param msiVectors number of MSI vectors: 0 for no MSI capability, else 1, 2, 4, 8, 16 or 32; 64-bit addresses
 * @param msiMaskable whether the MSI capability has per-vector masks
 * @param msix MSI-X table, or null for none
 * @param capabilities further capabilities
 */
public record PciFunctionDescription(
        int vendorId,
        int deviceId,
        int revision,
        int classCode,
        int subsystemVendorId,
        int subsystemId,
        int interruptPin,
        boolean express,
        boolean busMasterGated,
        List<Bar> bars,
        int msiVectors,
        boolean msiMaskable,
        Msix msix,
        List<PciCapability> capabilities) {

    /**
     * An MSI-X capability. Table and PBA lie in BARs; where such a BAR has a region of the model, the engine answers for
     * the table's and the PBA's part of it.
     *
     * @param vectors number of vectors, 1 to 2048
     * @param tableBar BAR that holds the table
     * @param tableOffset offset of the table in it, multiple of 8
     * @param pbaBar BAR that holds the pending bits
     * @param pbaOffset offset of the pending bits in it, multiple of 8
     */
    public record Msix(int vectors, int tableBar, int tableOffset, int pbaBar, int pbaOffset) {
        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if the number of vectors or an offset does not fit
         */
        public Msix {
            if (vectors < 1 || vectors > 2048 || tableOffset % 8 != 0 || pbaOffset % 8 != 0) {
                throw new IllegalArgumentException("MSI-X of %d vectors, table at 0x%x, PBA at 0x%x: expected 1 to 2048 "
                        .formatted(vectors, tableOffset, pbaOffset) + "vectors, offsets multiples of 8");
            }
        }
    }

    /**
     * Checks the description.
     *
     * @throws IllegalArgumentException if BARs collide or a number does not fit
     */
    public PciFunctionDescription {
        bars = List.copyOf(bars);
        capabilities = List.copyOf(capabilities);
        if (msiVectors != 0 && (Integer.bitCount(msiVectors) != 1 || msiVectors > 32)) {
            throw new IllegalArgumentException(
                    "%d MSI vectors: expected 0, 1, 2, 4, 8, 16 or 32".formatted(msiVectors));
        }
        if (interruptPin < 0 || interruptPin > 4) {
            throw new IllegalArgumentException("interrupt pin %d: expected 0 to 4".formatted(interruptPin));
        }
        int taken = 0;
        for (Bar bar : bars) {
            int slots = (bar.kind() == Bar.Kind.MEMORY_64 ? 3 : 1) << bar.index();
            if ((taken & slots) != 0) {
                throw new IllegalArgumentException("BAR%d is described twice".formatted(bar.index()));
            }
            taken |= slots;
        }
    }

    /** {@return a builder of a conventional endpoint without BARs and interrupts} */
    public static Builder builder(int vendorId, int deviceId) {
        return new Builder(vendorId, deviceId);
    }

    /** Builds a description. Not thread-safe. */
    public static final class Builder {
        private final int vendorId;
        private final int deviceId;
        private int revision;
        private int classCode;
        private int subsystemVendorId;
        private int subsystemId;
        private int interruptPin;
        private boolean express;
        private boolean busMasterGated = true;
        private final List<Bar> bars = new ArrayList<>();
        private int msiVectors;
        private boolean msiMaskable;
        private Msix msix;
        private final List<PciCapability> capabilities = new ArrayList<>();

        private Builder(int vendorId, int deviceId) {
            this.vendorId = vendorId;
            this.deviceId = deviceId;
        }

        /** Sets Revision ID and class code. */
        public Builder classCode(int code, int revisionId) {
            classCode = code;
            revision = revisionId;
            return this;
        }

        /** Sets the subsystem IDs. */
        public Builder subsystem(int vendor, int id) {
            subsystemVendorId = vendor;
            subsystemId = id;
            return this;
        }

        /** Sets the interrupt pin, 1 to 4 for INTA to INTD. */
        public Builder interruptPin(int pin) {
            interruptPin = pin;
            return this;
        }

        /** Gives the function a PCI Express capability. */
        public Builder express() {
            express = true;
            return this;
        }

        /** Lets DMA and MSI pass whatever Bus Master Enable says; for test devices that document it. */
        public Builder ignoreBusMasterEnable() {
            busMasterGated = false;
            return this;
        }

        /** Adds a BAR. */
        public Builder bar(Bar bar) {
            bars.add(bar);
            return this;
        }

        /** Gives the function an MSI capability with 64-bit addresses. */
        public Builder msi(int vectors, boolean maskable) {
            msiVectors = vectors;
            msiMaskable = maskable;
            return this;
        }

        /** Gives the function an MSI-X capability. */
        public Builder msix(Msix capability) {
            msix = capability;
            return this;
        }

        /** Adds a capability. */
        public Builder capability(PciCapability capability) {
            capabilities.add(capability);
            return this;
        }

        /** {@return the description} */
        public PciFunctionDescription build() {
            return new PciFunctionDescription(
                    vendorId,
                    deviceId,
                    revision,
                    classCode,
                    subsystemVendorId,
                    subsystemId,
                    interruptPin,
                    express,
                    busMasterGated,
                    bars,
                    msiVectors,
                    msiMaskable,
                    msix,
                    capabilities);
        }
    }
}
