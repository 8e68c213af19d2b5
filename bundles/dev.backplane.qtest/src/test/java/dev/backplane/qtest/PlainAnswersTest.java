package dev.backplane.qtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainAnswersTest {
    private final PlainAnswers answers = new PlainAnswers();

    @Test
    void tellsTheVersion() {
        assertThat(answers.apply(List.of("-version"))).contains(HelpTexts.version());
    }

    @Test
    void explainsTheOptions() {
        assertThat(answers.apply(List.of("-m", "512", "--help")).orElseThrow())
                .startsWith(HelpTexts.version())
                .contains("-qtest");
    }

    @Test
    void listsWhatTheCommandLineKnowsByItself() {
        assertThat(answers.apply(List.of("-machine", "virt", "-cpu", "help")).orElseThrow())
                .startsWith("Available CPUs:\n")
                .contains("  cortex-a57\n", "  max\n", "  host (with -accel kvm)\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-machine help", "-device help -version", "-version -kernal x", "-m 512", "-name -version"})
    void leavesEverythingElseToTheFramework(String arguments) {
        assertThat(answers.apply(List.of(arguments.split(" ")))).isEmpty();
    }
}
