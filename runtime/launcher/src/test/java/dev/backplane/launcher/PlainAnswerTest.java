package dev.backplane.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.assertj.core.util.Throwables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainAnswerTest {
    private static final List<String> VERSION = List.of("-version");

    @Test
    void givesWhatTheClassAnswers() throws Exception {
        assertThat(PlainAnswer.ask(Echo.class.getName(), VERSION)).contains("[-version]");
    }

    @Test
    void leavesTheAnswerToTheFrameworkWhenTheClassIsNotOnTheClassPath() throws Exception {
        assertThat(PlainAnswer.to("-version")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(classes = {NoFunction.class, NoConstructor.class, Hidden.class, Failing.class, Unlinked.class, Unset.class})
    void showsWhyAClassThatIsThereCannotAnswer(Class<?> broken) {
        assertThatExceptionOfType(LaunchException.class)
                .isThrownBy(() -> PlainAnswer.ask(broken.getName(), VERSION))
                .withMessageContaining("cannot ask " + broken.getName())
                .satisfies(e -> assertThat(e).message().contains(Throwables.getRootCause(e).toString()));
    }

    public static class Echo implements Function<List<String>, Optional<String>> {
        @Override
        public Optional<String> apply(List<String> arguments) {
            return Optional.of(arguments.toString());
        }
    }

    public static final class NoFunction {}

    public static final class NoConstructor extends Echo {
        public NoConstructor(int ignored) {}
    }

    public static final class Hidden extends Echo {
        private Hidden() {}
    }

    public static final class Failing extends Echo {
        public Failing() {
            throw new IllegalStateException("on purpose");
        }
    }

    public static final class Unset extends Echo {
        static final int LENGTH = Integer.parseInt("on purpose");
    }

    public static final class Unlinked extends Echo {
        public Unlinked() {
            throw new NoClassDefFoundError("gone/Missing");
        }
    }
}
