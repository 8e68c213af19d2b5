package dev.backplane.core.slot;

import dev.backplane.board.Cause;
import dev.backplane.core.assign.Assignments;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.irq.LpiStandIn;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.core.msi.Messages;
import dev.backplane.core.pci.PciSegment;
import dev.backplane.core.time.BoardTime;
import dev.backplane.pci.PciIommuOps;
import java.util.List;
import java.util.OptionalLong;

/** What the slots of one board share. */
public interface SlotHost {
    /** {@return name of the board} */
    String board();

    /** {@return the grace periods} */
    EpochDomain epochs();

    /** {@return the system bus} */
    SystemBus bus();

    /** {@return the clock} */
    BoardTime time();

    /** {@return the PCI segment} */
    PciSegment segment();

    /** {@return the inputs of the interrupt controller in a slot} */
    InterruptHub hub(String controllerSlot);

    /** {@return the LPI side of the GIC in a slot} */
    LpiStandIn lpi(String gicSlot);

    /** {@return the host devices of the board} */
    Assignments assignments();

    /** {@return the ways of messages beside writes} */
    Messages messages();

    /** {@return what the platform offers} */
    PlatformServices platform();

    /** {@return whether a link property may name that slot or bus} */
    boolean isLinkTarget(String name);

    /**
     * {@return the guest-physical address to which functions below a root bus send MSIs, or empty when nobody takes any}
     *
     * @param rootBus name of the root bus
     * @throws ModelFailure if more than one MSI controller could be meant
     */
    OptionalLong msiDoorbell(String rootBus) throws ModelFailure;

    /**
     * Makes the live operations of a bus known.
     *
     * @return takes them back
     */
    Runnable publishIommu(String bus, String slot, String kind, PciIommuOps ops);

    /** {@return why a slot of the board has no running device, down to the first real cause} */
    List<Cause> why(DeviceSlot slot);

    /** Runs something on the board's executor, later. */
    void post(Runnable task);
}
