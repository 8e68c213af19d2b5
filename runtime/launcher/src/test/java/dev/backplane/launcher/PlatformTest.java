package dev.backplane.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlatformTest {

    @TempDir
    private Path folder;

    @Test
    void usesTheBundleCacheAgainWhileNothingChanged() throws Exception {
        LaunchPlan plan = plan(bundle("a", "1.0.0", ""));

        FileTime first = startAndStop(plan);
        FileTime second = startAndStop(plan);

        assertThat(second).isEqualTo(first);
    }

    @Test
    void fillsTheBundleCacheAnewWhenABundleChanged() throws Exception {
        LaunchPlan plan = plan(bundle("a", "1.0.0", ""));
        startAndStop(plan);
        String before = Files.readString(folder.resolve("instances/default/installed"));

        bundle("a", "1.0.1-longer", "");
        startAndStop(plan);

        assertThat(Files.readString(folder.resolve("instances/default/installed"))).isNotEqualTo(before);
    }

    @Test
    void seesThatAFileWasWrittenAgainWhateverItsSizeAndModificationTimeSay() throws Exception {
        LaunchPlan.PlannedBundle bundle = bundle("a", "1.0.0", "");
        LaunchPlan plan = plan(bundle);
        FileTime time = Files.getLastModifiedTime(bundle.file());
        startAndStop(plan);
        String before = Files.readString(folder.resolve("instances/default/installed"));

        Files.write(bundle.file(), Files.readAllBytes(bundle.file()));
        Files.setLastModifiedTime(bundle.file(), time);
        startAndStop(plan);

        assertThat(Files.readString(folder.resolve("instances/default/installed"))).isNotEqualTo(before);
    }

    @Test
    void namesTheBundleThatCannotBeResolvedAndWhatItMisses() throws Exception {
        LaunchPlan plan = plan(bundle("a", "1.0.0", ""), bundle("b", "1.0.0", "nowhere.to.be.found"));

        assertThatExceptionOfType(LaunchException.class)
                .isThrownBy(() -> startAndStop(plan))
                .withMessageContaining("b: ")
                .withMessageContaining("nowhere.to.be.found");
    }

    @Test
    void refusesConfigurationsThatNobodyWouldRead() throws Exception {
        LaunchPlan plan = new LaunchPlan(List.of(bundle("a", "1.0.0", "")), Map.of("p", Map.of()), Map.of());

        assertThatExceptionOfType(LaunchException.class)
                .isThrownBy(() -> startAndStop(plan))
                .withMessageContaining("none of their bundles is a Config Admin");
    }

    private FileTime startAndStop(LaunchPlan plan) throws Exception {
        try (Instance instance = Instance.acquire(folder.resolve("instances"), Optional.empty())) {
            Platform platform = Platform.start(plan, instance, Map.of());
            platform.stop();
            return Files.getLastModifiedTime(instance.record());
        }
    }

    private static LaunchPlan plan(LaunchPlan.PlannedBundle... bundles) {
        return new LaunchPlan(List.of(bundles), Map.of(), Map.of());
    }

    private LaunchPlan.PlannedBundle bundle(String name, String version, String imports) throws IOException {
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Bundle-ManifestVersion", "2");
        attributes.putValue("Bundle-SymbolicName", name);
        attributes.putValue("Bundle-Version", version.replace('-', '.'));
        if (!imports.isEmpty()) {
            attributes.putValue("Import-Package", imports);
        }
        Path file = folder.resolve(name + ".jar");
        try (OutputStream out = Files.newOutputStream(file)) {
            new JarOutputStream(out, manifest).close();
        }
        return new LaunchPlan.PlannedBundle("t:" + name + ":1", file);
    }
}
