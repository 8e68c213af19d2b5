package dev.backplane.console;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.felix.gogo.runtime.CommandProxy;
import org.apache.felix.gogo.runtime.Reflective;
import org.apache.felix.service.command.CommandSession;

/** The commands that a session can run, and the methods behind them. */
final class CommandCatalog {

    private final CommandSession session;

    CommandCatalog(CommandSession session) {
        this.session = session;
    }

    /** {@return all commands as {@code scope:name}, sorted} */
    Set<String> names() {
        Set<String> names = new TreeSet<>();
        if (session.get(".commands") instanceof Collection<?> commands) {
            commands.forEach(command -> names.add(command.toString()));
        }
        return names;
    }

    /** {@return the full name of a command that a user wrote with or without its scope} */
    Optional<String> resolve(String name) {
        Set<String> names = names();
        if (names.contains(name)) {
            return Optional.of(name);
        }
        return names.stream()
                .filter(full -> nameOf(full).equals(name))
                .min(Comparator.comparing(full -> !scopeOf(full).equals("console")));
    }

    /** {@return the overloads of a command; empty for one that is a script function} */
    List<Method> methods(String fullName) {
        if (!(session.get(fullName) instanceof CommandProxy proxy)) {
            return List.of();
        }
        Object target = proxy.getTarget();
        try {
            String name = nameOf(fullName);
            String method = (Reflective.KEYWORDS.contains(name) ? "_" + name : name).toLowerCase(Locale.ROOT);
            List<Method> methods = new ArrayList<>();
            for (Method candidate : target.getClass().getMethods()) {
                if (candidate.getName().toLowerCase(Locale.ROOT).equals(method)) {
                    methods.add(candidate);
                }
            }
            methods.sort(Comparator.comparingInt(Method::getParameterCount));
            return methods;
        } finally {
            proxy.ungetTarget();
        }
    }

    static String scopeOf(String fullName) {
        return fullName.substring(0, fullName.indexOf(':'));
    }

    static String nameOf(String fullName) {
        return fullName.substring(fullName.indexOf(':') + 1);
    }
}
