package dev.backplane.console;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;

/** Help texts, within 80 columns, made of the descriptions that commands carry. */
final class Help {

    private static final int COLUMNS = 80;

    private final CommandCatalog catalog;

    Help(CommandCatalog catalog) {
        this.catalog = catalog;
    }

    String overview() {
        Map<String, List<String>> scopes = new TreeMap<>();
        for (String name : catalog.names()) {
            scopes.computeIfAbsent(CommandCatalog.scopeOf(name), scope -> new ArrayList<>())
                    .add(CommandCatalog.nameOf(name));
        }
        StringBuilder text = new StringBuilder();
        scopes.forEach((scope, names) -> text.append(wrapped(scope, names)));
        return text.append("\n'help SCOPE' lists what the commands of a scope do, 'help COMMAND' explains one.\n")
                .toString();
    }

    String explain(String name) {
        String scope = name.endsWith(":") ? name.substring(0, name.length() - 1) : name; // Tab leaves the colon
        List<String> inScope = catalog.names().stream()
                .filter(full -> CommandCatalog.scopeOf(full).equals(scope))
                .toList();
        if (!inScope.isEmpty()) {
            return ofScope(inScope);
        }
        String full = catalog.resolve(name)
                .orElseThrow(() -> new IllegalArgumentException("no command or scope '" + name
                        + "'; 'help' lists the commands"));
        StringBuilder text = new StringBuilder();
        for (Method method : catalog.methods(full)) {
            text.append(text.isEmpty() ? "" : "\n").append(ofMethod(full, method));
        }
        return text.isEmpty() ? full + ": no description; try '" + full + " --help'\n" : text.toString();
    }

    private String ofScope(List<String> names) {
        int width = names.stream().mapToInt(String::length).max().orElseThrow();
        StringBuilder text = new StringBuilder();
        for (String name : names) {
            String summary = catalog.methods(name).stream()
                    .map(Help::description)
                    .filter(description -> !description.isEmpty())
                    .findFirst()
                    .orElse("");
            String row = ("  %-" + width + "s  ").formatted(name) + fill(summary, width + 4);
            text.append(row.stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /** {@return how a command is called, each of its overloads in one line} */
    List<String> usages(String full) {
        return catalog.methods(full).stream().map(method -> usage(full, method)).toList();
    }

    private static String usage(String name, Method method) {
        StringBuilder usage = new StringBuilder(name);
        for (java.lang.reflect.Parameter parameter : method.getParameters()) {
            if (parameter.getType() == CommandSession.class) {
                continue;
            }
            Parameter option = parameter.getAnnotation(Parameter.class);
            if (option == null) {
                usage.append(' ').append(label(parameter));
            } else {
                usage.append(" [").append(option.names()[0]).append(isFlag(option) ? "]" : " VALUE]");
            }
        }
        return usage.toString();
    }

    private static String label(java.lang.reflect.Parameter parameter) {
        String label = parameter.isNamePresent() ? parameter.getName() : "argument";
        return label.toUpperCase(java.util.Locale.ROOT) + (parameter.getType().isArray() ? "..." : "");
    }

    private static boolean isFlag(Parameter option) {
        return !Parameter.UNSPECIFIED.equals(option.presentValue());
    }

    private static String ofMethod(String name, Method method) {
        List<String[]> rows = new ArrayList<>();
        for (java.lang.reflect.Parameter parameter : method.getParameters()) {
            if (parameter.getType() == CommandSession.class) {
                continue;
            }
            Descriptor descriptor = parameter.getAnnotation(Descriptor.class);
            String what = descriptor == null ? parameter.getType().getSimpleName() : descriptor.value();
            Parameter option = parameter.getAnnotation(Parameter.class);
            if (option == null) {
                rows.add(new String[] {label(parameter), what});
            } else {
                String names = String.join(", ", option.names()) + (isFlag(option) ? "" : " VALUE");
                rows.add(new String[] {names, what});
            }
        }
        StringBuilder text = new StringBuilder(usage(name, method)).append('\n');
        if (!description(method).isEmpty()) {
            text.append("  ").append(fill(description(method), 2)).append('\n');
        }
        int width = rows.stream().mapToInt(row -> row[0].length()).max().orElse(0);
        for (String[] row : rows) {
            text.append(("    %-" + width + "s  ").formatted(row[0]))
                    .append(fill(row[1], width + 6))
                    .append('\n');
        }
        return text.toString();
    }

    private static String description(Method method) {
        Descriptor descriptor = method.getAnnotation(Descriptor.class);
        return descriptor == null ? "" : descriptor.value();
    }

    private static String wrapped(String scope, List<String> names) {
        int indent = 10;
        return ("%-" + (indent - 1) + "s ").formatted(scope) + fill(String.join("  ", names), indent) + '\n';
    }

    /** Breaks a text at blanks so that lines that begin at a column end before the last one. */
    private static String fill(String text, int column) {
        StringBuilder result = new StringBuilder();
        int at = column;
        for (String word : text.split(" ")) {
            if (at > column && at + word.length() >= COLUMNS) {
                result.append('\n').append(" ".repeat(column));
                at = column;
            }
            result.append(word).append(' ');
            at += word.length() + 1;
        }
        return result.toString().replaceAll(" +(\n|$)", "$1");
    }
}
