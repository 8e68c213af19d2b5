package dev.backplane.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandLineTest {

    @Test
    void opensAShellOfTheDefaultFeaturesWithoutArguments() throws UsageException {
        CommandLine line = CommandLine.parse();

        assertThat(line.task()).isEqualTo(new CommandLine.Task.Shell());
        assertThat(line.features()).isEmpty();
        assertThat(line.instance()).isEmpty();
        assertThat(line.clean()).isFalse();
    }

    @Test
    void takesValuesAfterAnOptionOrAnEqualsSign() throws UsageException {
        CommandLine line = CommandLine.parse(
                "-c", "board:info; pci:list", "--features=a, b", "--features", "c", "--set=x=1", "--set", "y=a=b",
                "--instance", "one", "--data=/tmp/d", "--repository", "r", "--clean");

        assertThat(line)
                .isEqualTo(new CommandLine(
                        new CommandLine.Task.Commands("board:info; pci:list"),
                        List.of("a", "b", "c"),
                        List.of(Path.of("r")),
                        Map.of("x", "1", "y", "a=b"),
                        Optional.of("one"),
                        Optional.of(Path.of("/tmp/d")),
                        true));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--bogus           | unknown option '--bogus'",
        "virt              | unknown option 'virt'",
        "-c                | -c needs a value",
        "--data            | --data needs a value",
        "--set x           | --set needs NAME=VALUE, not 'x'",
        "--instance ../x   | --instance needs a name",
        "--features a,,b   | names separated by commas",
        "-c a -f b         | -f does not go together with -c",
    })
    void refusesWhatItDoesNotUnderstandByName(String arguments, String message) {
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> CommandLine.parse(arguments.split(" ")))
                .withMessageContaining(message);
    }

    @Test
    void aPlusAddsAFeatureToTheDefaultOnes() {
        assertThat(Main.featureNames(List.of("+x"))).containsAll(Distribution.defaultFeatures()).endsWith("x");
        assertThat(Main.featureNames(List.of("x", "+y"))).containsExactly("x", "y");
        assertThat(Main.featureNames(List.of())).isEqualTo(Distribution.defaultFeatures());
    }
}
