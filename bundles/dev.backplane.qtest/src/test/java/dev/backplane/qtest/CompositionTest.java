package dev.backplane.qtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.backplane.board.BoardDefinition;
import dev.backplane.qtest.commandline.CommandLineException;
import dev.backplane.qtest.commandline.CommandLineParser;
import dev.backplane.qtest.commandline.MachineOptions;
import dev.backplane.qtest.fake.FakeProviders;
import dev.backplane.qtest.qom.AnonymousSlots;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CompositionTest {
    private static BoardDefinition compose(String line) throws CommandLineException {
        return new Composition(new FakeProviders(), CommandLineParser.parse(Arrays.asList(line.split(" "))),
                        new AnonymousSlots())
                .definition(true, "qtest");
    }

    @Test
    void optionsOfTheMachineArePassedOn() throws Exception {
        BoardDefinition board = compose("-machine virt-10.0,iommu=smmuv3,acpi=off -m 1G -smp 2");
        assertThat(board.machine()).isEqualTo("virt");
        assertThat(board.options())
                .containsEntry("iommu", "smmuv3")
                .containsEntry("memory", "1073741824")
                .containsEntry("smp", "2")
                .containsEntry("clock", "manual")
                .doesNotContainKeys("acpi", "iommu-stage");
    }

    /** As clients expect of the machine when they ask for no version. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-M virt | 2", "-M virt -smp 8 | 2", "-M virt -smp 9 | 3", "-M virt -smp 2,maxcpus=9 | 3", "-M virt-9.1 | 2",
        "-M virt,gic-version=3 | 3", "-M virt,gic-version=2 -smp 4 | 2",
    })
    void theInterruptControllerIsTheOldOneWhileItCanServeAllProcessors(String line, String version) throws Exception {
        assertThat(compose(line).options()).containsEntry("gic-version", version);
    }

    @Test
    void withAnAcceleratorTheMachineChoosesTheInterruptController() throws Exception {
        var composition = new Composition(
                new FakeProviders(), CommandLineParser.parse(List.of("-M", "virt")), new AnonymousSlots());
        assertThat(composition.definition(false, "kvm").options()).doesNotContainKey("gic-version");
    }

    @ParameterizedTest
    @CsvSource({"virt, 32", "'virt,virtio-mmio-transports=0', 0", "'virt-10.0,virtio-mmio-transports=8', 8"})
    void virtioTransportsAreThereUnlessTheUserSaysOtherwise(String machine, String transports) throws Exception {
        assertThat(compose("-machine " + machine).options()).containsEntry("virtio-mmio-transports", transports);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-machine virt-9.1,iommu=smmuv3 | 1",
        "-machine virt-9.1,iommu=smmuv3 -global arm-smmuv3.stage=2 | 2",
        "-machine virt-2.6 -global arm-smmuv3.stage=nested | nested",
        "-machine virt-9.1 -global arm-smmuv3.stage=2 -global arm-smmuv3.stage=1 | 1",
        "-machine virt,iommu-stage=nested -global arm-smmuv3.stage=1 | nested",
    })
    void theMachinesOwnSmmuHasTheStageOfAGlobal(String line, String stage) throws Exception {
        assertThat(compose(line).options()).containsEntry("iommu-stage", stage);
    }

    @ParameterizedTest
    @ValueSource(strings = {"virt", "virt-9.2"})
    void aMachineOfBothStagesHasThemWhateverAGlobalSays(String machine) throws Exception {
        var composition = new Composition(
                new FakeProviders(),
                CommandLineParser.parse(List.of("-M", machine + ",iommu=smmuv3", "-global", "arm-smmuv3.stage=1")),
                new AnonymousSlots());
        assertThat(composition.definition(true, "qtest").options()).doesNotContainKey("iommu-stage");
        assertThat(composition.warnings()).singleElement().asString().contains("arm-smmuv3.stage", "iommu-stage=");
    }

    @Test
    void globalsOfTheSmmuReachWhichOneThereIs() throws Exception {
        assertThat(compose("-M virt -global arm-smmuv3.profile=default -global arm-smmuv3.level=4 -device arm-smmuv3")
                        .devices())
                .extracting(device -> device.properties())
                .containsExactly(Map.of("profile", "default", "level", "4"));
        assertThat(compose("-M virt,iommu=smmuv3 -global arm-smmuv3.profile=default").options())
                .containsEntry("iommu-profile", "default");
    }

    @Test
    void aGlobalOfAnUnknownTypeHasNoEffect() throws Exception {
        var composition = new Composition(
                new FakeProviders(), CommandLineParser.parse(List.of("-M", "virt", "-global", "PIIX4_PM.disable_s3=1")),
                new AnonymousSlots());
        composition.definition(true, "qtest");
        assertThat(composition.warnings()).containsExactly(
                "-global PIIX4_PM.disable_s3=1 has no effect: there is no device type 'PIIX4_PM'");
    }

    @Test
    void anSmmuShowsWhatClientsKnowUnlessTheUserSaysOtherwise() throws Exception {
        assertThat(compose("-M virt -device arm-smmuv3 -device arm-smmuv3,profile=default -device edu").devices())
                .extracting(device -> device.properties().get("profile"))
                .containsExactly("virt-11.1", "default", null);
    }

    @Test
    void anMsiControllerForARootBusOfItsOwnCanBeAdded() throws Exception {
        assertThat(compose("-M virt,gic-version=3 -device arm-gicv3-its,root-bus=pxb1").devices())
                .extracting(device -> device.deviceType(), device -> device.properties())
                .containsExactly(Tuple.tuple("arm-gicv3-its", Map.of("root-bus", "pxb1")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-M virt,gicversion=3 | -machine virt: unsupported option 'gicversion'; the nearest supported one is"
                + " 'gic-version'",
        "-M virt -device edo | -device edo: 'edo' is not a valid device model name; the nearest supported one is edu",
        "-M virt -device arm-gicv2 | -device arm-gicv2: 'arm-gicv2' is not a valid device model name; the nearest"
                + " supported one is arm-gicv3-its",
        "-M virt -device vfio-pci,host=1 | -device vfio-pci: 'vfio-pci' needs a.Host, which nothing provides",
        "-M virt -global arm-gicv3.level=4 | -global arm-gicv3.level=4: machine virt makes its arm-gicv3 itself and"
                + " does not take this property for it; leave it out, and see -machine virt,help for what it takes",
        "-M virt -global edu.lvl=4 | -global edu.lvl=4: edu has no property 'lvl'; it has level, profile, stage",
        "-M virt,memory=64M | -machine virt: unsupported option 'memory'; use -m",
        "-M virt,smp.cpus=2 | -machine virt: unsupported option 'smp.cpus'; use -smp",
        "-M virt -device arm-gicv3 | -device arm-gicv3: not a pluggable device type: machines make theirs themselves; see"
                + " -machine virt,help",
        "-M virt,smp=2 | -machine virt: unsupported option 'smp'; use -smp",
        "-M virt,clock=manual | -machine virt: unsupported option 'clock'; use -accel qtest, with which clients drive"
                + " it",
        "-M virt,gic-version=2 -smp 1,maxcpus=9 | -smp maxcpus=9: smp=9: too many for a GICv2",
        "-M virt-11.2 | unsupported machine type: \"virt-11.2\"; the nearest supported one is virt-11.1; use -machine"
                + " help to list supported machines",
        "-M vexpress | unsupported machine type: \"vexpress\"; the nearest supported one is virt; use -machine help to"
                + " list supported machines",
    })
    void whatIsNotThereIsNamed(String line, String message) {
        assertThatExceptionOfType(CommandLineException.class).isThrownBy(() -> compose(line)).withMessage(message);
    }

    @Test
    void oneModelIsEnoughToLookAtAType() throws Exception {
        var providers = new FakeProviders();
        var command = CommandLineParser.parse(List.of("-M", "virt", "-device", "edu", "-device", "edu"));
        new Composition(providers, command, new AnonymousSlots()).definition(true, "qtest");
        assertThat(providers.models()).isEqualTo(1);
    }

    @Test
    void aDeviceWithoutIdHasANameThatNoIdEquals() throws Exception {
        assertThat(compose("-M virt -device edu -device edu,id=edu0 -device edu").devices())
                .extracting(device -> device.id())
                .containsExactly("edu#0", "edu0", "edu#1");
    }

    @Test
    void theReadmeListsEachMachineOptionWithoutEffect() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        assertThat(MachineOptions.WITHOUT_EFFECT)
                .allSatisfy(option -> assertThat(readme).contains("`" + option + "`"));
    }
}
