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

    /**
     * {@return the text, or empty if the framework is needed}
     *
     * @throws LaunchException if the class is there and cannot be used
     */
    static Optional<String> to(String... arguments) throws LaunchException {
        List<String> all = Arrays.asList(arguments);
        return all.stream().anyMatch(QUESTIONS::contains) ? ask(CLASS, all) : Optional.empty();
    }

    /** {@return what an instance of a class answers, or empty if it has no answer or is not on the class path} */
    static Optional<String> ask(String className, List<String> arguments) throws LaunchException {
        try {
            return text((Function<?, ?>) Class.forName(className).getConstructor().newInstance(), arguments);
        } catch (ClassNotFoundException e) {
            return Optional.empty();
        } catch (ReflectiveOperationException | LinkageError | ClassCastException e) {
            Throwable reason = e.getCause() == null ? e : e.getCause();
            throw new LaunchException("cannot ask " + className + " for the version or the help: " + reason
                    + "; it has to be a public Function with a public constructor without parameters, and all classes"
                    + " that it uses have to be on the class path; unpack the distribution again", e);
        }
    }

    @SuppressWarnings("unchecked") // the two have agreed on it, and know no type in common
    private static Optional<String> text(Function<?, ?> function, List<String> arguments) {
        return ((Function<List<String>, Optional<String>>) function).apply(arguments);
    }
}
