package dev.backplane.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * The unpacked distribution: {@code bin}, {@code lib}, {@code features}, {@code bundles}. Immutable.
 *
 * @param home its top folder
 */
record Distribution(Path home) {

    /** System property that names the top folder. */
    static final String HOME = "backplane.home";

    private static final String SUFFIX = ".json";
    private static final Properties LAUNCHER = launcherProperties();

    Path features() {
        return home.resolve("features");
    }

    Path bundles() {
        return home.resolve("bundles");
    }

    static String version() {
        return LAUNCHER.getProperty("version");
    }

    static List<String> defaultFeatures() {
        return List.of(LAUNCHER.getProperty("features").split(","));
    }

    static String help() {
        try (InputStream in = Distribution.class.getResourceAsStream("help.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return the names of the shipped features, sorted} */
    List<String> featureNames() throws LaunchException {
        try (Stream<Path> files = Files.list(features())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(SUFFIX))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new LaunchException(
                    "no features in " + features() + "; -D" + HOME + " must name an unpacked distribution", e);
        }
    }

    /** {@return the file of a feature: a path as given, or a name in the features folder} */
    Path featureFile(String nameOrPath) throws LaunchException {
        Path file = nameOrPath.endsWith(SUFFIX) ? Path.of(nameOrPath) : features().resolve(nameOrPath + SUFFIX);
        if (!Files.isRegularFile(file)) {
            throw new LaunchException("no feature '" + nameOrPath + "' (looked for " + file.toAbsolutePath()
                    + "); shipped are " + String.join(", ", featureNames()));
        }
        return file;
    }

    private static Properties launcherProperties() {
        Properties properties = new Properties();
        try (InputStream in = Distribution.class.getResourceAsStream("launcher.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties;
    }
}
