package dev.backplane.launcher;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What several features add up to. Immutable.
 *
 * @param bundles bundles in the order in which they are started, each once
 * @param configurations configurations by full PID, {@code factory~name} for a factory configuration
 * @param frameworkProperties properties that the framework is launched with
 */
record LaunchPlan(
        List<PlannedBundle> bundles,
        Map<String, Map<String, Object>> configurations,
        Map<String, String> frameworkProperties) {

    LaunchPlan {
        bundles = List.copyOf(bundles);
        configurations = Map.copyOf(configurations);
        frameworkProperties = Map.copyOf(frameworkProperties);
    }

    /**
     * A bundle to run.
     *
     * @param location its coordinates; also its location in the framework
     * @param file where its bytes are
     */
    record PlannedBundle(String location, Path file) {}
}
