package dev.backplane.itest;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.junitBundles;
import static org.ops4j.pax.exam.CoreOptions.systemPackages;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.ops4j.pax.exam.Option;

/** What is shipped, read from the assembled distribution, so that tests run that and nothing else. */
final class ShippedFeatures {

    private ShippedFeatures() {}

    /** {@return the top folder of the distribution} */
    static Path home() {
        return Path.of(System.getProperty("backplane.home")).toAbsolutePath().normalize();
    }

    /** {@return the names of all shipped features, sorted} */
    static List<String> names() {
        try (Stream<Path> files = Files.list(home().resolve("features"))) {
            return files.map(file -> file.getFileName().toString().replace(".json", "")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static FeatureFile read(String feature) {
        return FeatureFile.read(home().resolve("features").resolve(feature + ".json"));
    }

    /** {@return the coordinates of a feature's bundles, in order} */
    static List<String> bundleIds(String feature) {
        return read(feature).bundleIds();
    }

    /** {@return the shipped file of a bundle} */
    static Path file(String bundleId) {
        String[] parts = bundleId.split(":");
        return home().resolve("bundles").resolve(parts[1] + "-" + parts[2] + ".jar");
    }

    /** {@return the options that give a test container the bundles and the configurations of these features, in order} */
    static Option provision(String... features) {
        List<Option> options = new ArrayList<>();
        options.add(junitBundles());
        options.add(systemPackages(TestLibraries.packages()));
        options.add(systemProperty("backplane.home").value(home().toString()));
        options.add(systemProperty("org.ops4j.pax.logging.DefaultServiceLog.level").value("WARN"));
        options.add(frameworkProperty("felix.fileinstall.dir").value("target/deploy"));
        options.add(frameworkProperty("felix.service.urlhandlers").value("true")); // Pax Exam installs by URL
        Set<String> bundles = new LinkedHashSet<>();
        for (String feature : features) {
            bundles.addAll(bundleIds(feature));
            options.addAll(read(feature).configurations());
        }
        bundles.forEach(id -> options.add(bundle(file(id).toUri().toString())));
        return composite(options.toArray(Option[]::new));
    }
}
