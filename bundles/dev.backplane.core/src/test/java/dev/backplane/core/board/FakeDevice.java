package dev.backplane.core.board;

import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.device.SwapVeto;
import dev.backplane.irq.InterruptController;
import dev.backplane.irq.MsiController;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bar;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * A device with one 32-bit register at 0 that keeps what is written, a line that follows its lowest bit, and a fault at
 * any callback that a test asks for.
 */
class FakeDevice implements DeviceModel, MmioHandler, SwapVeto {

    /** Callbacks at which a fault can be planted. */
    enum Callback {
        PROPERTIES, CREATE, DESCRIBE, REALIZE, RESET, RESTORE, RESUME, QUIESCE, SAVE, UNREALIZE, READ, DOORBELL
    }

    /** What goes wrong there. */
    enum Fault {
        THROWS, HANGS
    }

    private final Factory factory;
    private final DeviceProperties properties;
    private int register;
    DeviceContext context;

    FakeDevice(Factory factory, DeviceProperties properties) {
        this.factory = factory;
        this.properties = properties;
    }

    MmioRegion region() {
        return MmioRegion.locked("regs", factory.regionSize, 4, 4, this);
    }

    void realized(DeviceContext door) throws RealizeException {
        factory.door = new WeakReference<>(door);
        factory.at(Callback.REALIZE, door.slot());
        if (!properties.text("needs").isEmpty()) {
            if (door.platform(Runnable.class).isEmpty()) {
                throw new RealizeException("needs a Runnable on the platform");
            }
        }
        context = door;
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        factory.at(Callback.RESET, context.slot() + " " + phase);
        if (phase == ResetPhase.ENTER) {
            register = 0;
        }
    }

    @Override
    public void quiesce() {
        factory.at(Callback.QUIESCE, context.slot());
    }

    @Override
    public void resume() {
        factory.at(Callback.RESUME, context.slot());
    }

    @Override
    public SavedState save() {
        factory.at(Callback.SAVE, context.slot());
        return new SavedState(factory.stateType, factory.stateVersion, Map.of("register", register));
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        factory.at(Callback.RESTORE, context.slot());
        state.require(factory.stateType, factory.stateVersion);
        register = (int) state.getLong("register");
    }

    @Override
    public void unrealize() {
        factory.at(Callback.UNREALIZE, context.slot());
    }

    @Override
    public TransactionResult read(
            TransactionContext thread, TransactionAttributes attributes, long offset, int size) {
        factory.at(Callback.READ, context.slot());
        thread.data(register);
        return TransactionResult.Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext thread, TransactionAttributes attributes, long offset, int size, long value) {
        register = (int) value;
        drive((register & 1) != 0);
        return TransactionResult.Done.DONE;
    }

    void drive(boolean level) {}

    @Override
    public Optional<String> refuseToLeave(Map<String, Object> next) {
        factory.journal.add("LEAVE? " + next.get("speed"));
        return Optional.ofNullable(factory.leaveVeto);
    }

    @Override
    public Optional<String> refuseToEnter(Map<String, Object> before) {
        factory.journal.add("ENTER? " + before.get("speed"));
        return Optional.ofNullable(factory.enterVeto);
    }

    /** On the system bus. */
    static class Platform extends FakeDevice implements PlatformDevice {
        Platform(Factory factory, DeviceProperties properties) {
            super(factory, properties);
        }

        @Override
        public PlatformDescription describe() {
            super.factory.at(Callback.DESCRIBE, "");
            return new PlatformDescription(List.of(region()), List.of("irq"));
        }

        @Override
        public void realize(DeviceContext door) throws RealizeException {
            realized(door);
        }

        @Override
        void drive(boolean level) {
            context.line("irq").set(level);
        }
    }

    /** An interrupt controller whose register counts rising inputs. */
    static final class Controller extends Platform implements InterruptController, MsiController {
        Controller(Factory factory, DeviceProperties properties) {
            super(factory, properties);
        }

        @Override
        public void setInput(TransactionContext thread, int intid, boolean asserted) {
            if (asserted) {
                super.increment();
            }
        }

        @Override
        public boolean setPrivateInput(TransactionContext thread, int processor, int intid, boolean asserted) {
            setInput(thread, intid, asserted);
            return true;
        }

        @Override
        void drive(boolean level) {}

        @Override
        public Doorbell doorbell() {
            ((FakeDevice) this).factory.at(Callback.DOORBELL, "");
            return new Doorbell("regs", ((FakeDevice) this).factory.doorbell, "DOORBELL");
        }
    }

    synchronized void increment() {
        register++;
    }

    /** A PCI function with the register in BAR0. */
    static final class Pci extends FakeDevice implements PciDevice {
        Pci(Factory factory, DeviceProperties properties) {
            super(factory, properties);
        }

        @Override
        public PciFunctionDescription describe() {
            super.factory.at(Callback.DESCRIBE, "");
            return PciFunctionDescription.builder(0x1234, 0x5678)
                    .bar(new Bar(0, Bar.Kind.MEMORY_32, false, region()))
                    .build();
        }

        @Override
        public void realize(PciDeviceContext door) throws RealizeException {
            realized(door);
        }
    }

    /** Makes them. */
    static final class Factory implements DeviceFactory {
        /** What happened, over all factories that share it. */
        final List<String> journal;
        final Map<Callback, Fault> faults = new ConcurrentHashMap<>();
        final AtomicInteger created = new AtomicInteger();
        final CountDownLatch releaseHung = new CountDownLatch(1);
        private final String type;
        int stateVersion = 1;
        /** Instead of a fault: something that a test does at that moment; answers whether it is a fault all the same. */
        BooleanSupplier onFault = () -> true;
        String stateType;
        long regionSize = 0x1000;
        long doorbell = 0x40;
        volatile String leaveVeto;
        volatile String enterVeto;
        FactoryCondition when = FactoryCondition.ALWAYS;
        /** What the model that was realized last was given. */
        volatile WeakReference<DeviceContext> door;

        Factory(String type, List<String> journal) {
            this.type = type;
            stateType = type;
            this.journal = journal;
        }

        void at(Callback callback, String detail) {
            journal.add(callback + " " + detail);
            switch (faults.get(callback)) {
                case null -> {}
                case THROWS -> {
                    if (onFault.getAsBoolean()) {
                        throw new IllegalStateException("planted at " + callback);
                    }
                }
                case HANGS -> hang();
            }
        }

        private void hang() {
            while (true) {
                try {
                    releaseHung.await();
                    return;
                } catch (InterruptedException e) {
                    // A plugin that does not even listen to that.
                }
            }
        }

        @Override
        public String type() {
            return type;
        }

        @Override
        public String description() {
            return "a fake " + type;
        }

        @Override
        public List<PropertyDescriptor> properties() {
            at(Callback.PROPERTIES, "");
            return List.of(
                    PropertyDescriptor.of("speed", PropertyType.UINT32, 1L, "a number"),
                    PropertyDescriptor.of("parent", PropertyType.LINK, "", "a slot"),
                    PropertyDescriptor.of("needs", PropertyType.STRING, "", "a need"),
                    PropertyDescriptor.of("root-bus", PropertyType.LINK, "", "a bus whose MSIs it takes"),
                    PropertyDescriptor.of("primary-bus", PropertyType.LINK, "", "a bus"),
                    PropertyDescriptor.wiring("msi-gpa", PropertyType.UINT64, 0L, "set by the board"),
                    PropertyDescriptor.wiring("place", PropertyType.UINT32, 0L, "set by the board"));
        }

        @Override
        public DeviceModel create(DeviceProperties properties) {
            created.incrementAndGet();
            at(Callback.CREATE, "");
            if (type.startsWith("pci")) {
                return new Pci(this, properties);
            }
            return type.startsWith("controller") ? new Controller(this, properties) : new Platform(this, properties);
        }
    }
}
