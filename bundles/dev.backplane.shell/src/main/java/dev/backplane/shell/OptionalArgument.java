package dev.backplane.shell;

import java.util.Arrays;
import java.util.Optional;

/** Reads a last argument that may be left out: Gogo hands over all that are left. */
final class OptionalArgument {
    private OptionalArgument() {}

    /**
     * {@return the argument, if it was given}
     *
     * @param what what it is, for the message
     * @param given what is left of the line
     * @throws IllegalArgumentException if more than one is left
     */
    static Optional<String> of(String what, String... given) {
        if (given.length > 1) {
            throw new IllegalArgumentException("expected one %s at the most, '%s': leave out '%s'".formatted(
                    what, given[0], String.join(" ", Arrays.asList(given).subList(1, given.length))));
        }
        return Arrays.stream(given).findFirst();
    }
}
