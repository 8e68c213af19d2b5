package dev.backplane.smmuv3.emulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.HostIommuDevice;
import dev.backplane.pci.PciRequester;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class EmulatedSmmuTest {
    private static final TransactionAttributes STREAM_8 = TransactionAttributes.ofRequester(8);
    private static final int CR0 = 0x20;
    private static final int GBPA = 0x44;

    @Test
    void describesTwoPagesAndFourLines() throws Exception {
        var description = new TestBoard(Map.of()).smmu.describe();
        var region = description.regions().getFirst();
        assertThat(description.regions()).hasSize(1);
        assertThat(region.size()).isEqualTo(0x20000);
        assertThat(region.minAccess()).isEqualTo(4);
        assertThat(region.maxAccess()).isEqualTo(8);
        assertThat(region.concurrent()).isTrue();
        assertThat(description.lines()).containsExactly("eventq", "priq", "cmdq-sync", "gerror");
    }

    @ParameterizedTest
    @CsvSource({
        "1,      0xD44101A, 0x1404",
        "2,      0xD441019, 0x1414",
        "nested, 0xD44101B, 0x1414",
    })
    void stageDecidesWhatProfileVirt111Shows(String stage, String idr0, String idr3) throws Exception {
        var board = new TestBoard(Map.of("profile", "virt-11.1", "stage", stage));
        assertThat(board.read(0x00, 4)).isEqualTo(Long.decode(idr0));
        assertThat(board.read(0x0C, 4)).isEqualTo(Long.decode(idr3));
        assertThat(board.read(0x14, 4)).isEqualTo(0x74);
    }

    @Test
    void theDefaultProfileFollowsItsProperties() throws Exception {
        var board = new TestBoard(Map.of(
                "oas", "40", "ril", "off", "granules", "4K, 64k", "sidsize", 8, "cmdqs", "7", "eventqs", 6));
        assertThat(board.read(0x04, 4) & 0x3FF_F83FL).isEqualTo(7L << 21 | 6L << 16 | 8);
        assertThat(board.read(0x0C, 4) & 0x400).isZero();
        assertThat(board.read(0x14, 4) & 0x77).isEqualTo(0x52);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "profile=virt-11.1 ril=off | ril can only be disabled if accel=on or profile=default",
        "profile=virt-11.1 oas=48  | oas must be 44 bits when accel=off and profile=virt-11.1",
        "ats=on                    | ats can only be enabled if accel=on",
        "ssidsize=5                | ssidsize can only be greater than 0 bits if accel=on",
        "ssidsize=21               | property ssidsize: '21' does not fit: expected auto or 0 to 20",
        "cmdqv=on                  | cmdqv can only be enabled if accel=on",
        "granules=8K               | property granules: '8K' does not fit: expected some of 4K, 16K, 64K",
        "oas=52 granules=4K        | oas 52 needs the 64K granule",
        "sidsize=40                | sidsize 40 is out of range: expected 1 to 32",
        "cmdqs=20                  | cmdqs 20 is out of range: expected 1 to 19",
        "stage=3                   | property stage: '3' does not fit: expected one of 1, 2, nested",
        "colour=red                | arm-smmuv3 has no property 'colour'",
    })
    void refusesContradictionsByName(String given, String message) {
        var properties = new java.util.HashMap<String, Object>();
        for (String pair : given.split(" ")) {
            properties.put(pair.split("=")[0], pair.split("=")[1]);
        }
        assertThatThrownBy(() -> new TestBoard(properties))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void needsABus() {
        assertThatThrownBy(() -> new TestBoard(Map.of("primary-bus", "")))
                .isInstanceOf(RealizeException.class)
                .hasMessageContaining("SMMU is not attached to any PCI bus!");
    }

    @Test
    void theFactoryNamesItsTypeAndEveryDefaultFits() {
        DeviceFactory factory = new EmulatedSmmuFactory();
        assertThat(factory.type()).isEqualTo("arm-smmuv3");
        assertThat(factory.description()).isNotBlank();
        assertThat(factory.create(DeviceProperties.of("arm-smmuv3", factory.properties(), Map.of())))
                .isInstanceOf(EmulatedSmmu.class);
    }

    @ParameterizedTest
    @EnumSource(PciRequester.Kind.class)
    void takesEveryFunction(PciRequester.Kind kind) throws Exception {
        var ops = new TestBoard(Map.of()).smmu.iommuOps();
        var function = new PciRequester(new Bdf(0, 2, 0), new Bdf(0, 2, 0), "any", kind);
        assertThat(ops.supportsAddressSpace(function)).isEmpty();
    }

    /** IHI 0070 sections 3.11 and 6.3.15. */
    @Test
    void whileDisabledGbpaPassesOrAbortsEverything() throws Exception {
        var board = new TestBoard(Map.of());
        board.reset();
        assertThat(translate(board)).isInstanceOf(Translation.Mapped.class);
        assertThat(((Translation.Mapped) translate(board)).apply(0x1234)).isEqualTo(0x1234);
        board.write(GBPA, 4, 0x8010_0000L);
        assertThat(translate(board)).isEqualTo(Translation.Terminated.ABORT);
        assertThat(board.smmu.explain(STREAM_8, 0x1234, AccessKind.READ).tree().child("GBPA").note())
                .contains("SMMUEN is 0");
        board.write(GBPA, 4, 0x8000_1000L);
        assertThat(translate(board)).isInstanceOf(Translation.Mapped.class);
        assertThat(board.pulses).isEmpty();
    }

    private static Translation translate(TestBoard board) {
        return board.space().translate(board.context(), STREAM_8, 0x1234, AccessKind.READ);
    }

    @Test
    void resetsInTheExitPhaseOnly() throws Exception {
        var board = new TestBoard(Map.of());
        board.write(CR0, 4, 0xD);
        board.smmu.reset(ResetKind.COLD, ResetPhase.ENTER);
        board.smmu.reset(ResetKind.COLD, ResetPhase.HOLD);
        assertThat(board.read(CR0, 4)).isEqualTo(0xD);
        board.smmu.reset(ResetKind.COLD, ResetPhase.EXIT);
        assertThat(board.read(CR0, 4)).isZero();
    }

    @Test
    void aSuccessorGoesOnWhereTheOldOneStopped() throws Exception {
        var old = Capture.board();
        old.smmu.quiesce();
        SavedState state = old.smmu.save();
        var successor = new TestBoard(old.memory, Map.of("profile", "virt-11.1"));
        successor.smmu.restore(state);
        successor.smmu.resume();
        old.smmu.unrealize();
        assertThat(successor.smmu.save()).isEqualTo(state);
        assertThat(((Translation.Mapped) successor.space().translate(
                                successor.context(), STREAM_8, 0xffff_f040L, AccessKind.WRITE))
                        .apply(0xffff_f040L))
                .isEqualTo(0x0809_0040L);
        assertThat(successor.smmu.streams()).contains(8);
    }

    @Test
    void refusesStatesOfOthersAndOfNewerLayouts() throws Exception {
        var smmu = new TestBoard(Map.of()).smmu;
        assertThatThrownBy(() -> smmu.restore(new SavedState("edu", 1, Map.of())))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("state is of a edu");
        assertThatThrownBy(() -> smmu.restore(new SavedState("arm-smmuv3", 2, Map.of())))
                .hasMessageContaining("layout version 2");
        assertThatThrownBy(() -> smmu.restore(new SavedState("arm-smmuv3", 1, Map.of())))
                .hasMessageContaining("field registers");
    }

    @Test
    void aFaultIsRecordedAndInterrupts() throws Exception {
        var board = new TestBoard(Map.of());
        board.reset();
        board.memory.put(0x4001_0000L, 0);
        board.write(0x80, 8, 0x4001_0000L);
        board.write(0x88, 4, 4);
        board.write(0xA0, 8, 0x4002_0003L);
        board.write(0x50, 4, 5);
        board.write(CR0, 4, 5);
        assertThat(translate(board)).isEqualTo(Translation.Terminated.ABORT);
        assertThat(board.memory.get(0x4002_0000L)).isEqualTo(0x8_0000_0004L);
        assertThat(board.pulses).isEqualTo(List.of("eventq"));
        assertThat(board.smmu.events().getFirst().name()).isEqualTo("C_BAD_STE");
        assertThat(board.smmu.streamTableEntry(8).child("STE[0x8]").child("V").value()).isEqualTo("0x0");
        assertThat(board.smmu.contextDescriptor(8, 0).child("result").child("C_BAD_STE").note())
                .isEqualTo("recorded");
    }

    /** A device that the host would have to translate for: none of its methods may be called. */
    private static final class AssignedDevice implements HostIommuDevice {
        @Override
        public String hostName() {
            return "0000:41:00.0";
        }

        @Override
        public Optional<String> pass() {
            throw new AssertionError("its DMA does not pass through software");
        }

        @Override
        public Optional<String> block() {
            throw new AssertionError("its DMA does not pass through software");
        }
    }
}
