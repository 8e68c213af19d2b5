package dev.backplane.qtest.qmp;

import dev.backplane.board.Board;
import dev.backplane.board.PciFabric;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.Bdf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What query-pci tells: functions by bus, as configuration space has them now. */
final class PciQuery {
    private static final int HEADER_TYPE = 0x0E;
    private static final int BRIDGE_HEADER = 1;
    private static final int BUS_NUMBERS = 0x18;
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
        board.ifPresent(machine -> machine.pci().rootBuses().forEach(root -> buses.add(Members.of(
                "bus", (long) root.firstBus(),
                "devices", devices(machine, root.firstBus())))));
        return buses;
    }

    private static List<Object> devices(Board machine, int bus) {
        PciFabric pci = machine.pci();
        List<Object> devices = new ArrayList<>();
        for (PciFabric.Function function : pci.functions()) {
            if (function.address().bus() == bus) {
                devices.add(device(machine, function));
            }
        }
        return devices;
    }

    private static Map<String, Object> device(Board machine, PciFabric.Function function) {
        PciFabric pci = machine.pci();
        TransactionContext context = machine.epochs().context();
        Bdf address = function.address();
        boolean bridge = (pci.readConfig(context, address, HEADER_TYPE, 1) & 0x7F) == BRIDGE_HEADER;
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
                "qdev_id", function.slot(),
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
                    "subordinate", (long) (numbers >>> 16 & 0xFF)));
            if (secondary != 0) {
                below.put("devices", devices(machine, secondary));
            }
            device.put("pci_bridge", below);
        }
        return device;
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
