package dev.backplane.console;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.felix.service.command.CommandSession;

/** Says how a command is used that was given arguments which it does not take; Gogo names Java types alone. */
final class WrongArguments {

    private static final Pattern GOGO =
            Pattern.compile("Cannot coerce (\\w+)\\(.*\\) to any of \\[.*]", Pattern.DOTALL);

    private WrongArguments() {}

    /**
     * {@return what to tell instead of a failure; the failure itself when it is another one}
     *
     * @param failure what a statement threw
     * @param statement the statement
     */
    static IllegalArgumentException explained(
            IllegalArgumentException failure, CharSequence statement, CommandSession session) {
        Matcher gogo = GOGO.matcher(String.valueOf(failure.getMessage()));
        if (!gogo.matches()) {
            return failure;
        }
        CommandCatalog catalog = new CommandCatalog(session);
        return command(catalog, gogo.group(1), statement.toString())
                .map(name -> new IllegalArgumentException(
                        "wrong arguments for %s: expected %s; 'help %s' explains them"
                                .formatted(name, String.join(", or ", new Help(catalog).usages(name)), name),
                        failure))
                .orElse(failure);
    }

    /** {@return the command with that method: that which the statement names with its scope, or else the usual one} */
    private static Optional<String> command(CommandCatalog catalog, String method, String statement) {
        String name = (method.startsWith("_") ? method.substring(1) : method).toLowerCase(Locale.ROOT);
        List<String> candidates = catalog.names().stream()
                .filter(full -> CommandCatalog.nameOf(full).equalsIgnoreCase(name))
                .toList();
        return candidates.stream()
                .filter(full -> statement.contains(full))
                .findFirst()
                .or(() -> candidates.stream().findFirst().map(CommandCatalog::nameOf).flatMap(catalog::resolve))
                .filter(full -> !catalog.methods(full).isEmpty());
    }
}
