package dev.backplane.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A plan written down beside the bundle cache, so that a start reads one file instead of all features. It counts as long
 * as the files of the features are the same.
 */
final class MachinePlanFile {
    private static final String FEATURE = "feature";
    private static final String BUNDLE = "bundle";
    private static final String PROPERTY = "property";
    private static final String DEFERRED = "deferred";
    private static final String SHELL = "shell";
    private static final String SEPARATOR = "\t";

    private final Path file;

    MachinePlanFile(Path file) {
        this.file = file;
    }

    /**
     * {@return the plan of a distribution, from the file when it still counts}
     *
     * @param withShell whether a shell is wanted; each choice has a file of its own
     */
    MachinePlan plan(Distribution distribution, boolean withShell) throws LaunchException {
        try {
            List<String> features = features(distribution.features());
            if (Files.exists(file)) {
                List<String> lines = Files.readAllLines(file);
                if (lines.size() >= features.size() && lines.subList(0, features.size()).equals(features)) {
                    return read(lines.subList(features.size(), lines.size()));
                }
            }
            MachinePlan plan = MachinePlan.of(distribution, withShell);
            WholeFile.write(file, WholeFile.bytes(lines(features, plan)));
            return plan;
        } catch (IOException e) {
            throw new LaunchException("cannot use " + file + ": " + e.getMessage() + "; make it writable, or delete it", e);
        }
    }

    private static List<String> features(Path folder) throws IOException {
        List<String> lines = new ArrayList<>();
        lines.add(FEATURE + SEPARATOR + Distribution.version());
        try (Stream<Path> files = Files.list(folder)) {
            for (Path feature : files.sorted().toList()) {
                // The time of the last change of the inode: the build gives all files the same time of modification.
                lines.add(String.join(SEPARATOR, FEATURE, feature.toString(), Long.toString(Files.size(feature)),
                        changed(feature)));
            }
        }
        return lines;
    }

    private static String changed(Path file) throws IOException {
        var time = (FileTime) Files.getAttribute(file, "unix:ctime");
        return Long.toString(time.to(TimeUnit.NANOSECONDS)); // as text it would take long to make
    }

    private static List<String> lines(List<String> features, MachinePlan plan) {
        List<String> lines = new ArrayList<>(features);
        plan.everything().bundles().forEach(bundle ->
                lines.add(String.join(SEPARATOR, BUNDLE, bundle.location(), bundle.file().toString())));
        plan.everything().frameworkProperties().forEach((key, value) ->
                lines.add(String.join(SEPARATOR, PROPERTY, key, value)));
        plan.deferred().forEach(location -> lines.add(String.join(SEPARATOR, DEFERRED, location)));
        plan.shell().forEach(location -> lines.add(String.join(SEPARATOR, SHELL, location)));
        return lines;
    }

    private static MachinePlan read(List<String> lines) {
        List<LaunchPlan.PlannedBundle> bundles = new ArrayList<>();
        Map<String, String> properties = new LinkedHashMap<>();
        Set<String> deferred = new LinkedHashSet<>();
        Set<String> shell = new LinkedHashSet<>();
        for (String line : lines) {
            String[] parts = line.split(SEPARATOR, -1);
            switch (parts[0]) {
                case BUNDLE -> bundles.add(new LaunchPlan.PlannedBundle(parts[1], Path.of(parts[2])));
                case PROPERTY -> properties.put(parts[1], parts[2]);
                case DEFERRED -> deferred.add(parts[1]);
                case SHELL -> shell.add(parts[1]);
                default -> {}
            }
        }
        return new MachinePlan(new LaunchPlan(bundles, Map.of(), properties), deferred, shell);
    }
}
