package dev.backplane.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/**
 * Tells whether a bundle cache still holds what a plan asks for, so that it can be used as it is. It compares the plan,
 * the bundle files, the headers that stand for some of them and the bundles in the cache with what was written down
 * after the last installation; a bundle that was updated, added or removed since makes the cache unfit, for a start
 * always begins with the shipped bundles.
 */
final class InstalledRecord {

    private final Path file;
    private final ClassPathBundles onClassPath;

    /**
     * Takes the place of the record.
     *
     * @param onClassPath bundles that stay where they are instead of being copied into the cache
     */
    InstalledRecord(Path file, ClassPathBundles onClassPath) {
        this.file = file;
        this.onClassPath = onClassPath;
    }

    /** {@return whether the cache was filled from this plan, and the files are the same} */
    boolean fits(LaunchPlan plan) throws IOException {
        return Files.exists(file) && onClassPath.hasHeaders() && lines(0).equals(planned(plan));
    }

    /** {@return whether the framework's bundles are those that were written down} */
    boolean fits(BundleContext framework) throws IOException {
        return Files.exists(file) && lines(1).equals(installed(framework));
    }

    void write(LaunchPlan plan, BundleContext framework) throws IOException {
        List<String> lines = new ArrayList<>(planned(plan));
        lines.addAll(installed(framework));
        WholeFile.write(file, WholeFile.bytes(lines));
    }

    private List<String> lines(int part) throws IOException {
        boolean wantInstalled = part == 1;
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith("bundle ") == wantInstalled)
                .toList();
    }

    private List<String> planned(LaunchPlan plan) throws IOException {
        List<String> lines = new ArrayList<>();
        lines.add("launcher " + Distribution.version());
        plan.frameworkProperties().forEach((key, value) -> lines.add("property " + key + "=" + value));
        lines.subList(1, lines.size()).sort(null);
        for (LaunchPlan.PlannedBundle bundle : plan.bundles()) {
            String kind = onClassPath.contains(bundle.location()) ? "class-path " : "file ";
            lines.add(kind + bundle.location() + " " + bundle.file().toAbsolutePath() + " " + Files.size(bundle.file())
                    + " " + changed(bundle.file()));
        }
        if (!onClassPath.isEmpty()) {
            lines.add("headers " + onClassPath.identity());
        }
        return lines;
    }

    /** {@return when a file was last written, in a form to compare} A build may give all its files one modification time. */
    private static long changed(Path file) throws IOException {
        return time(file).to(TimeUnit.NANOSECONDS);
    }

    private static FileTime time(Path file) throws IOException {
        try {
            return (FileTime) Files.getAttribute(file, "unix:ctime");
        } catch (UnsupportedOperationException | IllegalArgumentException e) {
            return Files.getLastModifiedTime(file);
        }
    }

    private static List<String> installed(BundleContext framework) {
        List<String> lines = new ArrayList<>();
        for (Bundle bundle : framework.getBundles()) {
            if (bundle.getBundleId() != 0) {
                lines.add("bundle " + bundle.getBundleId() + " " + bundle.getLocation() + " " + bundle.getLastModified());
            }
        }
        return lines;
    }
}
