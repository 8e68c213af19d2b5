package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.Slot;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.inspect.InspectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ops4j.pax.exam.Option;

/** Boards whose PCI devices are the host's, behind an SMMU whose stage 1 the host carries out. */
final class AcceleratedMachine {
    /** Name of the first SMMU; where its registers are is up to the board. */
    static final String SMMU = "smmu0";

    /** Name of the first assigned device. */
    static final String NIC = "nic0";

    /** Where the driver of the SMMU keeps its tables: a megabyte. */
    static final long SMMU_AREA = 0x4010_0000L;

    /** Where the driver of the GIC keeps its tables: a megabyte. */
    static final long GIC_AREA = 0x4020_0000L;

    /** What every guest has to map as it is: there the host has devices write their messages. */
    static final long MESSAGE_WINDOW = 0x0800_0000L;

    private AcceleratedMachine() {}

    /** {@return the options that give a test container all that such boards are made of} */
    static Option features() {
        return ShippedFeatures.provision(
                "backplane-core",
                "backplane-virt",
                "backplane-smmuv3-emulated",
                "backplane-smmuv3-accel",
                "backplane-gicv3",
                "backplane-gicv2m",
                "backplane-host-sim",
                "backplane-kvm-sim",
                "backplane-vfio",
                "backplane-devices");
    }

    static DeviceRequest smmu(String id, String bus) {
        return device("arm-smmuv3", id, "", "accel=on", "primary-bus=" + bus);
    }

    static DeviceRequest assigned(String id, String host) {
        return device("vfio-pci", id, "", "host=" + host, "iommufd=iommufd0");
    }

    /** {@return a request with properties as {@code key=value}} */
    static DeviceRequest device(String type, String id, String bus, String... properties) {
        var values = new HashMap<String, String>();
        for (String property : properties) {
            int equals = property.indexOf('=');
            values.put(property.substring(0, equals), property.substring(equals + 1));
        }
        return new DeviceRequest(type, id, bus, "", values);
    }

    /** {@return a complete board with KVM, a GICv3 and these devices; options as {@code key=value}} */
    static Machine create(Boards boards, String name, List<String> options, DeviceRequest... devices)
            throws InterruptedException {
        Board board = definition(boards, name, options, devices);
        assertThat(board.awaitComplete(Duration.ofSeconds(30)))
                .as("board complete; why: %s", board.why())
                .isTrue();
        return new Machine(board);
    }

    /** {@return such a board, which may not be complete} */
    static Board definition(Boards boards, String name, List<String> options, DeviceRequest... devices) {
        var all = new HashMap<>(Map.of(
                "accel", "kvm", "gic-version", "3", "clock", "manual", "memory", "64M", "slot-timeout", "60000"));
        for (String option : options) {
            all.put(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        }
        return boards.create(new BoardDefinition(name, "virt", all, List.of(devices)));
    }

    /** {@return where a slot's registers are} */
    static long base(Machine machine, String slot) {
        return machine.board().memoryMap().stream()
                .filter(entry -> entry.owner().equals(slot))
                .mapToLong(Board.MapEntry::base)
                .min()
                .orElseThrow(() -> new AssertionError("slot %s has no registers".formatted(slot)));
    }

    /** What one of the VMM's parts did on the system bus. */
    record Access(String initiator, boolean write, long address, int length) {
        boolean touches(long first, long end) {
            return address < end && address + length > first;
        }
    }

    /** Notes all that any slot, the accelerator or the engine does on the system bus, until it is closed. */
    static final class Recording implements AutoCloseable {
        private static final List<String> OTHERS = List.of("kvm");

        private final List<Access> accesses = Collections.synchronizedList(new ArrayList<>());
        private final List<AutoCloseable> recorders = new ArrayList<>();

        Recording(Board board) {
            var names = new ArrayList<>(OTHERS);
            board.slots().stream().map(Slot::name).forEach(names::add);
            names.forEach(name -> recorders.add(board.record(name, (write, address, length) ->
                    accesses.add(new Access(name, write, address, length)))));
        }

        /** {@return what touched a range so far} */
        List<Access> touching(long first, long length) {
            synchronized (accesses) {
                return accesses.stream().filter(access -> access.touches(first, first + length)).toList();
            }
        }

        @Override
        public void close() throws Exception {
            for (AutoCloseable recorder : recorders) {
                recorder.close();
            }
        }
    }

    /** {@return what the host has given away: objects of all iommufds, VMIDs and ASIDs, pages of its memory} */
    static Map<String, Long> inUse(HostIommu host) {
        var use = new HashMap<String, Long>();
        for (InspectNode node : host.inspect().children()) {
            if (node.name().startsWith("iommufd")) {
                node.children().forEach(object -> use.merge(object.value(), 1L, Long::sum));
            }
            for (String field : List.of("VMIDs", "ASIDs", "pages of the host", "bytes pinned")) {
                if (node.child(field) != null) {
                    use.put(node.name() + " " + field, Long.decode(node.child(field).value()));
                }
            }
        }
        return use;
    }
}
