package dev.backplane.core.pci;

import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.RootBusDefinition.Window;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.RealizeException;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** A board of RAM, a host bridge and an interrupt controller that notes what reaches it; software is the test. */
final class PciBench implements AutoCloseable {
    static final long RAM = 0x4000_0000L;
    static final long RAM_SIZE = 0x10_0000;
    static final long ECAM = 0x40_1000_0000L;
    static final Window IO = new Window(0x3EFF_0000L, 0x1_0000);
    static final Window MEMORY_32 = new Window(0x1000_0000L, 0x2EFF_0000L);
    static final Window MEMORY_64 = new Window(0x80_0000_0000L, 0x80_0000_0000L);
    static final int FIRST_INTID = 35;

    final EpochDomain epochs = new EpochDomain();
    final SystemBus bus = new SystemBus(epochs);
    final InterruptHub hub = new InterruptHub("gic", epochs);
    final PciSegment segment = new PciSegment(bus, slot -> hub);
    final List<String> interrupts = Collections.synchronizedList(new ArrayList<>());
    private final DmaPort cpu = bus.port("cpu", null, TransactionAttributes.NONE);

    PciBench() {
        bus.addRam(new RamBank("ram", RAM, RAM_SIZE, ""));
        hub.serve((context, intid, asserted) -> interrupts.add((asserted ? "+" : "-") + intid));
        segment.addRootBus(new RootBusDefinition("pcie.0", ECAM, 256, IO, MEMORY_32, MEMORY_64, "gic", FIRST_INTID));
    }

    TransactionContext context() {
        return epochs.context();
    }

    /** Reads configuration space through the ECAM window. */
    long config(Bdf address, int offset, int size) {
        return read(ECAM + ((long) address.requesterId() << 12) + offset, size);
    }

    void config(Bdf address, int offset, int size, long value) {
        write(ECAM + ((long) address.requesterId() << 12) + offset, size, value);
    }

    long read(long address, int size) {
        TransactionResult result = cpu.read(context(), address, size);
        if (!result.isDone()) {
            throw new AssertionError("read of 0x%x: %s".formatted(address, result));
        }
        return context().data();
    }

    TransactionResult tryRead(long address, int size) {
        return cpu.read(context(), address, size);
    }

    void write(long address, int size, long value) {
        TransactionResult result = cpu.write(context(), address, size, value);
        if (!result.isDone()) {
            throw new AssertionError("write of 0x%x: %s".formatted(address, result));
        }
    }

    /** A function that is plugged, as its model sees it. */
    record Plugged(PciFunction function, PciDeviceContext context, DeviceGate gate) {
        Bdf address() {
            return function.address();
        }
    }

    Plugged plug(String slot, String busName, int device, PciFunctionDescription description) throws PlugException {
        return plugAt(slot, "test-device", busName, device << 3, description);
    }

    Plugged plugAt(String slot, String type, String busName, int devfn, PciFunctionDescription description)
            throws PlugException {
        var gate = new DeviceGate(slot, epochs, Duration.ofMillis(20));
        PciFunction function = segment.plug(slot, type, description, new Placement.Pci(busName, devfn), gate);
        PciDeviceContext context = function.context(new SlotContext(slot, epochs, gate));
        gate.open();
        return new Plugged(function, context, gate);
    }

    /** Plugs one of the engine's own devices and realizes it. */
    Plugged plug(DeviceFactory factory, String slot, String busName, int device, Map<String, ?> properties)
            throws PlugException, RealizeException {
        var model = (PciDevice) factory.create(DeviceProperties.of(factory.type(), factory.properties(), properties));
        Plugged plugged = plugAt(slot, factory.type(), busName, device << 3, model.describe());
        model.realize(plugged.context());
        return plugged;
    }

    Plugged rootPort(String slot, String busName, int device) throws PlugException, RealizeException {
        return plug(new PcieRootPortFactory(), slot, busName, device, Map.of());
    }

    Plugged expander(String slot, int device, int number) throws PlugException, RealizeException {
        return plug(new PxbPcieFactory(), slot, "pcie.0", device, Map.of("bus_nr", (long) number));
    }

    /** Numbers a bridge's buses and lets it pass everything. */
    void openBridge(Bdf bridge, int secondary, int subordinate) {
        config(bridge, ConfigRegister.PRIMARY_BUS, 1, bridge.bus());
        config(bridge, ConfigRegister.SECONDARY_BUS, 1, secondary);
        config(bridge, ConfigRegister.SUBORDINATE_BUS, 1, subordinate);
        config(bridge, ConfigRegister.COMMAND, 2, 7);
    }

    /** {@return the memory of a device: reads answer what was written} */
    static MmioRegion store(String name, long size) {
        var bytes = new byte[(int) Math.min(size, 0x1_0000)];
        return MmioRegion.locked(name, size, 1, 8, new MmioHandler() {
            @Override
            public TransactionResult read(
                    TransactionContext context, TransactionAttributes by, long offset, int width) {
                long value = 0;
                for (int i = 0; i < width; i++) {
                    value |= (bytes[(int) offset + i & bytes.length - 1] & 0xFFL) << i * 8;
                }
                context.data(value);
                return TransactionResult.Done.DONE;
            }

            @Override
            public TransactionResult write(
                    TransactionContext context, TransactionAttributes by, long offset, int width, long value) {
                for (int i = 0; i < width; i++) {
                    bytes[(int) offset + i & bytes.length - 1] = (byte) (value >>> i * 8);
                }
                return TransactionResult.Done.DONE;
            }
        });
    }

    /** {@return the offset of a capability, found as software finds it, or 0} */
    int capability(Bdf address, int id) {
        if ((config(address, ConfigRegister.STATUS, 2) & ConfigRegister.STATUS_CAPABILITIES) == 0) {
            return 0;
        }
        int steps = 0;
        for (int at = (int) config(address, ConfigRegister.CAPABILITIES_POINTER, 1); at != 0 && steps < 48; steps++) {
            if (config(address, at, 1) == id) {
                return at;
            }
            at = (int) config(address, at + 1, 1);
        }
        return 0;
    }

    /** {@return the extended capabilities, in the order of their chain} */
    List<Integer> extendedCapabilities(Bdf address) {
        var ids = new ArrayList<Integer>();
        for (int at = 0x100; at != 0; ) {
            long header = config(address, at, 4);
            if (header != 0) {
                ids.add((int) header & 0xFFFF);
            }
            at = (int) (header >>> 20);
        }
        return ids;
    }

    @Override
    public void close() {
        bus.close();
    }
}
