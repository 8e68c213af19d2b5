package dev.backplane.gicv3.gic;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.gicv3.table.TableMemory;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.irq.CpuInterface;
import dev.backplane.irq.InterruptController;
import dev.backplane.irq.InterruptInspection;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * A GICv3 (IHI 0069) with one security state and affinity routing: distributor, redistributors, LPIs and CPU
 * interfaces. Its parts have locks of their own; an LPI becomes pending without any.
 */
public final class GicV3
        implements PlatformDevice,
                InterruptController,
                LpiController,
                CpuInterface,
                InterruptInspection,
                Inspectable {
    /** Device type. */
    public static final String TYPE = "arm-gicv3";

    private static final int STATE_VERSION = 1;

    private final GicConfig config;
    private final GuestErrors errors = new GuestErrors();
    private final Distributor distributor;
    private final Redistributor[] redistributors;
    private final CpuInterfaces cpus;
    private final GicInspection inspection;
    private final PlatformDescription description;
    private volatile DeviceContext board;

    /** Makes a GIC in its reset state. */
    public GicV3(GicConfig config) {
        this.config = config;
        distributor = new Distributor(config, errors);
        redistributors = new Redistributor[config.processors()];
        for (int processor = 0; processor < redistributors.length; processor++) {
            boolean last = processor == config.firstRegion() - 1 || processor == config.processors() - 1;
            redistributors[processor] = new Redistributor(config, processor, last, errors);
        }
        cpus = new CpuInterfaces(distributor, redistributors);
        inspection =
                new GicInspection(distributor, redistributors, errors, () -> board.epochs().context());
        description = new PlatformDescription(regions(), List.of());
    }

    private List<MmioRegion> regions() {
        var regions = new ArrayList<MmioRegion>();
        regions.add(new MmioRegion("gicd", Redistributor.FRAME, 1, 8, true, distributor));
        regions.add(redistributorRegion("gicr", 0, config.firstRegion()));
        if (config.processors() > config.firstRegion()) {
            regions.add(redistributorRegion("gicr1", config.firstRegion(), config.processors()));
        }
        return regions;
    }

    private MmioRegion redistributorRegion(String name, int from, int to) {
        var handler = new RedistributorRegion(redistributors, from);
        return new MmioRegion(name, (long) (to - from) * RedistributorRegion.STRIDE, 1, 8, true, handler);
    }

    @Override
    public PlatformDescription describe() {
        return description;
    }

    @Override
    public void realize(DeviceContext context) {
        board = context;
        errors.log(context.log());
        var memory = new TableMemory(context.memory());
        for (Redistributor redistributor : redistributors) {
            redistributor.connect(memory);
        }
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        if (phase == ResetPhase.ENTER) {
            distributor.reset();
            for (Redistributor redistributor : redistributors) {
                redistributor.reset();
            }
        }
    }

    @Override
    public void quiesce() {
        // starts nothing of its own
    }

    @Override
    public void resume() {
        // starts nothing of its own
    }

    @Override
    public void unrealize() {
        // holds nothing
    }

    @Override
    public SavedState save() {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("distributor", distributor.save());
        var all = new ArrayList<Map<String, Object>>();
        for (Redistributor redistributor : redistributors) {
            all.add(redistributor.save());
        }
        fields.put("redistributors", all);
        return new SavedState(TYPE, STATE_VERSION, fields);
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        state.require(TYPE, STATE_VERSION);
        List<?> all = state.get("redistributors", List.class);
        if (all.size() != redistributors.length) {
            throw new RestoreException(
                    "state of %s, field redistributors: %d processors: expected %d; num-cpu must be the same"
                            .formatted(TYPE, all.size(), redistributors.length));
        }
        distributor.restore(Nested.state(state, "distributor"));
        for (Redistributor redistributor : redistributors) {
            if (!(all.get(redistributor.processor()) instanceof Map<?, ?> saved)) {
                throw new RestoreException("state of %s, field redistributors: element %d is no group of fields"
                        .formatted(TYPE, redistributor.processor()));
            }
            redistributor.restore(Nested.state("redistributor " + redistributor.processor(), saved));
        }
    }

    @Override
    public void setInput(TransactionContext context, int intid, boolean asserted) {
        distributor.setInput(intid, asserted);
    }

    @Override
    public void onEnded(IntConsumer listener) {
        cpus.onEnded(listener);
    }

    @Override
    public boolean setPrivateInput(TransactionContext context, int processor, int intid, boolean asserted) {
        if (processor < 0 || processor >= redistributors.length || intid < 16 || intid > 31) {
            return false;
        }
        redistributors[processor].setInput(intid, asserted);
        return true;
    }

    @Override
    public int processors() {
        return redistributors.length;
    }

    private LpiStore lpis(int processor) {
        return processor >= 0 && processor < redistributors.length ? redistributors[processor].lpis() : null;
    }

    @Override
    public boolean setPending(TransactionContext context, int processor, int intid) {
        LpiStore lpis = lpis(processor);
        return lpis != null && lpis.setPending(intid);
    }

    @Override
    public boolean clearPending(TransactionContext context, int processor, int intid) {
        LpiStore lpis = lpis(processor);
        if (lpis == null || !lpis.takes(intid)) {
            return false;
        }
        lpis.clearPending(intid);
        return true;
    }

    @Override
    public void movePending(TransactionContext context, int from, int to, int intid) {
        LpiStore source = lpis(from);
        LpiStore target = lpis(to);
        if (source != null && target != null && source != target && target.takes(intid)) {
            move(source, target, intid);
        }
    }

    @Override
    public void moveAllPending(TransactionContext context, int from, int to) {
        LpiStore source = lpis(from);
        LpiStore target = lpis(to);
        if (source == null || target == null || source == target) {
            return;
        }
        for (int intid = source.nextPending(0); intid >= 0; intid = source.nextPending(intid + 1)) {
            if (target.takes(intid)) {
                move(source, target, intid);
            }
        }
    }

    private static void move(LpiStore source, LpiStore target, int intid) {
        if (source.clearPending(intid)) {
            target.setPending(intid);
        }
    }

    @Override
    public void invalidate(TransactionContext context, int processor, int intid) {
        if (lpis(processor) != null) {
            redistributors[processor].invalidate(intid);
        }
    }

    @Override
    public void invalidateAll(TransactionContext context, int processor) {
        if (lpis(processor) != null) {
            redistributors[processor].invalidate(-1);
        }
    }

    @Override
    public int highestPending(TransactionContext context, int processor, int group) {
        return cpus.highestPending(context, processor, group);
    }

    @Override
    public int acknowledge(TransactionContext context, int processor, int group) {
        return cpus.acknowledge(context, processor, group);
    }

    @Override
    public void endOfInterrupt(TransactionContext context, int processor, int group, int intid) {
        cpus.endOfInterrupt(context, processor, group, intid);
    }

    @Override
    public void deactivate(TransactionContext context, int processor, int intid) {
        cpus.deactivate(context, processor, intid);
    }

    @Override
    public boolean setEoiMode(TransactionContext context, int processor, boolean dropOnly) {
        return cpus.setEoiMode(context, processor, dropOnly);
    }

    @Override
    public void setPriorityMask(TransactionContext context, int processor, int mask) {
        cpus.setPriorityMask(context, processor, mask);
    }

    @Override
    public void setGroupEnable(TransactionContext context, int processor, int group, boolean enabled) {
        cpus.setGroupEnable(context, processor, group, enabled);
    }

    @Override
    public void sendSgi(TransactionContext context, int source, long[] targets, int group, int intid) {
        cpus.sendSgi(context, source, targets, group, intid);
    }

    @Override
    public List<PendingInterrupt> pending() {
        return inspection.pending();
    }

    @Override
    public InspectNode interrupt(int processor, int intid) {
        return inspection.interrupt(processor, intid);
    }

    @Override
    public InspectNode processorsState() {
        return inspection.processorsState();
    }

    @Override
    public InspectNode inspect() {
        return inspection.inspect();
    }
}
