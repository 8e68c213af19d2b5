package dev.backplane.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.connect.ConnectContent;

class ClassPathBundlesTest {
    private static final String CLASS_PATH = "java.class.path";
    private static final String LOCATION = "t:a:1";

    private final String classPath = System.getProperty(CLASS_PATH);

    @TempDir
    private Path folder;

    @AfterEach
    void giveTheClassPathBack() {
        System.setProperty(CLASS_PATH, classPath);
    }

    @Test
    void leavesBundlesThatAreNotOnTheClassPathToBeInstalledFromTheirFiles() throws Exception {
        ClassPathBundles bundles = ClassPathBundles.of(plan(jar("1.0.0")), folder.resolve("headers"));

        assertThat(bundles.isEmpty()).isTrue();
        assertThat(bundles.connect(LOCATION)).isEmpty();
    }

    @Test
    void takesClassesFromTheLoaderOfTheLauncherAndEverythingElseFromTheJar() throws Exception {
        ConnectContent content = content(onClassPath(jar("1.0.0")));

        assertThat(content.getClassLoader()).contains(ClassPathBundles.class.getClassLoader());
        assertThat(content.getEntries()).contains("META-INF/MANIFEST.MF", "OSGI-INF/a.xml");
        assertThat(content.getEntry("nowhere")).isEmpty();
        try (InputStream in = content.getEntry("OSGI-INF/a.xml").orElseThrow().getInputStream()) {
            assertThat(in.readAllBytes()).asString().isEqualTo("<a/>");
        }
        content.close();
        assertThat(content.getEntry("OSGI-INF/a.xml")).as("opened again").isPresent();
        content.close();
    }

    @Test
    void remembersHeadersUntilItIsToldToForgetThem() throws Exception {
        Path file = jar("1.0.0");
        ClassPathBundles first = onClassPath(file);
        assertThat(content(first).getHeaders()).as("not written down").isEmpty();
        first.remember();

        ClassPathBundles second = onClassPath(file);
        Map<String, String> headers = content(second).getHeaders().orElseThrow();
        assertThat(headers).containsEntry("bundle-version", "1.0.0");

        second.forget();
        assertThat(content(second).getHeaders()).isEmpty();
        assertThat(content(onClassPath(file)).getHeaders()).as("a later start").isEmpty();
    }

    @Test
    void startsThemAndUsesTheCacheAgainUntilTheJarChanges() throws Exception {
        assertThat(version(jar("1.0.0"))).isEqualTo("1.0.0");
        String installed = Files.readString(folder.resolve("instances/default/installed"));
        assertThat(version(folder.resolve("a.jar"))).isEqualTo("1.0.0");
        assertThat(folder.resolve("instances/default/installed")).hasContent(installed);

        assertThat(version(jar("1.1.0"))).isEqualTo("1.1.0");
    }

    @Test
    void fillsTheCacheAnewWhenTheBundleIsNoLongerOnTheClassPath() throws Exception {
        Path file = jar("1.0.0");
        version(file);
        System.setProperty(CLASS_PATH, classPath);

        try (Instance instance = Instance.acquire(folder.resolve("instances"), Optional.empty())) {
            Platform.start(plan(file), instance, Map.of()).stop();
        }

        assertThat(folder.resolve("instances/default/cache/bundle1/version0.0/bundle.jar")).exists();
    }

    /** {@return the version of the bundle that runs} */
    private String version(Path file) throws Exception {
        ClassPathBundles bundles = onClassPath(file);
        try (Instance instance = Instance.acquire(folder.resolve("instances"), Optional.empty())) {
            Platform platform = Platform.start(plan(file), instance, Map.of(), Set.of(), bundles);
            platform.stop();
        }
        return content(onClassPath(file)).getHeaders().orElseThrow().get("Bundle-Version");
    }

    private ClassPathBundles onClassPath(Path file) {
        System.setProperty(CLASS_PATH, classPath + File.pathSeparator + file);
        return ClassPathBundles.of(plan(file), folder.resolve("headers"));
    }

    private static ConnectContent content(ClassPathBundles bundles) throws Exception {
        return bundles.connect(LOCATION).orElseThrow().getContent();
    }

    private static LaunchPlan plan(Path file) {
        return new LaunchPlan(List.of(new LaunchPlan.PlannedBundle(LOCATION, file)), Map.of(), Map.of());
    }

    private Path jar(String version) throws IOException {
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Bundle-ManifestVersion", "2");
        attributes.putValue("Bundle-SymbolicName", "a");
        attributes.putValue("Bundle-Version", version);
        Path file = folder.resolve("a.jar");
        try (var out = new JarOutputStream(Files.newOutputStream(file), manifest)) {
            out.putNextEntry(new ZipEntry("OSGI-INF/a.xml"));
            out.write("<a/>".getBytes(StandardCharsets.US_ASCII));
        }
        return file;
    }
}
