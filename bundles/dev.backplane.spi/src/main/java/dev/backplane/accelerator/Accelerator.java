package dev.backplane.accelerator;

import dev.backplane.hostiommu.HostException;
import org.osgi.annotation.versioning.ProviderType;

/** Makes virtual machines ({@code /dev/kvm}); an OSGi service with the property {@link #NAME}. Thread-safe. */
@ProviderType
public interface Accelerator {

    /** Service property: the accelerator's name, as {@code -accel} takes it, for example {@code kvm}. */
    String NAME = "backplane.accelerator";

    /** {@return the name} */
    String name();

    /**
     * Makes a virtual machine (KVM_CREATE_VM, and KVM_CREATE_DEVICE of the interrupt controller).
     *
     * @param board name of the board
     * @param irqchip the board's interrupt controllers, which stand in the kernel; null when they are in user space
     * @throws HostException if the host refuses
     */
    VirtualMachine createVm(String board, Irqchip irqchip) throws HostException;
}
