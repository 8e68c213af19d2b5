package dev.backplane.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Finds the folder of a capture: where the user says, or among those that are shipped. */
final class CaptureFolders {
    private final Path shipped;

    /**
     * Makes a finder.
     *
     * @param home top folder of the distribution, or null when there is none
     */
    CaptureFolders(String home) {
        shipped = home == null ? null : Path.of(home, "captures");
    }

    /**
     * {@return the absolute folder that a user means}
     *
     * @param current folder that relative names start from
     * @param named a path, or the name of a shipped capture
     * @throws IllegalArgumentException if there is no such folder
     */
    Path find(Path current, String named) {
        Path path = current.resolve(named).toAbsolutePath().normalize();
        if (Files.isDirectory(path)) {
            return path;
        }
        if (shipped != null) {
            Path candidate = shipped.resolve(named).toAbsolutePath().normalize();
            if (candidate.startsWith(shipped.toAbsolutePath().normalize()) && Files.isDirectory(candidate)) {
                return candidate;
            }
        }
        List<String> names = names();
        throw new IllegalArgumentException("no folder '%s'; expected the folder of a capture%s".formatted(
                path, names.isEmpty() ? "" : ", or the name of a shipped one: " + String.join(", ", names)));
    }

    private List<String> names() {
        if (shipped == null) {
            return List.of();
        }
        try (Stream<Path> found = Files.list(shipped)) {
            return found.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .sorted().toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
