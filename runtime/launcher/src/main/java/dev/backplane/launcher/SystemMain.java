package dev.backplane.launcher;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * Entry point of {@code backplane-system-aarch64}. It starts what every machine needs; all other features are installed,
 * and their bundles are started when the command line or a client asks for what they provide. The command line is read
 * by a bundle.
 */
public final class SystemMain {
    private static final String PROGRAM = "backplane-system-aarch64: ";
    private static final String TASK = "backplane.system";
    private static final int FAILED = 1;

    private final Distribution distribution;
    private final Map<String, String> environment;

    SystemMain(Distribution distribution, Map<String, String> environment) {
        this.distribution = distribution;
        this.environment = environment;
    }

    /**
     * Runs a machine and exits.
     *
     * @param arguments see {@code -help}
     */
    public static void main(String[] arguments) {
        try {
            Optional<String> answer = PlainAnswer.to(arguments);
            if (answer.isPresent()) {
                System.out.print(answer.get());
                System.out.flush();
                return;
            }
        } catch (LaunchException e) {
            System.err.println(PROGRAM + e.getMessage());
            System.exit(FAILED);
        }
        MachineLogging.prepare();
        Preparation.begin();
        String home = System.getProperty(Distribution.HOME, ".");
        System.exit(new SystemMain(new Distribution(Path.of(home)), System.getenv()).run(arguments));
    }

    int run(String... arguments) {
        try (Instance instance = Instance.acquire(
                instances(wantsShell(arguments)), Optional.empty())) {
            return run(instance, arguments);
        } catch (LaunchException e) {
            System.err.println(PROGRAM + e.getMessage());
            return FAILED;
        } catch (Exception e) {
            System.err.println(PROGRAM + "unexpected: " + e);
            return FAILED;
        }
    }

    /** Machines with and without a shell have bundle caches of their own, so that each finds its own filled. */
    private Path instances(boolean withShell) {
        return DataFolder.instances(Optional.empty(), environment)
                .resolveSibling(withShell ? "machines-with-shell" : "machines");
    }

    private static boolean wantsShell(String... arguments) {
        List<String> all = Arrays.asList(arguments);
        int option = Math.max(all.lastIndexOf("-monitor"), all.lastIndexOf("--monitor"));
        return option >= 0 && option + 1 < arguments.length && arguments[option + 1].equals("stdio");
    }

    private int run(Instance instance, String... arguments) throws Exception {
        MachinePlan plan = new MachinePlanFile(instance.cache().resolveSibling("plan")).plan(distribution, wantsShell(arguments));
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("backplane.version", Distribution.version());
        properties.put("backplane.instance", instance.name());
        properties.put("backplane.home", distribution.home().toAbsolutePath().normalize().toString());
        properties.put("backplane.system.arguments", String.join("\0", arguments));
        properties.put("backplane.deferred", String.join(",", plan.deferred()));
        properties.put("backplane.deferred.shell", String.join(",", plan.shell()));

        // Where there is a shell, people update bundles; they need class loaders of their own.
        ClassPathBundles onClassPath = wantsShell(arguments)
                ? ClassPathBundles.none()
                : ClassPathBundles.of(plan.everything(), instance.cache().resolveSibling("headers"));
        if (onClassPath.areAllOf(plan.everything())) {
            // Nothing extends the framework; looking for what might would open all jars of the class path. The framework
            // reads this once per process, before the first one starts; this process has no other.
            System.setProperty("felix.extensions.disable", "true");
        }
        Platform platform = Platform.start(plan.everything(), instance, properties, plan.deferred(), onClassPath);
        Callable<Integer> task = platform.task(TASK).orElseThrow(() -> new LaunchException(
                "no bundle takes the command line: the feature backplane-qtest is not complete"));
        return task.call();
    }
}
