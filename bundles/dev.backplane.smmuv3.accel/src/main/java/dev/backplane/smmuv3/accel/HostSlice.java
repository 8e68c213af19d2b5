package dev.backplane.smmuv3.accel;

import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.VeventQueue;
import dev.backplane.hostiommu.Viommu;
import dev.backplane.hostpci.AssignedFunction;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import java.util.List;
import java.util.Optional;

/**
 * This SMMU's slice of the physical one: the virtual IOMMU, the two page tables that all streams share while they do
 * not translate, and the queue of events.
 *
 * @param viommu the virtual IOMMU
 * @param abort where streams are attached whose transactions abort
 * @param bypass where streams are attached whose transactions pass
 * @param events what the hardware reports
 */
record HostSlice(Viommu viommu, Hwpt abort, Hwpt bypass, VeventQueue events) {
    private static final String VIOMMU = "viommu";
    private static final String ABORT = "hwpt.abort";
    private static final String BYPASS = "hwpt.bypass";
    private static final String EVENTS = "veventq";
    /** Events that the host keeps while nobody reads them. */
    static final int EVENT_DEPTH = 1024;


    /** STE.Config of a stream that bypasses. */
    private static final int CONFIG_BYPASS = 0b100;

    /** {@return the slice that a predecessor left, or empty when there is none} */
    static Optional<HostSlice> adopt(HostObjects objects) {
        var viommu = objects.find(VIOMMU, Viommu.class);
        var abort = objects.find(ABORT, Hwpt.class);
        var bypass = objects.find(BYPASS, Hwpt.class);
        var events = objects.find(EVENTS, VeventQueue.class);
        return viommu.isPresent() && abort.isPresent() && bypass.isPresent() && events.isPresent()
                ? Optional.of(new HostSlice(viommu.get(), abort.get(), bypass.get(), events.get()))
                : Optional.empty();
    }

    /**
     * Sets the slice up for a first device.
     *
     * @throws HostException if the host refuses a part; nothing is left behind then
     */
    static HostSlice create(HostObjects objects, AssignedFunction first) throws HostException {
        boolean complete = false;
        try {
            Viommu viommu = objects.allocate(VIOMMU, () -> first.device().allocateViommu(first.stage2()));
            Hwpt abort = objects.allocate(ABORT, () -> viommu.allocateHwpt(first.device(), Ste.V.bits().mask(), 0));
            Hwpt bypass = objects.allocate(BYPASS, () -> viommu.allocateHwpt(
                    first.device(), Ste.CONFIG.bits().with(Ste.V.bits().mask(), CONFIG_BYPASS), 0));
            VeventQueue events = objects.allocate(EVENTS, () -> viommu.allocateEventQueue(EVENT_DEPTH));
            complete = true;
            return new HostSlice(viommu, abort, bypass, events);
        } finally {
            if (!complete) {
                discard(objects);
            }
        }
    }

    /** Destroys the slice, the last part first. */
    static void discard(HostObjects objects) {
        for (String name : List.of(EVENTS, IllegalTable.LEASE, BYPASS, ABORT, VIOMMU)) {
            objects.discard(name);
        }
    }
}
