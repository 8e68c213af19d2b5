package dev.backplane.launcher;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the user asked for. Immutable.
 *
 * @param task what to do
 * @param features names of features as the user wrote them; empty for the default
 * @param repositories further folders of bundles
 * @param variables values of feature variables
 * @param instance name of the instance, or empty for the first free default one
 * @param data folder of all instances, or empty for the default
 * @param clean whether to forget the instance's cache and configuration
 */
record CommandLine(
        Task task,
        List<String> features,
        List<Path> repositories,
        Map<String, String> variables,
        Optional<String> instance,
        Optional<Path> data,
        boolean clean) {

    /** What a start is for. */
    sealed interface Task {
        /** Print the help text. */
        record Help() implements Task {}

        /** Print the version. */
        record Version() implements Task {}

        /** Print the shipped features. */
        record ListFeatures() implements Task {}

        /** Run commands and exit. */
        record Commands(String text) implements Task {}

        /** Run a file of commands and exit. */
        record Script(Path file) implements Task {}

        /** A shell on the terminal, or commands from standard input. */
        record Shell() implements Task {}
    }

    CommandLine {
        features = List.copyOf(features);
        repositories = List.copyOf(repositories);
        variables = Map.copyOf(variables);
    }

    static CommandLine parse(String... arguments) throws UsageException {
        return new Parser(arguments).parse();
    }

    /** Collects options one after another. */
    private static final class Parser {
        private final String[] arguments;
        private int next;
        private Task task = new Task.Shell();
        private String taskOption = "";
        private final List<String> features = new ArrayList<>();
        private final List<Path> repositories = new ArrayList<>();
        private final Map<String, String> variables = new LinkedHashMap<>();
        private Optional<String> instance = Optional.empty();
        private Optional<Path> data = Optional.empty();
        private boolean clean;

        Parser(String[] arguments) {
            this.arguments = arguments;
        }

        CommandLine parse() throws UsageException {
            while (next < arguments.length) {
                option(arguments[next++]);
            }
            return new CommandLine(task, features, repositories, variables, instance, data, clean);
        }

        private void option(String argument) throws UsageException {
            int equals = argument.startsWith("--") ? argument.indexOf('=') : -1;
            String name = equals < 0 ? argument : argument.substring(0, equals);
            Optional<String> inline = equals < 0 ? Optional.empty() : Optional.of(argument.substring(equals + 1));
            switch (name) {
                case "-c", "--command" -> task(name, new Task.Commands(value(name, inline)));
                case "-f", "--file" -> task(name, new Task.Script(Path.of(value(name, inline))));
                case "-h", "--help" -> task(name, new Task.Help());
                case "--version" -> task(name, new Task.Version());
                case "--list-features" -> task(name, new Task.ListFeatures());
                case "--features" -> features.addAll(names(value(name, inline)));
                case "--repository" -> repositories.add(Path.of(value(name, inline)));
                case "--set" -> variable(value(name, inline));
                case "--instance" -> instance = Optional.of(instanceName(value(name, inline)));
                case "--data" -> data = Optional.of(Path.of(value(name, inline)));
                case "--clean" -> clean = true;
                default -> throw new UsageException("unknown option '" + argument + "'; --help lists the options");
            }
        }

        private void task(String option, Task wanted) throws UsageException {
            if (!taskOption.isEmpty()) {
                throw new UsageException(option + " does not go together with " + taskOption + "; give one of them");
            }
            taskOption = option;
            task = wanted;
        }

        private String value(String option, Optional<String> inline) throws UsageException {
            if (inline.isPresent()) {
                return inline.get();
            }
            if (next == arguments.length) {
                throw new UsageException(option + " needs a value; --help shows which");
            }
            return arguments[next++];
        }

        private static List<String> names(String list) throws UsageException {
            List<String> names = List.of(list.strip().split("\\s*,\\s*"));
            if (names.contains("")) {
                throw new UsageException("--features needs names separated by commas, not '" + list + "'");
            }
            return names;
        }

        private void variable(String assignment) throws UsageException {
            int equals = assignment.indexOf('=');
            if (equals < 1) {
                throw new UsageException("--set needs NAME=VALUE, not '" + assignment + "'");
            }
            variables.put(assignment.substring(0, equals), assignment.substring(equals + 1));
        }

        private static String instanceName(String name) throws UsageException {
            if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
                throw new UsageException("--instance needs a name of up to 64 letters, digits, '.', '_' and '-', not '"
                        + name + "'");
            }
            return name;
        }
    }
}
