package dev.backplane.launcher;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Entry point: reads the command line, starts the framework, carries out the task, stops the framework. */
public final class Main {

    private final Distribution distribution;
    private final Map<String, String> environment;

    Main(Distribution distribution, Map<String, String> environment) {
        this.distribution = distribution;
        this.environment = environment;
    }

    /**
     * Runs Backplane and exits.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        String home = System.getProperty(Distribution.HOME, ".");
        int status = new Main(new Distribution(Path.of(home)), System.getenv()).run(arguments);
        System.exit(status);
    }

    int run(String... arguments) {
        try {
            CommandLine line = CommandLine.parse(arguments);
            switch (line.task()) {
                case CommandLine.Task.Help() -> System.out.print(Distribution.help());
                case CommandLine.Task.Version() -> System.out.println("backplane " + Distribution.version());
                case CommandLine.Task.ListFeatures() -> distribution.featureNames().forEach(System.out::println);
                default -> {
                    return launch(line);
                }
            }
            return ExitStatus.DONE;
        } catch (UsageException e) {
            System.err.println("backplane: " + e.getMessage());
            return ExitStatus.WRONG_USAGE;
        } catch (LaunchException e) {
            System.err.println("backplane: " + e.getMessage());
            return ExitStatus.START_FAILED;
        }
    }

    private int launch(CommandLine line) throws LaunchException {
        LaunchPlan plan = plan(line);
        try (Instance instance = Instance.acquire(DataFolder.instances(line.data(), environment), line.instance())) {
            if (line.clean()) {
                instance.clean();
            }
            Logging.to(instance.logs());
            return carryOut(line.task(), plan, instance);
        } catch (LaunchException e) {
            throw e;
        } catch (Exception e) {
            throw new LaunchException("unexpected: " + e, e);
        }
    }

    private LaunchPlan plan(CommandLine line) throws LaunchException {
        List<Path> folders = new ArrayList<>(line.repositories());
        folders.add(distribution.bundles());
        List<Path> files = new ArrayList<>();
        for (String feature : featureNames(line.features())) {
            files.add(distribution.featureFile(feature));
        }
        return new FeatureReader(new BundleRepository(folders), line.variables()).read(files);
    }

    /** {@return the default features and those with a plus in front, or exactly those named when none has a plus} */
    static List<String> featureNames(List<String> asked) {
        List<String> names = new ArrayList<>();
        if (asked.stream().allMatch(name -> name.startsWith("+"))) {
            names.addAll(Distribution.defaultFeatures());
        }
        asked.forEach(name -> names.add(name.startsWith("+") ? name.substring(1) : name));
        return names.stream().distinct().toList();
    }

    private int carryOut(CommandLine.Task task, LaunchPlan plan, Instance instance) throws Exception {
        OrderlyEnd end = new OrderlyEnd(!(task instanceof CommandLine.Task.Shell));
        Platform platform = Platform.start(plan, instance, consoleProperties(task, instance));
        end.watch(platform);
        HeapLimit.set();
        try {
            Optional<Callable<Integer>> console = platform.console();
            if (console.isPresent()) {
                return console.get().call();
            }
            if (!(task instanceof CommandLine.Task.Shell)) {
                throw new LaunchException(
                        "no feature brings a console, so no command can run; add --features +backplane-shell");
            }
            platform.awaitStop();
            return ExitStatus.DONE;
        } finally {
            platform.stop();
            end.reached();
        }
    }

    private Map<String, String> consoleProperties(CommandLine.Task task, Instance instance) throws IOException {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("backplane.version", Distribution.version());
        properties.put("backplane.instance", instance.name());
        properties.put("felix.fileinstall.dir", instance.deploy().toAbsolutePath().toString());
        properties.put("backplane.home", distribution.home().toAbsolutePath().normalize().toString());
        switch (task) {
            case CommandLine.Task.Commands(String text) -> properties.put("backplane.console.commands", text);
            case CommandLine.Task.Script(Path file) ->
                properties.put("backplane.console.script", file.toAbsolutePath().toString());
            default -> { }
        }
        return properties;
    }
}
