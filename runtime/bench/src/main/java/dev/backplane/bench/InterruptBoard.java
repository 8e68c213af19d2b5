package dev.backplane.bench;

import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.irq.LpiStandIn;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.DmaRoute;
import dev.backplane.core.memory.MappedRegion;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceLog;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.RealizeException;
import dev.backplane.gicv3.GicV3Factory;
import dev.backplane.gicv3.ItsFactory;
import dev.backplane.irq.CpuInterface;
import dev.backplane.irq.InterruptLine;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.time.VirtualClock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * A GICv3 and its ITS behind the core's system bus, programmed as an operating system does: LPIs enabled at every
 * processor, one collection for each, and devices whose events are mapped in the order of their INTIDs.
 */
final class InterruptBoard implements AutoCloseable {
    /** First INTID that an event is mapped to. */
    static final int FIRST_LPI = 8192;

    /** Address of GITS_TRANSLATER. */
    static final long TRANSLATER = 0x0809_0040L;

    /** Offset of GITS_TRANSLATER in the ITS. */
    static final long TRANSLATER_OFFSET = 0x10040;

    /** Events of a device. */
    static final int EVENTS = 1024;

    private static final long RAM = 0x4000_0000L;
    private static final long RAM_SIZE = 64L << 20;
    private static final long QUEUE = RAM;
    private static final long QUEUE_BYTES = 1L << 20;
    private static final long CONFIGURATIONS = RAM + 0x20_0000;
    private static final long PENDING = RAM + 0x30_0000;
    private static final long DEVICES = RAM + 0x80_0000;
    private static final long COLLECTIONS = RAM + 0x90_0000;
    private static final long ITTS = RAM + 0x100_0000;
    private static final long VALID = 1L << 63;

    final SystemBus bus = new SystemBus(new EpochDomain());
    final PlatformDevice gic;
    final MmioHandler its;
    private final DeviceGate gate;
    private final DmaPort software;
    private long tail;

    /**
     * Makes one.
     *
     * @param processors number of processors
     * @param devices number of DeviceIDs, from 0; device n sends its events to processor n modulo {@code processors}
     */
    InterruptBoard(int processors, int devices) {
        bus.addRam(new RamBank("ram", RAM, RAM_SIZE, ""));
        software = bus.port(new DmaRoute("software", null, TransactionAttributes.NONE));
        gic = realized(new GicV3Factory(), Map.of("num-cpu", (long) processors), null);
        var lpis = new LpiStandIn(bus.epochs());
        lpis.serve((LpiController) gic);
        PlatformDevice model = realized(new ItsFactory(), Map.of(), lpis);
        var region = model.describe().regions().getFirst();
        its = region.handler();
        gate = new DeviceGate("its0", bus.epochs(), Duration.ofSeconds(1));
        bus.update().map(new MappedRegion("its0", gate, region), TRANSLATER - TRANSLATER_OFFSET, 0).commit();
        gate.open();
        enableProcessors(processors);
        enableIts();
        map(processors, devices);
    }

    private PlatformDevice realized(DeviceFactory factory, Map<String, ?> properties, LpiController parent) {
        var model = (PlatformDevice) factory.create(
                DeviceProperties.of(factory.type(), factory.properties(), properties));
        try {
            model.realize(new Context(parent));
        } catch (RealizeException e) {
            throw new IllegalStateException(e);
        }
        return model;
    }

    private void enableProcessors(int processors) {
        for (int intid = 0; intid < 1 << 16; intid += 8) {
            ram(CONFIGURATIONS + intid, 0xA1A1_A1A1_A1A1_A1A1L);
        }
        write("gicd", 0, 4, 2);
        var cpus = (CpuInterface) gic;
        for (int processor = 0; processor < processors; processor++) {
            long frame = processor * 0x2_0000L;
            write("gicr", frame + 0x14, 4, 0);
            write("gicr", frame + 0x70, 8, CONFIGURATIONS | 15);
            write("gicr", frame + 0x78, 8, PENDING + processor * 0x1_0000L);
            write("gicr", frame, 4, 1);
            cpus.setPriorityMask(bus.epochs().context(), processor, 0xFF);
            cpus.setGroupEnable(bus.epochs().context(), processor, 1, true);
        }
    }

    private void enableIts() {
        its(0x80, VALID | QUEUE | QUEUE_BYTES / 4096 - 1);
        its(0x100, VALID | DEVICES | 2 << 8);
        its(0x108, VALID | COLLECTIONS | 2 << 8);
        its(0, 1);
    }

    private void map(int processors, int devices) {
        for (int processor = 0; processor < processors; processor++) {
            command(0x09, 0, VALID | (long) processor << 16 | processor);
        }
        int intid = FIRST_LPI;
        for (long device = 0; device < devices; device++) {
            command(device << 32 | 0x08, 9, VALID | ITTS + device * 0x4000);
            for (int event = 0; event < EVENTS; event++) {
                command(device << 32 | 0x0A, (long) intid++ << 32 | event, device % processors);
            }
        }
    }

    private void command(long first, long second, long third) {
        ram(QUEUE + tail, first);
        ram(QUEUE + tail + 8, second);
        ram(QUEUE + tail + 16, third);
        ram(QUEUE + tail + 24, 0);
        tail = (tail + 32) % QUEUE_BYTES;
        its(0x88, tail);
        its.read(bus.epochs().context(), TransactionAttributes.NONE, 0x90, 8);
        if (bus.epochs().context().data() != tail) {
            throw new IllegalStateException("command 0x%x was not executed".formatted(first));
        }
    }

    private void ram(long address, long value) {
        if (!software.write(bus.epochs().context(), address, 8, value).isDone()) {
            throw new IllegalStateException("no RAM at 0x%x".formatted(address));
        }
    }

    private void its(long offset, long value) {
        its.write(bus.epochs().context(), TransactionAttributes.NONE, offset, offset == 0 ? 4 : 8, value);
    }

    private void write(String region, long offset, int size, long value) {
        gic.describe().regions().stream()
                .filter(each -> each.name().equals(region))
                .forEach(each -> each.handler().write(
                        bus.epochs().context(), TransactionAttributes.NONE, offset, size, value));
    }

    /** {@return a port of a device behind the system bus} */
    DmaPort port(int deviceId) {
        return bus.port(new DmaRoute("nic" + deviceId, null, TransactionAttributes.ofRequester(deviceId)));
    }

    /**
     * Makes sure that a message arrives, so that nothing else than delivery is measured.
     *
     * @throws IllegalStateException if it does not
     */
    void check(TransactionContext context, TransactionResult result, int processor, int intid) {
        if (!result.isDone() || !((LpiController) gic).clearPending(context, processor, intid)) {
            throw new IllegalStateException("LPI %d is not taken by processor %d".formatted(intid, processor));
        }
    }

    @Override
    public void close() {
        gate.shut();
        bus.close();
    }

    /** What the models see of the board. A message in the log means that the benchmark is wrong. */
    private final class Context implements DeviceContext, DeviceLog {
        private final LpiController parent;
        private final DmaPort memory = bus.port(new DmaRoute("gic", null, TransactionAttributes.NONE));

        Context(LpiController parent) {
            this.parent = parent;
        }

        @Override
        public String slot() {
            return "gic";
        }

        @Override
        public DmaPort memory() {
            return memory;
        }

        @Override
        public InterruptLine line(String name) {
            throw new IllegalArgumentException(name);
        }

        @Override
        public VirtualClock clock() {
            throw new IllegalStateException("this board has no clock");
        }

        @Override
        public Epochs epochs() {
            return bus.epochs();
        }

        @Override
        public void defer(Effect effect) {
            effect.run(bus.epochs().context());
        }

        @Override
        public <T> Optional<T> linked(String link, Class<T> capability) {
            return Optional.ofNullable(parent).map(capability::cast);
        }

        @Override
        public <T> Optional<T> platform(Class<T> contract) {
            return Optional.empty();
        }

        @Override
        public DeviceLog log() {
            return this;
        }

        @Override
        public void guestError(String message) {
            throw new IllegalStateException(message);
        }

        @Override
        public void unimplemented(String message) {
            throw new IllegalStateException(message);
        }
    }
}
