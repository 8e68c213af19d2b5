package dev.backplane.board;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciIommuOps;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** The PCI side of a board. Thread-safe. */
@ProviderType
public interface PciFabric {

    /** {@return the root buses by name} */
    List<RootBus> rootBuses();

    /** {@return all functions, by address} */
    List<Function> functions();

    /**
     * Reads configuration space as the ECAM window would.
     *
     * @param address the function; all ones come back where none is
     * @param offset 0 to 4095, aligned to {@code size}
     * @param size 1, 2 or 4 bytes
     * @return the data
     */
    int readConfig(TransactionContext context, Bdf address, int offset, int size);

    /** Writes configuration space as the ECAM window would; parameters as for {@link #readConfig}. */
    void writeConfig(TransactionContext context, Bdf address, int offset, int size, int value);

    /**
     * {@return a port that starts transactions as the function at an address would, whether or not one is there: with
     * its requester ID, through the IOMMU of its root bus, without a bus-master gate}
     *
     * @param initiator name for recorders
     * @param address the requester
     */
    DmaPort requesterPort(String initiator, Bdf address);

    /** {@return the live IOMMU operations that govern a bus number, or empty} */
    Optional<PciIommuOps> iommuOps(int bus);

    /**
     * Sends an MSI as a function's own vector would be sent: address and data from its capability, masks honoured.
     *
     * @throws IllegalArgumentException if there is no such function or vector
     */
    TransactionResult sendMsi(TransactionContext context, Bdf address, int vector);

    /**
     * A root bus.
     *
     * @param name name, for example {@code pcie.0}
     * @param firstBus its bus number
     * @param lastBus last bus number below it, as software has numbered them
     * @param iommuSlot slot of the IOMMU that governs it, or {@code ""}
     */
    record RootBus(String name, int firstBus, int lastBus, String iommuSlot) {}

    /**
     * A function.
     *
     * @param address its address now
     * @param slot its slot, {@code ""} for the host bridge
     * @param deviceType device type
     * @param vendorId Vendor ID
     * @param deviceId Device ID
     * @param classCode class code, 24 bits
     * @param bars what its BARs map
     */
    record Function(
            Bdf address,
            String slot,
            String deviceType,
            int vendorId,
            int deviceId,
            int classCode,
            List<BarMapping> bars) {}

    /**
     * A BAR as software has programmed it.
     *
     * @param index number of the BAR
     * @param kind {@code mem32}, {@code mem64} or {@code io}
     * @param base bus address, or -1 when it is not enabled
     * @param size bytes
     */
    record BarMapping(int index, String kind, long base, long size) {}
}
