package dev.backplane.accelerator;

/** An entry of the GSI routing table (struct kvm_irq_routing_entry). */
public sealed interface GsiRoute {

    /** {@return the GSI, from 0} */
    int gsi();

    /**
     * A GSI that sends a message (KVM_IRQ_ROUTING_MSI with KVM_MSI_VALID_DEVID).
     *
     * @param gsi the GSI
     * @param address guest-physical address of the doorbell
     * @param data what is written there
     * @param deviceId DeviceID, 16-bit requester ID
     */
    record Msi(int gsi, long address, int data, int deviceId) implements GsiRoute {}

    /**
     * A GSI that drives an input of the interrupt controller (KVM_IRQ_ROUTING_IRQCHIP).
     *
     * @param gsi the GSI
     * @param spi number of the SPI, INTID - 32
     */
    record Pin(int gsi, int spi) implements GsiRoute {}
}
