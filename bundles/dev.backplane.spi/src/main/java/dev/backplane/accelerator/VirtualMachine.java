package dev.backplane.accelerator;

import dev.backplane.hostiommu.HostException;
import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.EventFd;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A board's virtual machine. A model finds it with {@link dev.backplane.device.DeviceContext#platform}; it is absent
 * when the board runs without an accelerator. Thread-safe.
 */
@ProviderType
public interface VirtualMachine extends AutoCloseable {

    /** {@return name of the accelerator, for example {@code kvm}} */
    String accelerator();

    /** {@return whether the interrupt controllers are in the kernel (KVM_CREATE_IRQCHIP or a VGIC device)} */
    boolean irqchipInKernel();

    /** {@return how many GSIs can be routed (KVM_CAP_IRQ_ROUTING): numbers 0 up to this} */
    int gsis();

    /**
     * Replaces the whole routing table (KVM_SET_GSI_ROUTING), without a moment in which neither counts.
     *
     * @throws HostException EINVAL for a GSI that is too high or routed twice; the old table stays then
     */
    void setGsiRouting(List<GsiRoute> routes) throws HostException;

    /** {@return an event that can be given to a device and to {@link #assignIrqfd}} */
    EventFd eventFd();

    /**
     * Lets an event inject a GSI (KVM_IRQFD). A signal that the event {@linkplain EventFd#take keeps} is injected at
     * once: route the GSI before.
     *
     * @param event what fires
     * @param gsi the GSI
     * @param resample fires when the guest ended the level interrupt, which is then deasserted
     *     (KVM_IRQFD_FLAG_RESAMPLE); null for an edge
     * @throws HostException EBUSY when the event injects already, EINVAL when the GSI is too high
     */
    void assignIrqfd(EventFd event, int gsi, EventFd resample) throws HostException;

    /**
     * Ends it (KVM_IRQFD_FLAG_DEASSIGN).
     *
     * @throws HostException ENOENT when the event injects no such GSI
     */
    void deassignIrqfd(EventFd event, int gsi) throws HostException;

    /** Tells that the guest ended a level interrupt, so that resample events fire. */
    void ended(int intid);

    /** {@return the routing table and the irqfds, each with how often it fired and what became of it} */
    InspectNode inspect();

    /** Destroys the virtual machine. */
    @Override
    void close();
}
