package dev.backplane.launcher;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds the folder of all instances. */
final class DataFolder {

    private DataFolder() {}

    /**
     * {@return the folder of all instances}
     *
     * @param named data folder that the user named
     * @param environment environment variables: BACKPLANE_DATA, XDG_DATA_HOME (absolute, else ignored) and HOME
     */
    static Path instances(Optional<Path> named, Map<String, String> environment) {
        return Stream.of(
                        named,
                        path(environment, "BACKPLANE_DATA"),
                        path(environment, "XDG_DATA_HOME").filter(Path::isAbsolute).map(xdg -> xdg.resolve("backplane")),
                        path(environment, "HOME").map(home -> home.resolve(".local/share/backplane")))
                .flatMap(Optional::stream)
                .findFirst()
                .orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir"), "backplane"))
                .toAbsolutePath()
                .normalize()
                .resolve("instances");
    }

    private static Optional<Path> path(Map<String, String> environment, String variable) {
        return Optional.ofNullable(environment.get(variable))
                .filter(value -> !value.isEmpty())
                .map(Path::of);
    }
}
