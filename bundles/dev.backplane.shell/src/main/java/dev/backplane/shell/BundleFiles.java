package dev.backplane.shell;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Finds the file of a bundle: where the user says, or among those that are shipped. */
final class BundleFiles {
    private final Path shipped;

    /**
     * Makes a finder.
     *
     * @param home top folder of the distribution, or null when there is none
     */
    BundleFiles(String home) {
        shipped = home == null ? null : Path.of(home, "bundles").toAbsolutePath().normalize();
    }

    /** {@return the file names of the shipped bundles, sorted} */
    List<String> shipped() {
        if (shipped == null) {
            return List.of();
        }
        try (Stream<Path> found = Files.list(shipped)) {
            return found.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".jar"))
                    .sorted().toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /**
     * {@return the file that a user means}
     *
     * @param current folder that relative names start from
     * @param named a path, or the file name of a shipped bundle
     * @throws IllegalArgumentException if there is no such file
     */
    Path find(Path current, String named) {
        Path file = current.resolve(named).toAbsolutePath().normalize();
        if (Files.isRegularFile(file)) {
            return file;
        }
        if (shipped != null) {
            Path candidate = shipped.resolve(named).normalize();
            if (candidate.startsWith(shipped) && Files.isRegularFile(candidate)) {
                return candidate;
            }
        }
        throw new IllegalArgumentException("no file '%s'%s; expected the jar of a bundle"
                .formatted(file, shipped == null ? "" : " and no shipped bundle '%s'".formatted(named)));
    }
}
