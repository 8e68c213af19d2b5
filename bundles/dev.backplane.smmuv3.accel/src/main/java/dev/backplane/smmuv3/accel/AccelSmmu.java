package dev.backplane.smmuv3.accel;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.MachineDone;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.device.SwapVeto;
import dev.backplane.firmware.FirmwareContribution;
import dev.backplane.firmware.FirmwareContributor;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.inspect.IommuInspection;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.pci.PciIommu;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.smmuv3.control.SmmuControl;
import dev.backplane.smmuv3.control.SmmuInterrupts;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * An SMMUv3 whose stage 1 the host's SMMU carries out for assigned devices: it is the device that a board maps, and
 * hands everything to a {@link RealizedSmmu} that it has while it is realized.
 *
 * <p>Saved state, layout 1: {@code registers}, a map of 64-bit words by register name as IHI 0070 spells it without
 * {@code SMMU_}; its ID registers are what {@code auto} has been settled to. {@code frozen}, whether they are final.
 * {@code streams}, per assigned device {@code host}, {@code stream}, {@code table}, {@code lease}, {@code ste0}, {@code
 * ste1}, {@code reason}: how it is attached. {@code next-event}, number of the next event of the hardware, -1 when none
 * was seen. A state of an emulated SMMUv3 that shows the same has {@code registers} only.
 */
final class AccelSmmu
        implements PlatformDevice,
                PciIommu,
                Inspectable,
                IommuInspection,
                MmioHandler,
                MachineDone,
                SwapVeto,
                FirmwareContributor {
    /** Where the host has devices write their MSIs: the guest has to map it as it is. */
    private static final long HOST_DOORBELL = 0x0800_0000L;

    private static final long HOST_DOORBELL_BYTES = 0x10_0000L;

    private final AccelProperties properties;
    private final PlatformDescription description;
    private final AccelIommuOps ops;
    private volatile RealizedSmmu realized;
    private volatile AccelInspection inspection;

    AccelSmmu(AccelProperties properties) {
        this.properties = properties;
        ops = new AccelIommuOps(properties);
        var region = new MmioRegion("registers", SmmuControl.REGION_SIZE, 4, 8, true, this);
        description = new PlatformDescription(List.of(region), SmmuInterrupts.NAMES);
    }

    @Override
    public PlatformDescription describe() {
        return description;
    }

    @Override
    public PciIommuOps iommuOps() {
        return ops;
    }

    @Override
    public void realize(DeviceContext context) throws RealizeException {
        var smmu = new RealizedSmmu(properties, context);
        realized = smmu;
        inspection = new AccelInspection(smmu);
        ops.serve(smmu.bridges(), smmu);
    }

    /** Leases stay: they are the slot's, and a successor may have them already. */
    @Override
    public void unrealize() {
        realized.quiesce();
        realized = null;
        inspection = null;
    }

    @Override
    public void machineDone() throws RealizeException {
        realized.freeze();
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        if (phase == ResetPhase.EXIT) {
            // Before, initiators may still be translating.
            realized.reset();
        }
    }

    @Override
    public void quiesce() {
        realized.quiesce();
    }

    @Override
    public void resume() {
        realized.resume();
    }

    @Override
    public SavedState save() {
        return realized.save();
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        realized.restore(state);
    }

    @Override
    public Optional<String> refuseToLeave(Map<String, Object> next) {
        List<Integer> translating = realized.assignments().translating();
        if (Boolean.TRUE.equals(next.get(AccelProperties.ACCEL)) || translating.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(("the host translates for assigned devices of StreamID %s, and no software walk can "
                + "shadow-map a physical device: let the guest's driver detach them, or unplug them, first").formatted(
                translating.stream().map("0x%x"::formatted).collect(Collectors.joining(", "))));
    }

    @Override
    public List<FirmwareContribution> firmware() {
        RealizedSmmu smmu = realized;
        String slot = smmu.device().slot();
        return List.of(
                new FirmwareContribution.ReservedMemoryRange(
                        slot, HOST_DOORBELL, HOST_DOORBELL_BYTES, "host MSI doorbell"),
                new FirmwareContribution.SmmuNode(
                        slot, properties.identifier(), Idr0.ATS.isSet(smmu.core().identity().idr0())));
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        context.data(realized.core().control().read(offset, size));
        return Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        realized.core().control().write(context, offset, size, value);
        return Done.DONE;
    }

    @Override
    public InspectNode inspect() {
        return InspectNode.group(AccelSmmuFactory.DEVICE_TYPE, List.of(
                realized.core().control().inspectRegisters(), inspection.statistics(), inspection.accelerated()));
    }

    @Override
    public List<Integer> streams() {
        return inspection.streams();
    }

    @Override
    public InspectNode streamTableEntry(int streamId) {
        return inspection.streamTableEntry(streamId);
    }

    @Override
    public InspectNode contextDescriptor(int streamId, int substreamId) {
        return inspection.contextDescriptor(streamId, substreamId);
    }

    @Override
    public Explanation explain(TransactionAttributes attributes, long iova, AccessKind access) {
        return inspection.explain(attributes, iova, access);
    }

    @Override
    public boolean mappings(int streamId, Consumer<LeafMapping> visitor) {
        return inspection.mappings(streamId, visitor);
    }

    @Override
    public List<InspectNode> events() {
        return inspection.events();
    }

    @Override
    public List<InspectNode> commands() {
        return inspection.commands();
    }

    @Override
    public InspectNode tlb() {
        return inspection.tlb();
    }

    @Override
    public InspectNode configurationCache() {
        return inspection.configurationCache();
    }

    @Override
    public InspectNode statistics() {
        return inspection.statistics();
    }
}
