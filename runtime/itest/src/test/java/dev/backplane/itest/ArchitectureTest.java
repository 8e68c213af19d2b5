package dev.backplane.itest;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.osgi.framework.Constants;

/**
 * The arrows of the house, checked on the manifests of the built bundles: which of our bundles may use which, and what
 * each exports. A bundle that is not in the table fails the test, so the table is complete.
 */
class ArchitectureTest {

    private static final String PREFIX = "dev.backplane.";

    /** What each bundle may import from ours; implementations import contracts and libraries, never one another. */
    private static final Map<String, Set<String>> MAY_USE = Map.ofEntries(
            entry("api", Set.of()),
            entry("spi", Set.of("api")),
            entry("core", Set.of("api", "spi")),
            entry("smmuv3.arch", Set.of("api")),
            entry("smmuv3.emulated", Set.of("api", "smmuv3.arch")),
            entry("smmuv3.accel", Set.of("api", "spi", "smmuv3.arch")),
            entry("gicv3", Set.of("api")),
            entry("gicv2m", Set.of("api")),
            entry("devices", Set.of("api")),
            entry("vfio", Set.of("api", "spi")),
            entry("host.sim", Set.of("api", "spi", "smmuv3.arch")),
            entry("kvm.sim", Set.of("api", "spi")),
            entry("board.virt", Set.of("api", "spi")),
            entry("vm", Set.of("api", "spi")),
            entry("shell", Set.of("api", "spi")),
            entry("qtest", Set.of("api", "spi")),
            entry("console", Set.of("api", "spi")),
            entry("deploy", Set.of()));

    /** The bundles that others see; all others export nothing. */
    private static final Map<String, Set<String>> EXPORTS = Map.of(
            "api", Set.of("memory", "device", "pci", "irq", "time", "inspect", "firmware", "register"),
            "spi", Set.of("hostiommu", "hostpci", "accelerator", "board"),
            "smmuv3.arch", Set.of("smmuv3"));

    private static final Map<String, Manifest> MANIFESTS = new TreeMap<>();
    private static final Map<String, String> EXPORTER = new HashMap<>();

    @BeforeAll
    static void readManifests() throws IOException {
        for (String feature : ShippedFeatures.names()) {
            for (String id : ShippedFeatures.bundleIds(feature)) {
                if (id.startsWith("dev.backplane:")) {
                    MANIFESTS.put(id.split(":")[1].substring(PREFIX.length()), manifest(ShippedFeatures.file(id)));
                }
            }
        }
        MANIFESTS.forEach((bundle, manifest) ->
                packages(manifest, Constants.EXPORT_PACKAGE).forEach(name -> EXPORTER.put(name, bundle)));
    }

    static Stream<String> bundles() throws IOException {
        readManifests();
        return MANIFESTS.keySet().stream();
    }

    @Test
    void theTableNamesExactlyTheShippedBundles() {
        assertThat(MANIFESTS.keySet()).isEqualTo(new TreeSet<>(MAY_USE.keySet()));
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void usesOnlyTheRoomsBelow(String bundle) {
        Set<String> allowed = MAY_USE.getOrDefault(bundle, Set.of());
        for (String name : packages(MANIFESTS.get(bundle), Constants.IMPORT_PACKAGE)) {
            if (name.startsWith(PREFIX)) {
                assertThat(EXPORTER).as("an exporter of %s, which %s imports", name, bundle).containsKey(name);
                String owner = EXPORTER.get(name);
                assertThat(owner.equals(bundle) || allowed.contains(owner))
                        .as("%s imports %s of %s; it may use %s", bundle, name, owner, allowed)
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void exportsContractsOnly(String bundle) {
        Set<String> families = EXPORTS.getOrDefault(bundle, Set.of());
        for (String name : packages(MANIFESTS.get(bundle), Constants.EXPORT_PACKAGE)) {
            assertThat(families)
                    .as("families of packages that %s may export; it exports %s", bundle, name)
                    .anyMatch(family -> name.equals(PREFIX + family) || name.startsWith(PREFIX + family + "."));
        }
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void dependsOnPackagesAndServicesNotOnBundles(String bundle) {
        assertThat(MANIFESTS.get(bundle).getMainAttributes().getValue(Constants.REQUIRE_BUNDLE)).isNull();
        assertThat(MANIFESTS.get(bundle).getMainAttributes().getValue("DynamicImport-Package")).isNull();
    }

    @Test
    void contractsAndTheSmmuLibraryKnowNoOsgiBeyondAnnotations() {
        for (String bundle : List.of("api", "spi", "smmuv3.arch")) {
            assertThat(packages(MANIFESTS.get(bundle), Constants.IMPORT_PACKAGE))
                    .as("imports of %s", bundle)
                    .allMatch(name -> name.startsWith(PREFIX));
        }
    }

    private static Manifest manifest(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            return file.getManifest();
        }
    }

    private static Set<String> packages(Manifest manifest, String header) {
        String value = manifest.getMainAttributes().getValue(header);
        Set<String> names = new TreeSet<>();
        if (value != null) {
            // Clauses are separated by commas outside quotes; a package name comes first in each.
            for (String clause : value.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)")) {
                names.add(clause.split(";")[0].strip());
            }
        }
        return names;
    }
}
