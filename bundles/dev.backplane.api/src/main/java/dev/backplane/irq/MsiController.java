package dev.backplane.irq;

import org.osgi.annotation.versioning.ConsumerType;

/** Capability of a model that turns MSI writes into interrupts: a GICv3 ITS, a GICv2m frame. */
@ConsumerType
public interface MsiController {

    /**
     * Name of the property (a link) that says which root bus an MSI controller serves; empty: all root buses that no
     * other MSI controller of the board names. It decides which doorbell the board tells the devices of a root bus;
     * messages themselves go where their address says.
     */
    String ROOT_BUS = "root-bus";

    /** {@return where in its regions the model takes MSI writes} */
    Doorbell doorbell();

    /**
     * A doorbell register.
     *
     * @param region name of the region that holds it
     * @param offset offset of the register in the region in bytes: 0x10040 for GITS_TRANSLATER (IHI 0069, chapter
     *     12), 0x40 for MSI_SETSPI_NS (Server Base System Architecture, GICv2m)
     * @param register name of the register
     */
    record Doorbell(String region, long offset, String register) {}
}
