package dev.backplane.launcher;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;

/**
 * Entry point of {@code backplane-system-aarch64}. It starts what every machine needs; all other features are installed,
 * and their bundles are started when the command line or a client asks for what they provide. The command line is read
 * by a bundle.
 */
public final class SystemMain {
    private static final String PROGRAM = "backplane-system-aarch64: ";
    private static final List<String> FEATURES = List.of("backplane-core", "backplane-virt", "backplane-qtest");
    private static final String SHELL = "backplane-shell";
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
        String home = System.getProperty(Distribution.HOME, ".");
        System.exit(new SystemMain(new Distribution(Path.of(home)), System.getenv()).run(arguments));
    }

    int run(String... arguments) {
        try (Instance instance = Instance.acquire(
                DataFolder.instances(Optional.empty(), environment).resolveSibling("machines"), Optional.empty())) {
            return run(instance, arguments);
        } catch (LaunchException e) {
            System.err.println(PROGRAM + e.getMessage());
            return FAILED;
        } catch (Exception e) {
            System.err.println(PROGRAM + "unexpected: " + e);
            return FAILED;
        }
    }

    private int run(Instance instance, String... arguments) throws Exception {
        Set<String> names = new LinkedHashSet<>(FEATURES);
        names.addAll(distribution.featureNames());
        LaunchPlan everything = plan(names);
        Set<String> first = locations(plan(FEATURES));
        Set<String> deferred = locations(everything);
        deferred.removeAll(first);
        Set<String> shell = names.contains(SHELL) ? locations(plan(List.of(SHELL))) : Set.of();

        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("backplane.version", Distribution.version());
        properties.put("backplane.instance", instance.name());
        properties.put("backplane.home", distribution.home().toAbsolutePath().normalize().toString());
        properties.put("backplane.system.arguments", String.join("\0", arguments));
        properties.put("backplane.deferred", String.join(",", deferred));
        properties.put("backplane.deferred.shell", String.join(",", shell));

        // The command line defines the board, so no feature's configuration does.
        LaunchPlan plan = new LaunchPlan(everything.bundles(), Map.of(), everything.frameworkProperties());
        Platform platform = Platform.start(plan, instance, properties, deferred);
        Callable<Integer> task = platform.task(TASK).orElseThrow(() -> new LaunchException(
                "no bundle takes the command line: the feature backplane-qtest is not complete"));
        return task.call();
    }

    private LaunchPlan plan(Iterable<String> features) throws LaunchException {
        List<Path> files = new ArrayList<>();
        for (String feature : features) {
            files.add(distribution.featureFile(feature));
        }
        return new FeatureReader(new BundleRepository(List.of(distribution.bundles())), Map.of()).read(files);
    }

    private static Set<String> locations(LaunchPlan plan) {
        Set<String> locations = new LinkedHashSet<>();
        plan.bundles().forEach(bundle -> locations.add(bundle.location()));
        return locations;
    }
}
