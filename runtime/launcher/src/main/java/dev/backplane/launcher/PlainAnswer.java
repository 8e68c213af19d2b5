package dev.backplane.launcher;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** What a bundle on the class path answers to a command line without a framework: the version, for one. */
final class PlainAnswer {
    /** A {@code Function} from the arguments to the text, which is empty if the framework is needed. */
    static final String CLASS = "dev.backplane.qtest.PlainAnswers";

    private static final Set<String> QUESTIONS = Set.of("-version", "--version", "-help", "--help", "-h", "--h");

    private PlainAnswer() {}

    /** {@return the text, or empty if the framework is needed} */
    static Optional<String> to(String... arguments) {
        List<String> all = Arrays.asList(arguments);
        if (all.stream().noneMatch(QUESTIONS::contains)) {
            return Optional.empty();
        }
        try {
            Object answers = Class.forName(CLASS).getConstructor().newInstance();
            return answers instanceof Function<?, ?> function ? text(function, all) : Optional.empty();
        } catch (ReflectiveOperationException | LinkageError e) {
            return Optional.empty(); // it is not on the class path
        }
    }

    @SuppressWarnings("unchecked") // the two have agreed on it, and know no type in common
    private static Optional<String> text(Function<?, ?> function, List<String> arguments) {
        return ((Function<List<String>, Optional<String>>) function).apply(arguments);
    }
}
