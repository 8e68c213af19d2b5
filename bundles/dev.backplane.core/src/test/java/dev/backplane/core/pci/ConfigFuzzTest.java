package dev.backplane.core.pci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.Board.MapEntry;
import dev.backplane.board.PciFabric;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.pci.Bar;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever software writes, nothing throws and what must hold still holds. */
class ConfigFuzzTest {
    private static final int WRITES = 3_000;
    private static final int[] REGISTERS = {
        0x04, 0x06, 0x10, 0x14, 0x18, 0x19, 0x1A, 0x1C, 0x20, 0x24, 0x28, 0x2C, 0x3C, 0x3E, 0x40, 0x42, 0x44, 0x48,
        0x4C, 0x50, 0x52, 0x54, 0x58, 0x5A, 0x60, 0x62, 0x70, 0x80, 0x8C, 0x90, 0x100, 0x104
    };
    private static final long[] VALUES = {
        0, 7, 6, 0x407, 0xFFFF_FFFFL, 0x1000_0000L, 0x1000_1000L, 0x1010_1010L, 0x0003_0201, 0x0002_0201, 0x80, 0x40,
        0x8000, 0xC000, 0x4000_0000L, 0x3, 0x81, 0x2020, 0x0040_4000
    };

    private final List<PciBench.Plugged> plugged = new ArrayList<>();

    private void build(PciBench bench) throws Exception {
        plugged.add(bench.expander("pxb", 5, 8));
        plugged.add(bench.rootPort("rp", "pcie.0", 2));
        plugged.add(bench.rootPort("rp2", "pxb", 3));
        plugged.add(bench.plug(new PciePciBridgeFactory(), "br", "rp", 0, Map.of()));
        plugged.add(bench.plug("dev0", "pcie.0", 1, device(true)));
        plugged.add(bench.plug("dev1", "br", 7, device(false)));
        plugged.add(bench.plug("dev2", "rp2", 0, device(true)));
    }

    private static PciFunctionDescription device(boolean express) {
        var builder = PciFunctionDescription.builder(0x1234, 1)
                .interruptPin(2)
                .msi(4, true)
                .msix(new Msix(3, 0, 0x800, 0, 0xC00))
                .bar(new Bar(0, Bar.Kind.MEMORY_32, false, PciBench.store("m", 0x1000)))
                .bar(new Bar(2, Bar.Kind.MEMORY_64, true, PciBench.store("p", 0x2000)))
                .bar(new Bar(4, Bar.Kind.IO, false, PciBench.store("i", 0x20)));
        return express ? builder.express().build() : builder.build();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 5, 8, 13, 21, 34})
    void anyWritesLeaveTheFabricConsistent(long seed) throws Exception {
        var random = new SplittableRandom(seed);
        try (var bench = new PciBench()) {
            build(bench);
            int mapped = 0;
            for (int i = 0; i < WRITES; i++) {
                if (i % 100 == 0) {
                    enumerate(bench);
                }
                step(bench, random);
                if (i % 25 == 0) {
                    mapped += check(bench, "seed %d, step %d".formatted(seed, i));
                }
            }
            mapped += check(bench, "seed %d, end".formatted(seed));
            assertThat(mapped).as("seed %d: BARs that were seen mapped", seed).isPositive();
        }
    }

    /** Numbers, places and enables everything, as firmware does, so that what follows disturbs a working machine. */
    private void enumerate(PciBench bench) {
        int[] secondary = {1, 9, 2};
        for (int bridge = 0; bridge < 3; bridge++) {
            Bdf at = plugged.get(1 + bridge).address();
            bench.config(at, ConfigRegister.BRIDGE_CONTROL, 2, 0);
            bench.openBridge(at, secondary[bridge], bridge == 0 ? 2 : secondary[bridge]);
            bench.config(at, ConfigRegister.MEMORY_BASE, 4, 0x1040_1000L);
            bench.config(at, ConfigRegister.IO_BASE, 2, 0x4020);
        }
        for (int device = 0; device < 3; device++) {
            Bdf at = plugged.get(4 + device).address();
            bench.config(at, 0x10, 4, 0x1000_0000L + device * 0x1000L);
            bench.config(at, 0x18, 4, 0x1010_0000L + device * 0x2000L);
            bench.config(at, 0x1C, 4, 0);
            bench.config(at, 0x20, 4, 0x2000 + device * 0x20L);
            bench.config(at, ConfigRegister.COMMAND, 2, 7);
        }
    }

    private void step(PciBench bench, SplittableRandom random) {
        int size = 1 << random.nextInt(3);
        boolean aimed = random.nextInt(4) != 0;
        Bdf at = random.nextInt(8) == 0
                ? Bdf.ofRequesterId(random.nextInt(0x10000))
                : plugged.get(random.nextInt(plugged.size())).address();
        int offset = (aimed ? REGISTERS[random.nextInt(REGISTERS.length)] : random.nextInt(0x1000)) & -size;
        long value = aimed ? VALUES[random.nextInt(VALUES.length)] : random.nextLong();
        bench.config(at, offset, size, value & -1L >>> 64 - size * 8);
        bench.config(at, random.nextInt(0x1000) & -4, 4);
        if (random.nextInt(16) == 0) {
            PciBench.Plugged device = plugged.get(4 + random.nextInt(3));
            device.context().sendMsi(bench.context(), random.nextInt(3));
            device.context().intx().set(random.nextBoolean());
            // Any outcome is right for a stray write, but none may fail a device.
            bench.tryRead(0x1000_0000L + (random.nextInt(0x2000) & -4), 4);
        }
    }

    /** {@return how many BARs are mapped} */
    private int check(PciBench bench, String when) {
        int mapped = 0;
        assertThat(bench.segment.functions()).as(when).hasSize(plugged.size() + 1);
        for (PciBench.Plugged device : plugged) {
            PciFunction function = device.function();
            assertThat(device.gate().isOpen()).as("%s: gate of %s", when, function.slot()).isTrue();
            assertThat(bench.segment.locked(() -> function.registers().read(0, 4)))
                    .as("%s: IDs of %s", when, function.slot())
                    .isEqualTo(function.layout().template().reset(0, 4));
            TransactionResult expected = mayStart(function) ? Done.DONE : Fault.BUS_MASTER_DISABLED;
            assertThat(device.context().dma().read(bench.context(), PciBench.RAM, 4))
                    .as("%s: DMA of %s", when, function.slot())
                    .isEqualTo(expected);
            assertThat(device.context().dma().attributes().requesterId())
                    .as("%s: requester ID of %s", when, function.slot())
                    .isEqualTo(requesterId(function));
        }
        for (MapEntry entry : bench.bus.memoryMap()) {
            if (!entry.owner().equals("ram") && !entry.region().equals("ecam")) {
                assertThat(inWindow(entry)).as("%s: %s", when, entry).isTrue();
                assertThat(bench.segment.functions())
                        .as("%s: %s", when, entry)
                        .filteredOn(function -> function.slot().equals(entry.owner()))
                        .allSatisfy(function -> assertThat(function.bars())
                                .anyMatch(bar -> bar.base() != -1 && answers(bar, entry)));
                mapped++;
            }
        }
        return mapped;
    }

    private static boolean answers(PciFabric.BarMapping bar, MapEntry entry) {
        long base = bar.kind().equals("io") ? bar.base() + PciBench.IO.base() : bar.base();
        return entry.base() >= base && entry.base() + entry.size() <= base + bar.size();
    }

    private static boolean inWindow(MapEntry entry) {
        for (var window : List.of(PciBench.IO, PciBench.MEMORY_32, PciBench.MEMORY_64)) {
            if (entry.base() >= window.base() && entry.base() + entry.size() <= window.base() + window.size()) {
                return true;
            }
        }
        return false;
    }

    private static boolean mayStart(PciFunction function) {
        FunctionRegisters registers = function.registers();
        boolean own = (registers.config().get(ConfigRegister.COMMAND, 2) & 4) != 0 && registers.isPowered();
        return own && (!(function.bus() instanceof SecondaryBus below) || mayStart(below.bridge()));
    }

    /** Only dev1 sits behind the bridge to conventional PCI, whose bus it borrows. */
    private static int requesterId(PciFunction function) {
        return function.slot().equals("dev1")
                ? function.bus().number() << 8
                : function.bus().number() << 8 | function.devfn();
    }

    @Test
    void threadsMayConfigureAtOnce() throws Exception {
        try (var bench = new PciBench()) {
            build(bench);
            var failure = new AtomicReference<Throwable>();
            var threads = new ArrayList<Thread>();
            for (int number = 0; number < 4; number++) {
                long seed = 100 + number;
                threads.add(Thread.ofPlatform().start(() -> {
                    try {
                        var random = new SplittableRandom(seed);
                        for (int i = 0; i < WRITES; i++) {
                            step(bench, random);
                        }
                    } catch (Throwable thrown) {
                        failure.set(thrown);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failure.get()).isNull();
            check(bench, "seeds 100 to 103");
        }
    }
}
