package dev.backplane.smmuv3.emulated;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.device.SwapVeto;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * An SMMUv3 in software: it is the device that a board maps, and hands everything to a {@link SmmuCore} that it has
 * while it is realized.
 *
 * <p>Saved state, layout 1: {@code registers}, a map of 64-bit words by register name as IHI 0070 spells it without
 * {@code SMMU_}. What is cached is no state; structures in memory are the guest's.
 */
final class EmulatedSmmu implements PlatformDevice, PciIommu, Inspectable, IommuInspection, SwapVeto, MmioHandler {
    private static final int STATE_VERSION = 1;
    private static final String REGISTERS = "registers";

    private final SmmuProperties properties;
    private final PlatformDescription description;
    private final EmulatedIommuOps ops = new EmulatedIommuOps();
    private volatile SmmuCore core;

    EmulatedSmmu(SmmuProperties properties) {
        this.properties = properties;
        var region = new MmioRegion(REGISTERS, SmmuControl.REGION_SIZE, 4, 8, true, this);
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
        if (properties.primaryBus().isEmpty()) {
            throw new RealizeException("SMMU is not attached to any PCI bus! Set " + PciIommu.PRIMARY_BUS
                    + " to the root bus that it is to govern, for example pcie.0");
        }
        core = new SmmuCore(properties.identity(), context);
        ops.serve(core.translator(), core.assigned(), context.epochs());
    }

    @Override
    public void unrealize() {
        core = null;
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        if (phase == ResetPhase.EXIT) {
            // Before, initiators may still be translating.
            core.control().reset(core.context());
            core.assigned().activate(core.context(), true);
        }
    }

    @Override
    public void quiesce() {
        // Events are written within the transactions that fault, commands are run within writes.
        core.assigned().activate(core.context(), false);
    }

    @Override
    public void resume() {
        core.control().resume(core.context());
        core.assigned().activate(core.context(), true);
    }

    @Override
    public SavedState save() {
        return new SavedState(
                EmulatedSmmuFactory.DEVICE_TYPE, STATE_VERSION, Map.of(REGISTERS, core.control().save()));
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        state.require(EmulatedSmmuFactory.DEVICE_TYPE, STATE_VERSION);
        core.control().restore(core.context(), state.get(REGISTERS, Map.class));
    }

    @Override
    public Optional<String> refuseToLeave(Map<String, Object> next) {
        List<Integer> translating = core.assigned().translating();
        if (!Boolean.TRUE.equals(next.get(SmmuProperties.ACCEL)) || translating.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of("STEs of assigned devices translate, StreamID %s: let the guest's driver detach them first"
                .formatted(translating.stream().map("0x%x"::formatted).collect(Collectors.joining(", "))));
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        context.data(core.control().read(offset, size));
        return Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        core.control().write(context, offset, size, value);
        return Done.DONE;
    }

    @Override
    public InspectNode inspect() {
        SmmuCore realized = core;
        return InspectNode.group(EmulatedSmmuFactory.DEVICE_TYPE, List.of(
                realized.control().inspectRegisters(), realized.inspection().statistics()));
    }

    @Override
    public List<Integer> streams() {
        return core.inspection().streams();
    }

    @Override
    public InspectNode streamTableEntry(int streamId) {
        return core.inspection().streamTableEntry(streamId);
    }

    @Override
    public InspectNode contextDescriptor(int streamId, int substreamId) {
        return core.inspection().contextDescriptor(streamId, substreamId);
    }

    @Override
    public Explanation explain(TransactionAttributes attributes, long iova, AccessKind access) {
        return core.inspection().explain(attributes, iova, access);
    }

    @Override
    public boolean mappings(int streamId, Consumer<LeafMapping> visitor) {
        return core.inspection().mappings(streamId, visitor);
    }

    @Override
    public List<InspectNode> events() {
        return core.inspection().events();
    }

    @Override
    public List<InspectNode> commands() {
        return core.inspection().commands();
    }

    @Override
    public InspectNode tlb() {
        return core.inspection().tlb();
    }

    @Override
    public InspectNode configurationCache() {
        return core.inspection().configurationCache();
    }

    @Override
    public InspectNode statistics() {
        return core.inspection().statistics();
    }
}
