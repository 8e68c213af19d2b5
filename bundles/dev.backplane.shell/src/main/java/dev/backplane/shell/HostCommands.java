package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.Slot;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostFaults;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.hostpci.HostPciDevices;
import dev.backplane.inspect.InspectNode;
import dev.backplane.shell.text.NearMiss;
import dev.backplane.shell.text.Numbers;
import dev.backplane.shell.text.Table;
import dev.backplane.shell.text.Tree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** Commands about the host: its devices, its I/O page tables, and failures on purpose. */
@Component(service = HostCommands.class)
@GogoCommand(scope = "host", function = {"list", "objects", "fail"})
public final class HostCommands {
    /** Device type of assigned host devices. */
    static final String ASSIGNED = "vfio-pci";

    /** Property of such a device: its address on the host. */
    static final String HOST = "host";

    private static final int MOST_CALLS = 1_000_000;

    private final Boards boards;

    @Reference(
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    volatile HostPciDevices devices;

    @Reference(
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    volatile HostIommu iommu;

    @Reference(
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    volatile HostFaults faults;

    /** Made by the framework. */
    @Activate
    public HostCommands(@Reference Boards boards) {
        this.boards = boards;
    }

    private static <T> T present(T service, String what) {
        if (service == null) {
            throw new IllegalArgumentException(
                    "no bundle offers %s; install one, for example the feature backplane-host-sim".formatted(what));
        }
        return service;
    }

    /** {@return the host's devices} */
    @Descriptor("List the host's PCI devices that can be assigned, and which slot has each")
    public String list(CommandSession session) {
        Map<String, String> owners = owners(boards);
        var table = new Table(Output.isTerminal(session), "host", "IDs", "kind", "SMMU", ">StreamID", "state", "slot");
        for (InspectNode device : present(devices, "a host's PCI devices").inspect()) {
            table.row(device.name(), value(device, "IDs"), value(device, "kind"), value(device, "SMMU"),
                    value(device, "StreamID"), value(device, "state"), owners.getOrDefault(device.name(), "-"));
        }
        return table.render();
    }

    /** {@return where each assigned device is, as board:slot, by its address on the host} */
    static Map<String, String> owners(Boards boards) {
        var owners = new TreeMap<String, String>();
        for (Board board : boards.list()) {
            for (Slot slot : board.slots()) {
                if (slot.definition().deviceType().equals(ASSIGNED)
                        && slot.properties().get(HOST) instanceof String host) {
                    owners.put(full(host), board.name() + ":" + slot.name());
                }
            }
        }
        return owners;
    }

    /** {@return an address with its domain} */
    static String full(String host) {
        return host.indexOf(':') == host.lastIndexOf(':') ? "0000:" + host : host;
    }

    private static String value(InspectNode node, String name) {
        InspectNode child = node.child(name);
        return child == null ? "-" : child.value();
    }

    /** {@return what is allocated} */
    @Descriptor("Show the objects of each open iommufd with their parents and users, and what the host itself uses")
    public String objects(CommandSession session) {
        InspectNode host = present(iommu, "a host's IOMMU").inspect();
        var parts = new ArrayList<String>();
        var rest = new ArrayList<InspectNode>();
        for (InspectNode node : host.children()) {
            if (node.children().stream().anyMatch(child -> child.child("parents") != null)) {
                var table = new Table(Output.isTerminal(session), ">id", "type", "parents", ">users", "what");
                node.children().forEach(object -> table.row(object.name(), object.value(),
                        value(object, "parents").isEmpty() ? "-" : value(object, "parents"), value(object, "users"),
                        object.note()));
                parts.add(node.name() + "\n" + table.render());
            } else {
                rest.add(node);
            }
        }
        parts.add(Tree.draw(InspectNode.group("host " + host.name(), rest)));
        return String.join("\n\n", parts);
    }

    /** {@return what is planned} */
    @Descriptor("Let an operation of a simulated host fail on purpose (host:fail IOMMU_HWPT_ALLOC ENOMEM --after 2), "
            + "show what is to fail (host:fail), or end it (host:fail --clear)")
    public String fail(
            CommandSession session,
            @Descriptor("let all operations succeed again")
            @Parameter(names = {"-c", "--clear"}, presentValue = "true", absentValue = "false") boolean clear,
            @Descriptor("how many calls succeed before, default 0")
            @Parameter(names = {"-a", "--after"}, absentValue = "0") String after,
            @Descriptor("operation and errno") String... what) {
        HostFaults plan = present(faults, "failures on purpose");
        if (clear) {
            plan.clear();
            return "all operations of the host succeed as far as it can do them";
        }
        if (what.length == 0) {
            List<InspectNode> planned = plan.inspect();
            return planned.isEmpty()
                    ? "nothing is to fail; operations: " + String.join(", ", plan.operations())
                    : Tree.draw(InspectNode.group("to fail", planned));
        }
        if (what.length != 2) {
            throw new IllegalArgumentException("'%s': expected an operation and an errno, such as host:fail "
                    .formatted(String.join(" ", what)) + "IOMMU_HWPT_ALLOC ENOMEM; host:fail lists the operations");
        }
        if (!plan.operations().contains(what[0])) {
            throw NearMiss.unknown("operation", what[0], plan.operations(), "host:fail shows all");
        }
        int calls = (int) Numbers.parse("after", after, MOST_CALLS);
        plan.fail(what[0], errno(what[1]), calls);
        return calls == 0
                ? "%s fails with %s from now on; host:fail --clear ends it".formatted(what[0], what[1])
                : "%s fails with %s after %d calls; host:fail --clear ends it".formatted(what[0], what[1], calls);
    }

    private static Errno errno(String name) {
        return Arrays.stream(Errno.values())
                .filter(errno -> errno.name().equals(name))
                .findFirst()
                .orElseThrow(unknown(name));
    }

    private static Supplier<IllegalArgumentException> unknown(String name) {
        List<String> names = Arrays.stream(Errno.values()).map(Errno::name).toList();
        return () -> NearMiss.unknown("errno", name, names, "it has " + String.join(", ", names));
    }
}
