package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The features and the bundles beside them fit together. */
class ShippedFeaturesTest {

    static Stream<String> names() {
        return ShippedFeatures.names().stream();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyBundleOfAFeatureIsShipped(String feature) {
        assertThat(ShippedFeatures.bundleIds(feature))
                .isNotEmpty()
                .allSatisfy(id -> assertThat(ShippedFeatures.file(id)).isRegularFile());
    }

    @ParameterizedTest
    @MethodSource("names")
    void ownVersionsAreThoseOfThisBuild(String feature) {
        String version = System.getProperty("backplane.version");
        assertThat(ShippedFeatures.read(feature).id())
                .isEqualTo("dev.backplane:" + feature + ":" + version);
        assertThat(ShippedFeatures.bundleIds(feature))
                .filteredOn(id -> id.startsWith("dev.backplane:"))
                .allSatisfy(id -> assertThat(id).endsWith(":" + version));
    }

    @ParameterizedTest
    @MethodSource("names")
    void bundlesAreObjectsWithAnIdForTheReaderSkipsOthers(String feature) {
        assertThat(ShippedFeatures.bundleIds(feature))
                .allSatisfy(id -> assertThat(id).matches("[^:]+:[^:]+:[^:]+"));
    }

    @Test
    void everyShippedBundleBelongsToAFeature() throws IOException {
        Set<Path> wanted = names()
                .flatMap(feature -> ShippedFeatures.bundleIds(feature).stream())
                .map(ShippedFeatures::file)
                .collect(Collectors.toCollection(TreeSet::new));
        try (Stream<Path> shipped = Files.list(ShippedFeatures.home().resolve("bundles"))) {
            assertThat(shipped).containsExactlyInAnyOrderElementsOf(wanted);
        }
    }
}
