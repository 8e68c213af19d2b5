package dev.backplane.core.board;

import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.Leases;
import dev.backplane.device.MachineDone;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.util.List;
import java.util.Map;

/** A device that holds resources of the host, and waits for the machine to be done. */
final class LeasingDevice implements PlatformDevice, MachineDone {
    private final Factory factory;
    private String slot;

    LeasingDevice(Factory factory) {
        this.factory = factory;
    }

    static Offer offer(Factory factory, long id) {
        return new Offer(id, id, (int) id, factory.type(), id, "leasing [" + id + "]", factory, FactoryCondition.ALWAYS);
    }

    /** Makes them. */
    static final class Factory implements DeviceFactory {
        final List<String> journal;
        final String type;
        boolean refusesRealize;
        boolean refusesMachine;
        /** Done within the callback. */
        Runnable onMachineDone = () -> {};
        volatile boolean failsRead;
        boolean troubled;

        Factory(String type, List<String> journal) {
            this.type = type;
            this.journal = journal;
        }

        @Override
        public String type() {
            return type;
        }

        @Override
        public String description() {
            return "holds leases";
        }

        @Override
        public List<PropertyDescriptor> properties() {
            return List.of();
        }

        @Override
        public DeviceModel create(DeviceProperties properties) {
            return new LeasingDevice(this);
        }
    }

    @Override
    public PlatformDescription describe() {
        return new PlatformDescription(
                List.of(MmioRegion.locked("regs", 0x1000, 4, 4, new MmioHandler() {
                    @Override
                    public TransactionResult read(
                            TransactionContext context, TransactionAttributes by, long offset, int size) {
                        if (factory.failsRead) {
                            throw new IllegalStateException("planted at read");
                        }
                        return TransactionResult.Done.DONE;
                    }

                    @Override
                    public TransactionResult write(
                            TransactionContext context, TransactionAttributes by, long offset, int size, long value) {
                        return TransactionResult.Done.DONE;
                    }
                })),
                List.of("irq"));
    }

    @Override
    public void realize(DeviceContext context) throws RealizeException {
        slot = context.slot();
        Leases leases = context.platform(Leases.class).orElseThrow();
        factory.journal.add("finds " + leases.names());
        for (String name : List.of("device", "table", factory.refusesRealize ? "extra" : "queue")) {
            if (leases.find(name, AutoCloseable.class).isEmpty()) {
                leases.hold(name, () -> {
                    factory.journal.add("closes " + name);
                    if (factory.troubled && name.equals("table")) {
                        throw new IllegalStateException("EBUSY");
                    }
                });
            }
        }
        if (factory.refusesRealize) {
            throw new RealizeException("the host is not good enough");
        }
    }

    @Override
    public void machineDone() throws RealizeException {
        factory.journal.add("machine done " + slot);
        factory.onMachineDone.run();
        if (factory.refusesMachine) {
            throw new RealizeException("ats=auto: there is no device to ask: say ats=on or off");
        }
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {}

    @Override
    public void quiesce() {}

    @Override
    public void resume() {}

    @Override
    public SavedState save() {
        return new SavedState(factory.type(), 1, Map.of());
    }

    @Override
    public void restore(SavedState state) {}

    @Override
    public void unrealize() {
        factory.journal.add("unrealized " + slot);
    }
}
