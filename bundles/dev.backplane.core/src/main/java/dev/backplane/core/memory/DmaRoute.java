package dev.backplane.core.memory;

import dev.backplane.board.Board.AccessRecorder;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.TransactionAttributes;

/**
 * How one initiator's transactions go: past its own device's gate and its bus-master enable, with its attributes, into
 * the address space that an IOMMU gave it, past that IOMMU's gate. The fabric changes it while transactions flow; each
 * transaction reads it once. Thread-safe.
 */
public final class DmaRoute {

    /** An address space and the gate of the IOMMU that made it; one object, so that both change together. */
    record Space(DmaAddressSpace addresses, DeviceGate iommu) {}

    private static final Space SYSTEM = new Space(DmaAddressSpace.SystemBus.DIRECT, null);

    private final String initiator;
    private final DeviceGate own;
    private volatile boolean enabled = true;
    private volatile TransactionAttributes attributes;
    private volatile Space space = SYSTEM;
    private volatile AccessRecorder recorder;

    /**
     * Makes a route to the system bus, enabled.
     *
     * @param initiator name for recorders
     * @param own gate of the initiator's own device, or null for diagnostic initiators and bare requesters
     * @param attributes attributes of its transactions
     */
    public DmaRoute(String initiator, DeviceGate own, TransactionAttributes attributes) {
        this.initiator = initiator;
        this.own = own;
        this.attributes = attributes;
    }

    /** Sets Bus Master Enable. */
    public void enable(boolean busMaster) {
        enabled = busMaster;
    }

    /** Sets the attributes, after software has renumbered buses. */
    public void attributes(TransactionAttributes next) {
        attributes = next;
    }

    /**
     * Sets the address space.
     *
     * @param addresses the address space
     * @param iommu gate of the IOMMU that made it, or null with {@link DmaAddressSpace.SystemBus#DIRECT}
     */
    public void space(DmaAddressSpace addresses, DeviceGate iommu) {
        space = new Space(addresses, iommu);
    }

    void recorder(AccessRecorder next) {
        recorder = next;
    }

    String initiator() {
        return initiator;
    }

    DeviceGate own() {
        return own;
    }

    boolean isEnabled() {
        return enabled;
    }

    TransactionAttributes attributes() {
        return attributes;
    }

    Space space() {
        return space;
    }

    AccessRecorder recorder() {
        return recorder;
    }
}
