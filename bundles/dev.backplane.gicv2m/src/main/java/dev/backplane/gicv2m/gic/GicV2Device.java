package dev.backplane.gicv2m.gic;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceLog;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.irq.CpuInterface;
import dev.backplane.irq.InterruptController;
import dev.backplane.irq.InterruptInspection;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * A GICv2: regions {@code gicd} and {@code gicc}. One lock guards everything and no call leaves the device under it, so
 * the regions are concurrent. Register accesses act as the processor that their attributes name; {@link CpuInterface}
 * is the other way to a CPU interface.
 */
final class GicV2Device
        implements PlatformDevice, InterruptController, CpuInterface, InterruptInspection, Inspectable {
    static final String TYPE = "arm_gic";

    private volatile IntConsumer endListener;
    private final Gic gic;
    private final GicInspector inspector;
    private final PlatformDescription description;
    private volatile DeviceContext board;

    GicV2Device(int processors, int interrupts) {
        gic = new Gic(processors, interrupts, new ForwardingLog());
        inspector = new GicInspector(gic);
        description = new PlatformDescription(
                List.of(
                        new MmioRegion("gicd", GicdRegister.REGION_SIZE, 1, 4, true, new DistributorRegion()),
                        new MmioRegion("gicc", GiccRegister.REGION_SIZE, 4, 4, true, new CpuInterfaceRegion())),
                List.of());
    }

    @Override
    public PlatformDescription describe() {
        return description;
    }

    @Override
    public void realize(DeviceContext context) {
        board = context;
    }

    @Override
    public void setInput(TransactionContext context, int intid, boolean asserted) {
        if (intid < InterruptStates.FIRST_SPI || intid >= gic.states.interrupts) {
            board.log().guestError("input %d: expected an SPI from %d to %d: ignored"
                    .formatted(intid, InterruptStates.FIRST_SPI, gic.states.interrupts - 1));
            return;
        }
        synchronized (gic) {
            gic.states.drive(0, intid, asserted);
        }
    }

    @Override
    public boolean setPrivateInput(TransactionContext context, int processor, int intid, boolean asserted) {
        if (processor < 0
                || processor >= gic.processors.length
                || intid < InterruptStates.FIRST_PPI
                || intid >= InterruptStates.FIRST_SPI) {
            return false;
        }
        synchronized (gic) {
            gic.states.drive(processor, intid, asserted);
        }
        return true;
    }

    @Override
    public void onEnded(IntConsumer listener) {
        endListener = listener;
    }

    /** Tells of SPIs that were ended, outside the monitor and after the access. */
    private void tellEnded() {
        for (int next = takeEnded(); next >= 0; next = takeEnded()) {
            int intid = next;
            IntConsumer listener = endListener;
            if (listener != null) {
                board.defer(context -> listener.accept(intid));
            }
        }
    }

    private int takeEnded() {
        synchronized (gic) {
            return gic.takeEnded();
        }
    }

    @Override
    public int processors() {
        return gic.processors.length;
    }

    @Override
    public int highestPending(TransactionContext context, int processor, int group) {
        boolean group1 = checked(processor, group);
        synchronized (gic) {
            return GiccRegister.INTERRUPT_ID.getInt(gic.signalled(processor, group1));
        }
    }

    @Override
    public int acknowledge(TransactionContext context, int processor, int group) {
        boolean group1 = checked(processor, group);
        synchronized (gic) {
            return GiccRegister.INTERRUPT_ID.getInt(gic.acknowledge(processor, group1));
        }
    }

    @Override
    public void endOfInterrupt(TransactionContext context, int processor, int group, int intid) {
        boolean group1 = checked(processor, group);
        synchronized (gic) {
            gic.end(processor, intid, group1);
        }
        tellEnded();
    }

    @Override
    public void deactivate(TransactionContext context, int processor, int intid) {
        checked(processor, 0);
        synchronized (gic) {
            gic.deactivate(processor, intid);
        }
        tellEnded();
    }

    @Override
    public boolean setEoiMode(TransactionContext context, int processor, boolean dropOnly) {
        checked(processor, 0);
        setControl(processor, GiccRegister.EOI_MODE.mask(), dropOnly);
        return true;
    }

    @Override
    public void setPriorityMask(TransactionContext context, int processor, int mask) {
        checked(processor, 0);
        synchronized (gic) {
            gic.write(processor, GiccRegister.PMR.offset, mask);
        }
    }

    @Override
    public void setGroupEnable(TransactionContext context, int processor, int group, boolean enabled) {
        long bit = (checked(processor, group) ? GiccRegister.ENABLE_GRP1 : GiccRegister.ENABLE_GRP0).mask();
        setControl(processor, bit, enabled);
    }

    private void setControl(int processor, long bit, boolean value) {
        synchronized (gic) {
            long control = gic.processors[processor].control;
            gic.write(processor, GiccRegister.CTLR.offset, (int) (value ? control | bit : control & ~bit));
        }
    }

    /** The group is not consulted: without the Security Extensions GICD_SGIR has no NSATT (IHI 0048B, GICD_SGIR). */
    @Override
    public void sendSgi(TransactionContext context, int source, long[] targets, int group, int intid) {
        checked(source, group);
        if (intid < 0 || intid >= InterruptStates.FIRST_PPI) {
            throw new IllegalArgumentException("SGI %d: expected an INTID from 0 to 15".formatted(intid));
        }
        int mask = targets.length == 0 ? 0 : (int) targets[0] & gic.states.allProcessors();
        synchronized (gic) {
            gic.distributor.generate(source, mask, intid);
        }
    }

    /** Checks what a caller of the CPU interface names; {@return whether the group is group 1} */
    private boolean checked(int processor, int group) {
        if (processor < 0 || processor >= gic.processors.length || group < 0 || group > 1) {
            throw new IllegalArgumentException("processor %d, group %d: expected a processor from 0 to %d, group 0 or 1"
                    .formatted(processor, group, gic.processors.length - 1));
        }
        return group == 1;
    }

    @Override
    public List<PendingInterrupt> pending() {
        synchronized (gic) {
            return inspector.pending();
        }
    }

    @Override
    public InspectNode interrupt(int processor, int intid) {
        checked(processor, 0);
        if (intid < 0 || intid >= gic.states.interrupts) {
            throw new IllegalArgumentException(
                    "INTID %d: this GICv2 has 0 to %d".formatted(intid, gic.states.interrupts - 1));
        }
        synchronized (gic) {
            return inspector.interrupt(processor, intid);
        }
    }

    @Override
    public InspectNode processorsState() {
        synchronized (gic) {
            return inspector.processors();
        }
    }

    @Override
    public InspectNode inspect() {
        synchronized (gic) {
            return inspector.all();
        }
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        if (phase == ResetPhase.ENTER) {
            synchronized (gic) {
                gic.reset();
            }
        }
    }

    @Override
    public void quiesce() {
        // starts no transactions and has no timers
    }

    @Override
    public void resume() {
        // nothing was stopped
    }

    @Override
    public SavedState save() {
        synchronized (gic) {
            return GicState.save(TYPE, gic);
        }
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        synchronized (gic) {
            GicState.restore(TYPE, state, gic);
        }
    }

    @Override
    public void unrealize() {
        // holds nothing outside itself
    }

    private final class DistributorRegion implements MmioHandler {
        @Override
        public TransactionResult read(
                TransactionContext context, TransactionAttributes attributes, long offset, int size) {
            if (!Distributor.takes(offset, size)) {
                return refuse("read", offset, size);
            }
            if (!exists(attributes)) {
                return TransactionResult.Fault.SLAVE_ERROR;
            }
            synchronized (gic) {
                context.data(gic.distributor.read(attributes.processor(), offset, size));
            }
            return TransactionResult.Done.DONE;
        }

        @Override
        public TransactionResult write(
                TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
            if (!Distributor.takes(offset, size)) {
                return refuse("write", offset, size);
            }
            if (!exists(attributes)) {
                return TransactionResult.Fault.SLAVE_ERROR;
            }
            synchronized (gic) {
                gic.distributor.write(attributes.processor(), offset, size, value);
            }
            return TransactionResult.Done.DONE;
        }

        private TransactionResult refuse(String what, long offset, int size) {
            board.log().guestError("GICD %s of %d bytes at 0x%x: no register there takes that size (IHI 0048B)"
                    .formatted(what, size, offset));
            return TransactionResult.Fault.SLAVE_ERROR;
        }
    }

    private final class CpuInterfaceRegion implements MmioHandler {
        @Override
        public TransactionResult read(
                TransactionContext context, TransactionAttributes attributes, long offset, int size) {
            if (!exists(attributes)) {
                return TransactionResult.Fault.SLAVE_ERROR;
            }
            synchronized (gic) {
                context.data(gic.read(attributes.processor(), offset));
            }
            return TransactionResult.Done.DONE;
        }

        @Override
        public TransactionResult write(
                TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
            if (!exists(attributes)) {
                return TransactionResult.Fault.SLAVE_ERROR;
            }
            synchronized (gic) {
                gic.write(attributes.processor(), offset, (int) value);
            }
            tellEnded();
            return TransactionResult.Done.DONE;
        }
    }

    /** {@return whether the GIC has a CPU interface for the processor that makes an access} */
    private boolean exists(TransactionAttributes attributes) {
        if (attributes.processor() < gic.processors.length) {
            return true;
        }
        board.log().guestError("access by processor %d: this GICv2 serves processors 0 to %d"
                .formatted(attributes.processor(), gic.processors.length - 1));
        return false;
    }

    /** The board's log exists only once the device is realized; the logic is made before. */
    private final class ForwardingLog implements DeviceLog {
        @Override
        public void guestError(String message) {
            board.log().guestError(message);
        }

        @Override
        public void unimplemented(String message) {
            board.log().unimplemented(message);
        }
    }
}
