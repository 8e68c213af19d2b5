package dev.backplane.qtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.backplane.board.BoardDefinition;
import dev.backplane.qtest.commandline.CommandLineException;
import dev.backplane.qtest.commandline.CommandLineParser;
import dev.backplane.qtest.fake.FakeProviders;
import dev.backplane.qtest.qom.AnonymousSlots;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HelpTextsTest {
    @Test
    void onlyTypesThatCanBeAddedAreListed() {
        assertThat(new HelpTexts(new FakeProviders()).devices().lines())
                .extracting(line -> line.split("\"")[1])
                .containsExactly("arm-gicv3-its", "arm-smmuv3", "edu");
    }

    @Test
    void theOptionsOfATypeThatMachinesMakeAreKnown() throws Exception {
        assertThat(new HelpTexts(new FakeProviders()).deviceProperties("arm-gicv3")).contains("level=<uint32>");
    }

    @Test
    void aMachineThatIsNotThereIsNamedWithTheNearest() {
        assertThatExceptionOfType(CommandLineException.class)
                .isThrownBy(() -> new HelpTexts(new FakeProviders()).machineOptions("vrit"))
                .withMessage("unsupported machine type: \"vrit\"; the nearest supported one is virt; use -machine help"
                        + " to list supported machines");
    }

    /** What a command line gives a machine that says nothing is no secret of it. */
    @ParameterizedTest
    @ValueSource(strings = {"gic-version", "iommu-profile", "virtio-mmio-transports"})
    void theHelpOnAMachineHasTheDefaultsOfTheCommandLine(String option) throws Exception {
        var providers = new FakeProviders();
        BoardDefinition board = new Composition(
                        providers, CommandLineParser.parse(List.of("-M", "virt")), new AnonymousSlots())
                .definition(true, "qtest");
        assertThat(new HelpTexts(providers).machineOptions("virt").lines())
                .filteredOn(line -> line.strip().startsWith(option + "="))
                .singleElement()
                .asString()
                .contains("(default: " + board.options().get(option));
    }
}
