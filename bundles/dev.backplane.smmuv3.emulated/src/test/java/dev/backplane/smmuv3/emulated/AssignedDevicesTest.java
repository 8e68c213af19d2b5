package dev.backplane.smmuv3.emulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.inspect.InspectNode;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.HostIommuDevice;
import dev.backplane.pci.MsiDoorbell;
import dev.backplane.pci.PciRequester;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A host device behind an SMMU in software. */
class AssignedDevicesTest {
    private static final PciRequester FUNCTION =
            new PciRequester(new Bdf(0, 1, 0), new Bdf(0, 1, 0), "vfio-pci", PciRequester.Kind.ASSIGNED_ENDPOINT);
    private static final int CR0 = 0x20;
    private static final int GBPA = 0x44;
    private static final long STREAMS = 0x4010_0000L;
    private static final long COMMANDS = 0x4020_0000L;

    private TestBoard board;
    private final Device device = new Device();
    private int produced;

    /** Writes down what it is told. */
    private static final class Device implements HostIommuDevice {
        private final List<String> told = new ArrayList<>();
        private boolean broken;

        @Override
        public String hostName() {
            return broken ? "0000:42:00.0" : "0000:41:00.0";
        }

        @Override
        public Optional<String> pass() {
            told.add("pass");
            return broken ? Optional.of("no room") : Optional.empty();
        }

        @Override
        public Optional<String> block() {
            told.add("block");
            return broken ? Optional.of("no room") : Optional.empty();
        }

        private String last() {
            return told.getLast();
        }
    }

    @BeforeEach
    void connect() throws Exception {
        board = new TestBoard(Map.of());
        board.reset();
        board.write(0x80, 8, STREAMS);
        board.write(0x88, 4, 8);
        board.write(0x90, 8, COMMANDS | 8);
        board.write(CR0, 4, 8);
        assertThat(board.smmu.iommuOps().setIommuDevice(FUNCTION, device)).isEmpty();
    }

    private void configure(long low, long high) {
        board.memory.put(COMMANDS + 16L * produced, low);
        board.memory.put(COMMANDS + 16L * produced + 8, high);
        board.write(0x98, 4, ++produced);
    }

    private InspectNode shown() {
        return board.smmu.statistics().child("assigned devices");
    }

    @Test
    void passesWhileTheSmmuIsDisabledUnlessGbpaAborts() {
        assertThat(device.told).containsExactly("pass");
        board.write(GBPA, 4, 0x8010_1000L);
        assertThat(device.last()).isEqualTo("block");
        board.write(GBPA, 4, 0x8000_1000L);
        assertThat(device.told).containsExactly("pass", "block", "pass");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0x0        | blocked | STE.V is 0",
        "0x1        | blocked | STE.Config",
        "0x9        | passes  | STE.Config",
        "0x4400000B | blocked | its STE translates, and no software walk can shadow-map a physical device",
    })
    void theSteDecidesWhileEnabled(String ste, String state, String reason) {
        board.memory.put(STREAMS + 64 * 8, Long.decode(ste));
        board.write(CR0, 4, 9);
        assertThat(shown().child("0x8").value()).isEqualTo(state);
        assertThat(shown().child("0x8").note()).isEqualTo(reason);
        assertThat(device.last()).isEqualTo(state.equals("passes") ? "pass" : "block");
        board.write(CR0, 4, 8);
        assertThat(device.last()).isEqualTo("pass");
    }

    @ParameterizedTest
    @CsvSource({"0x800000003, 1", "0x4, 31"})
    void aTranslatingSteIsRefusedVisiblyAndLookedAtAgain(String low, String high) {
        board.memory.put(STREAMS + 64 * 8, 9);
        board.write(CR0, 4, 9);
        board.memory.put(STREAMS + 64 * 8, 0x4400_000BL);
        assertThat(device.last()).isEqualTo("pass");
        configure(Long.decode(low), Long.decode(high));
        assertThat(device.last()).isEqualTo("block");
        assertThat(shown().child("translating STEs refused").value()).isEqualTo("1");
        assertThat(board.smmu.refuseToLeave(Map.of("accel", true)).orElseThrow()).contains("StreamID 0x8");
        assertThat(board.smmu.refuseToLeave(Map.of("accel", false))).isEmpty();
        configure(Long.decode(low), Long.decode(high));
        assertThat(shown().child("translating STEs refused").value()).as("said once").isEqualTo("1");
        board.memory.put(STREAMS + 64 * 8, 9);
        configure(Long.decode(low), Long.decode(high));
        assertThat(device.last()).isEqualTo("pass");
        assertThat(board.smmu.refuseToLeave(Map.of("accel", true))).isEmpty();
    }

    @Test
    void aDeviceThatCannotPassIsRefused() {
        var other = new Device();
        other.broken = true;
        var function = new PciRequester(
                new Bdf(0, 2, 0), new Bdf(0, 2, 0), "vfio-pci", PciRequester.Kind.ASSIGNED_ENDPOINT);
        assertThat(board.smmu.iommuOps().setIommuDevice(function, other)).contains("no room");
        assertThat(shown().child("0x10")).isNull();
    }

    @Test
    void itsDoorbellIsWhereItsAddressesLead() {
        assertThat(board.smmu.iommuOps().msiDoorbell(FUNCTION)).isEqualTo(MsiDoorbell.Translate.TRANSLATE);
        assertThat(board.smmu.iommuOps().addressSpace(FUNCTION)).isSameAs(board.space());
    }

    @Test
    void aSuccessorDecidesWhenItRunsAndThePredecessorNoMore() throws Exception {
        board.memory.put(STREAMS + 64 * 8, 9);
        board.write(CR0, 4, 9);
        var successor = new TestBoard(board.memory, Map.of());
        device.told.clear();
        assertThat(successor.smmu.iommuOps().setIommuDevice(FUNCTION, device)).isEmpty();
        board.smmu.quiesce();
        successor.smmu.restore(board.smmu.save());
        assertThat(device.told).as("nothing happens in between").isEmpty();
        successor.smmu.resume();
        assertThat(device.told).containsExactly("pass");
        board.smmu.iommuOps().unsetIommuDevice(FUNCTION);
        assertThat(device.told).containsExactly("pass");
    }

    @Test
    void aDeviceThatIsGoneIsToldNothing() {
        board.smmu.iommuOps().unsetIommuDevice(FUNCTION);
        device.told.clear();
        board.write(GBPA, 4, 0x8010_1000L);
        assertThat(device.told).isEmpty();
    }
}
