package dev.backplane.vm;

import java.nio.file.Files;
import java.nio.file.Path;

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
     * {@return the absolute folder that a user means; the one that was named when there is no such folder, so that
     * messages name it}
     *
     * @param current folder that relative names start from
     * @param named a path, or the name of a shipped capture
     */
    Path find(Path current, String named) {
        Path path = current.resolve(named).toAbsolutePath().normalize();
        if (!Files.isDirectory(path) && shipped != null) {
            Path candidate = shipped.resolve(named).toAbsolutePath().normalize();
            if (candidate.startsWith(shipped.toAbsolutePath().normalize()) && Files.isDirectory(candidate)) {
                return candidate;
            }
        }
        return path;
    }
}
