package dev.backplane.accelerator;

import org.osgi.annotation.versioning.ConsumerType;

/** The interrupt controllers of a board, as the virtual machine injects into them. Thread-safe. */
@ConsumerType
public interface Irqchip {

    /**
     * Delivers a message to the MSI controller.
     *
     * @param address guest-physical address of the doorbell
     * @param data what the device writes: the EventID of an ITS, the INTID of a GICv2m frame
     * @param deviceId DeviceID, the requester ID of the device
     * @return whether a doorbell took it
     */
    boolean deliverMsi(long address, int data, int deviceId);

    /**
     * Drives an SPI.
     *
     * @param intid INTID, 32 to 1019
     * @param asserted its level
     */
    void setSpi(int intid, boolean asserted);
}
