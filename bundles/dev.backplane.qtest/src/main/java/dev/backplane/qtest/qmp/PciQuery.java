package dev.backplane.qtest.qmp;

import dev.backplane.board.Board;
import dev.backplane.board.PciFabric;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.Bdf;
import dev.backplane.qtest.pci.PluggedFunctions;
import dev.backplane.qtest.qom.AnonymousSlots;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What query-pci tells: functions by bus, as configuration space has them now. */
final class PciQuery {
    private static final int BUS_NUMBERS = 0x18;

    // Windows of a bridge (PCI Express Base, section 7.5.1.3).
    private static final int IO_WINDOW = 0x1C;
    private static final int MEMORY_WINDOW = 0x20;
    private static final int PREFETCHABLE_WINDOW = 0x24;
    private static final int PREFETCHABLE_BASE_UPPER = 0x28;
    private static final int PREFETCHABLE_LIMIT_UPPER = 0x2C;
    private static final int IO_UPPER = 0x30;
    private static final int WIDE = 0xF;

    private static final int SUBSYSTEM = 0x2C;
    private static final int INTERRUPT = 0x3C;

    private final Optional<Board> board;

    PciQuery(Optional<Board> board) {
        this.board = board;
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("query-pci", arguments -> buses()));
    }

    private Object buses() {
        List<Object> buses = new ArrayList<>();
        board.ifPresent(machine -> {
            PluggedFunctions plugged = PluggedFunctions.of(machine);
            machine.pci().rootBuses().forEach(root -> buses.add(Members.of(
                    "bus", (long) root.firstBus(),
                    "devices", devices(machine, plugged, root.name()))));
        });
        return buses;
    }

    private static List<Object> devices(Board machine, PluggedFunctions plugged, String bus) {
        List<Object> devices = new ArrayList<>();
        plugged.on(bus).forEach(function -> devices.add(device(machine, plugged, function)));
        return devices;
    }

    private static Map<String, Object> device(
            Board machine, PluggedFunctions plugged, PciFabric.Function function) {
        PciFabric pci = machine.pci();
        TransactionContext context = machine.epochs().context();
        Bdf address = function.address();
        boolean bridge = plugged.isBridge(function);
        Map<String, Object> id =
                Members.of("device", (long) function.deviceId(), "vendor", (long) function.vendorId());
        if (!bridge) {
            int subsystem = pci.readConfig(context, address, SUBSYSTEM, 4);
            id.put("subsystem-vendor", subsystem & 0xFFFFL);
            id.put("subsystem", subsystem >>> 16 & 0xFFFFL);
        }
        int interrupt = pci.readConfig(context, address, INTERRUPT, 2);
        Map<String, Object> device = Members.of(
                "bus", (long) address.bus(),
                "slot", (long) address.device(),
                "function", (long) address.function(),
                "class_info", Members.of("class", (long) (function.classCode() >>> 8)),
                "id", id,
                "irq_pin", (long) (interrupt >>> 8 & 0xFF),
                "qdev_id", AnonymousSlots.isAnonymous(function.slot()) ? "" : function.slot(),
                "regions", regions(function));
        if ((interrupt >>> 8 & 0xFF) != 0) {
            device.put("irq", (long) (interrupt & 0xFF));
        }
        if (bridge) {
            int numbers = pci.readConfig(context, address, BUS_NUMBERS, 4);
            int secondary = numbers >>> 8 & 0xFF;
            Map<String, Object> below = Members.of("bus", Members.of(
                    "number", (long) (numbers & 0xFF),
                    "secondary", (long) secondary,
                    "subordinate", (long) (numbers >>> 16 & 0xFF),
                    "io_range", io(pci, context, address),
                    "memory_range", memory(pci, context, address),
                    "prefetchable_range", prefetchable(pci, context, address)));
            if (secondary != 0) {
                below.put("devices", devices(machine, plugged, function.slot()));
            }
            device.put("pci_bridge", below);
        }
        return device;
    }

    private static Map<String, Object> io(PciFabric pci, TransactionContext context, Bdf bridge) {
        int window = pci.readConfig(context, bridge, IO_WINDOW, 2);
        long base = (window & 0xF0) << 8;
        long limit = (window >>> 8 & 0xF0) << 8 | 0xFFF;
        if ((window & WIDE) == 1) {
            int upper = pci.readConfig(context, bridge, IO_UPPER, 4);
            base |= (upper & 0xFFFFL) << 16;
            limit |= (upper >>> 16 & 0xFFFFL) << 16;
        }
        return Members.of("base", base, "limit", limit);
    }

    private static Map<String, Object> memory(PciFabric pci, TransactionContext context, Bdf bridge) {
        int window = pci.readConfig(context, bridge, MEMORY_WINDOW, 4);
        return Members.of("base", memoryBase(window), "limit", memoryLimit(window));
    }

    private static Map<String, Object> prefetchable(PciFabric pci, TransactionContext context, Bdf bridge) {
        int window = pci.readConfig(context, bridge, PREFETCHABLE_WINDOW, 4);
        long base = memoryBase(window);
        long limit = memoryLimit(window);
        if ((window & WIDE) == 1) {
            base |= (pci.readConfig(context, bridge, PREFETCHABLE_BASE_UPPER, 4) & 0xFFFF_FFFFL) << 32;
            limit |= (pci.readConfig(context, bridge, PREFETCHABLE_LIMIT_UPPER, 4) & 0xFFFF_FFFFL) << 32;
        }
        return Members.of("base", base, "limit", limit);
    }

    private static long memoryBase(int window) {
        return (window & 0xFFF0L) << 16;
    }

    private static long memoryLimit(int window) {
        return (window >>> 16 & 0xFFF0L) << 16 | 0xF_FFFF;
    }

    private static List<Object> regions(PciFabric.Function function) {
        List<Object> regions = new ArrayList<>();
        for (PciFabric.BarMapping bar : function.bars()) {
            boolean io = bar.kind().equals("io");
            Map<String, Object> region = Members.of(
                    "bar", (long) bar.index(),
                    "type", io ? "io" : "memory",
                    "address", bar.base(),
                    "size", bar.size());
            if (!io) {
                region.put("mem_type_64", bar.kind().equals("mem64"));
                region.put("prefetch", false);
            }
            regions.add(region);
        }
        return regions;
    }
}
