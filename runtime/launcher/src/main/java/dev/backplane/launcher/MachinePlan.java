package dev.backplane.launcher;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is installed for a machine, and which of it waits until it is asked for. Immutable.
 *
 * @param everything all bundles; no configurations, since the command line defines the board
 * @param deferred locations of bundles that wait
 * @param shell locations of bundles that a shell needs
 */
record MachinePlan(LaunchPlan everything, Set<String> deferred, Set<String> shell) {
    private static final List<String> FIRST = List.of("backplane-core", "backplane-virt", "backplane-qtest");

    /** Features for people: nothing of them is even installed where no shell is wanted. */
    private static final List<String> FOR_SHELLS = List.of("backplane-vm", "backplane-shell");

    /** Watches the folder of an instance; a machine has no folder that people know. */
    private static final String DEPLOY = "backplane-deploy";

    private static final String CONFIG_ADMIN = "org.apache.felix:org.apache.felix.configadmin:";

    /**
     * Reads the features of a distribution.
     *
     * @param withShell whether a shell is wanted
     */
    static MachinePlan of(Distribution distribution, boolean withShell) throws LaunchException {
        List<String> available = distribution.featureNames();
        List<String> forShells = FOR_SHELLS.stream().filter(available::contains).toList();
        Set<String> names = new LinkedHashSet<>(FIRST);
        names.addAll(available);
        names.remove(DEPLOY);
        if (!withShell) {
            names.removeAll(forShells);
        }
        LaunchPlan everything = plan(distribution, names);
        Set<String> deferred = locations(everything);
        for (String location : locations(plan(distribution, FIRST))) {
            if (withShell || !location.startsWith(CONFIG_ADMIN)) { // a command line is all the configuration there is
                deferred.remove(location);
            }
        }
        Set<String> shell = withShell ? locations(plan(distribution, forShells)) : Set.of();
        return new MachinePlan(
                new LaunchPlan(everything.bundles(), Map.of(), everything.frameworkProperties()), deferred, shell);
    }

    private static LaunchPlan plan(Distribution distribution, Iterable<String> features) throws LaunchException {
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
