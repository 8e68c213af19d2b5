package dev.backplane.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostFaults;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.hostiommu.Iommufd;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.hostpci.HostPciDevices;
import dev.backplane.hostpci.HostPciFunction;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Commands about a host, with a host that answers from a script. */
class HostCommandsTest {
    private final FakeBoard board = new FakeBoard("main")
            .slot("nic0", "vfio-pci", (Inspectable) () -> InspectNode.group("vfio-pci",
                    List.of(InspectNode.number("vectors", 3))));
    private final GogoSession gogo = new GogoSession(board);
    private final HostCommands host = new HostCommands(gogo);
    private final VfioCommands vfio = new VfioCommands(gogo);
    private final List<String> planned = new ArrayList<>();

    @BeforeEach
    void offer() {
        host.devices = new Devices();
        host.iommu = new Objects();
        vfio.iommu = host.iommu;
        host.faults = new Faults();
    }

    @AfterEach
    void end() {
        gogo.close();
    }

    @Test
    void listsDevices() {
        assertThat(host.list(gogo.session)).contains("0000:01:00.0  1234:ba01  dma   host-smmu0     0x100  free   -");
    }

    @Test
    void listsObjectsByFile() {
        assertThat(host.objects(gogo.session))
                .contains("iommufd 0")
                .contains(" 2  hwpt  ioas 1       1  nesting parent")
                .contains("pages of the host  7");
    }

    @Test
    void plansFailures() {
        assertThat(host.fail(gogo.session, false, "0")).isEqualTo("nothing is to fail; operations: IOMMU_HWPT_ALLOC");
        assertThat(host.fail(gogo.session, false, "2", "IOMMU_HWPT_ALLOC", "ENOMEM"))
                .isEqualTo("IOMMU_HWPT_ALLOC fails with ENOMEM after 2 calls; host:fail --clear ends it");
        assertThat(planned).containsExactly("IOMMU_HWPT_ALLOC ENOMEM 2");
        assertThat(host.fail(gogo.session, false, "0")).contains("IOMMU_HWPT_ALLOC  ENOMEM");
        host.fail(gogo.session, true, "0");
        assertThat(planned).isEmpty();
    }

    @Test
    void saysWhatIsWrongWithAPlan() {
        assertThatThrownBy(() -> host.fail(gogo.session, false, "0", "IOMMU_HWPT_ALLOK", "ENOMEM"))
                .hasMessageContaining("no operation 'IOMMU_HWPT_ALLOK'; did you mean 'IOMMU_HWPT_ALLOC'?");
        assertThatThrownBy(() -> host.fail(gogo.session, false, "0", "IOMMU_HWPT_ALLOC", "ENOMEN"))
                .hasMessageContaining("no errno 'ENOMEN'; did you mean 'ENOMEM'");
        assertThatThrownBy(() -> host.fail(gogo.session, false, "0", "IOMMU_HWPT_ALLOC"))
                .hasMessageContaining("'IOMMU_HWPT_ALLOC': expected an operation and an errno");
        assertThatThrownBy(() -> host.fail(gogo.session, false, "many", "IOMMU_HWPT_ALLOC", "ENOMEM"))
                .hasMessageContaining("after 'many' is no number");
    }

    @Test
    void saysWhatToInstallWithoutAHost() {
        host.devices = null;
        assertThatThrownBy(() -> host.list(gogo.session)).hasMessage(
                "no bundle offers a host's PCI devices; install one, for example the feature backplane-host-sim");
    }

    @Test
    void listsAssignedDevices() {
        assertThat(vfio.list(gogo.session, "")).contains("nic0").contains("3  ");
        gogo.boards.clear();
        gogo.boards.add(new FakeBoard("main"));
        assertThat(vfio.list(gogo.session, "")).startsWith("board 'main' has no host device; host:list shows");
    }

    private static final class Devices implements HostPciDevices {
        @Override
        public List<String> addresses() {
            return List.of("0000:01:00.0");
        }

        @Override
        public HostPciFunction function(String address) {
            return new HostPciFunction(address, new byte[4096], List.of());
        }

        @Override
        public HostPciDevice open(String address) {
            throw new AssertionError("nobody is to open " + address);
        }

        @Override
        public List<InspectNode> inspect() {
            return List.of(InspectNode.group("0000:01:00.0", List.of(
                    InspectNode.text("IDs", "1234:ba01"), InspectNode.text("kind", "dma"),
                    InspectNode.text("SMMU", "host-smmu0"), InspectNode.text("StreamID", "0x100"),
                    InspectNode.text("state", "free"))));
        }
    }

    private static final class Objects implements HostIommu {
        @Override
        public String name() {
            return "fake";
        }

        @Override
        public Iommufd open() {
            throw new AssertionError("nobody is to open it");
        }

        @Override
        public InspectNode inspect() {
            return InspectNode.group("fake", List.of(
                    InspectNode.group("iommufd 0", List.of(
                            object(1, "ioas", "", 1, "1 mappings"),
                            object(2, "hwpt", "ioas 1", 1, "nesting parent"))),
                    InspectNode.group("memory", List.of(InspectNode.number("pages of the host", 7)))));
        }

        private static InspectNode object(int id, String type, String parents, int users, String what) {
            return new InspectNode(Integer.toString(id), type, what, List.of(
                    InspectNode.text("type", type), InspectNode.text("parents", parents),
                    InspectNode.number("users", users)));
        }
    }

    private final class Faults implements HostFaults {
        @Override
        public List<String> operations() {
            return List.of("IOMMU_HWPT_ALLOC");
        }

        @Override
        public void fail(String operation, Errno errno, int after) {
            planned.add("%s %s %d".formatted(operation, errno, after));
        }

        @Override
        public void clear() {
            planned.clear();
        }

        @Override
        public List<InspectNode> inspect() {
            return planned.stream()
                    .map(plan -> InspectNode.text(plan.split(" ")[0], plan.split(" ")[1]))
                    .toList();
        }
    }
}
