package dev.backplane.console;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.apache.felix.gogo.runtime.CommandNotFoundException;
import org.apache.felix.service.command.CommandSession;
import org.jline.utils.Levenshtein;

/** Says which commands a person may have meant by one that does not exist. */
final class UnknownCommand {

    private static final int MOST = 3;

    private UnknownCommand() {}

    static IllegalArgumentException explained(CommandNotFoundException failure, CommandSession session) {
        String typed = failure.getCommand();
        List<String> like = like(typed.toLowerCase(Locale.ROOT), new CommandCatalog(session));
        String hint = like.isEmpty() ? "" : "did you mean " + String.join(" or ", like) + "? ";
        return new IllegalArgumentException("no command '" + typed + "'; " + hint + "'help' lists the commands", failure);
    }

    /** {@return the commands whose names are like what was typed, with a scope or without, the most similar first} */
    private static List<String> like(String typed, CommandCatalog catalog) {
        boolean scoped = typed.contains(":");
        int tolerance = Math.max(1, typed.length() / 4);
        record Scored(String name, int distance) {}
        return catalog.names().stream()
                .map(full -> new Scored(
                        full, Levenshtein.distance(typed, scoped ? full : CommandCatalog.nameOf(full))))
                .filter(scored -> scored.distance() <= tolerance)
                .sorted(Comparator.comparingInt(Scored::distance).thenComparing(Scored::name))
                .limit(MOST)
                .map(Scored::name)
                .toList();
    }
}
