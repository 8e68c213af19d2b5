package dev.backplane.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

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
import java.util.function.UnaryOperator;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import org.apache.felix.framework.FrameworkFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Constants;
import org.osgi.framework.connect.ConnectContent;
import org.osgi.framework.launch.Framework;

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
        first.remember(true);

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

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void remembersPackagesOnlyWhenOtherBundlesMayNeedThem(boolean needed) throws Exception {
        Path file = jar("1.0.0", "java.util", "b.exported");
        onClassPath(file).remember(needed);

        Map<String, String> headers = content(onClassPath(file)).getHeaders().orElseThrow();

        assertThat(headers.containsKey("Import-Package")).isEqualTo(needed);
        assertThat(headers.containsKey("Export-Package")).isEqualTo(needed);
        assertThat(headers).containsEntry("Bundle-SymbolicName", "a");
    }

    @Test
    void startsWhatImportsPackagesOfTheJdkWithAnEmptyAndWithAFilledCache() throws Exception {
        Path file = jar("1.0.0", "javax.xml.parsers,org.osgi.framework", "");

        assertThat(version(file)).isEqualTo("1.0.0");
        assertThat(version(file)).isEqualTo("1.0.0");
    }

    @Test
    void namesThePackageThatNothingHasAndRemembersNothing() throws Exception {
        Path file = jar("1.0.0", "nowhere.to.be.found", "");

        for (int start = 1; start <= 2; start++) {
            assertThatExceptionOfType(LaunchException.class)
                    .isThrownBy(() -> version(file))
                    .withMessageContaining("nowhere.to.be.found");
        }
    }

    @Test
    void importsCountAgainWhenABundleThatIsNotOnTheClassPathJoins() throws Exception {
        Path file = jar("1.0.0", "javax.xml.parsers", "a.exported");
        version(file);
        Path other = Files.createDirectory(folder.resolve("other"));
        Path stranger = jar(other.resolve("b.jar"), "b", "1.0.0", "a.exported,org.xml.sax", "");
        var plan = new LaunchPlan(
                List.of(new LaunchPlan.PlannedBundle(LOCATION, file), new LaunchPlan.PlannedBundle("t:b:1", stranger)),
                Map.of(), Map.of());

        for (int start = 1; start <= 2; start++) {
            try (Instance instance = Instance.acquire(folder.resolve("instances"), Optional.empty())) {
                Platform.start(plan, instance, Map.of(), Set.of(), ClassPathBundles.of(plan, folder.resolve("headers")))
                        .stop();
            }
        }

        assertThat(content(onClassPath(file)).getHeaders().orElseThrow()).containsKey("Export-Package");
    }

    @Test
    void recoversFromAFirstStartThatWasCutShort() throws Exception {
        Path file = jar("1.0.0", "javax.xml.parsers", "");
        version(file);
        Files.delete(folder.resolve("instances/default/installed")); // it is written last
        Files.writeString(folder.resolve("headers"), "bundle\tt:a:1\nBundle-SymbolicName\ta\nBund");

        assertThat(version(file)).isEqualTo("1.0.0");
        assertThat(folder.resolve("instances/default/installed")).exists();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damages")
    void recoversWhenTheHeadersAreNotThoseThatWereWrittenDown(String name, UnaryOperator<String> damage)
            throws Exception {
        Path file = jar("1.0.0", "javax.xml.parsers", "");
        version(file);
        Path headers = folder.resolve("headers");
        String whole = Files.readString(headers);
        String damaged = damage.apply(whole);
        if (damaged == null) {
            Files.delete(headers);
        } else {
            Files.writeString(headers, damaged, StandardCharsets.ISO_8859_1);
        }

        assertThat(version(file)).isEqualTo("1.0.0");
        assertThat(headers).hasContent(whole);

        String installed = Files.readString(folder.resolve("instances/default/installed"));
        assertThat(version(file)).isEqualTo("1.0.0");
        assertThat(folder.resolve("instances/default/installed")).as("used again").hasContent(installed);
    }

    static List<Arguments> damages() {
        return List.of(
                damage("missing", whole -> null),
                damage("empty", whole -> ""),
                damage("cut after the first line", whole -> whole.substring(0, whole.indexOf('\n') + 1)),
                damage("cut inside the first word", whole -> whole.substring(0, 3)),
                damage("cut inside the first line", whole -> whole.substring(0, whole.indexOf('\n') - 1)),
                damage("cut inside the last name", whole -> whole.substring(0, whole.lastIndexOf('\t') - 1)),
                damage("cut inside the last value", whole -> whole.substring(0, whole.length() - 2)),
                damage("without its beginning", whole -> whole.substring(whole.indexOf('\n') + 1)),
                damage("zeros", whole -> "\0".repeat(whole.length())),
                damage("no UTF-8", whole -> "\u00ff".repeat(whole.length())),
                damage("another text as long", whole -> whole.replace("1.0.0", "9.9.9")));
    }

    private static Arguments damage(String name, UnaryOperator<String> damage) {
        return Arguments.of(name, damage);
    }

    @Test
    void trustsNoRecordThatWasWrittenWithoutHeaders() throws Exception {
        ClassPathBundles bundles = onClassPath(jar("1.0.0"));
        LaunchPlan plan = plan(folder.resolve("a.jar"));
        var record = new InstalledRecord(folder.resolve("installed"), bundles);
        Framework framework = new FrameworkFactory()
                .newFramework(Map.of(Constants.FRAMEWORK_STORAGE, folder.resolve("cache").toString()));
        framework.init();

        record.write(plan, framework.getBundleContext());
        assertThat(record.fits(plan)).as("without").isFalse();

        bundles.remember(false);
        record.write(plan, framework.getBundleContext());
        assertThat(record.fits(plan)).as("with").isTrue();
        framework.stop();
        framework.waitForStop(0);
    }

    @Test
    void areAllOfAPlanOnlyWhenItHasBundlesAndAllAreOnTheClassPath() throws Exception {
        Path file = jar("1.0.0");
        LaunchPlan nothing = new LaunchPlan(List.of(), Map.of(), Map.of());
        LaunchPlan more = new LaunchPlan(
                List.of(new LaunchPlan.PlannedBundle(LOCATION, file), new LaunchPlan.PlannedBundle("t:b:1", file)),
                Map.of(), Map.of());

        assertThat(onClassPath(file).areAllOf(plan(file))).isTrue();
        assertThat(onClassPath(file).areAllOf(more)).isFalse();
        assertThat(ClassPathBundles.of(nothing, folder.resolve("headers")).areAllOf(nothing)).isFalse();
        assertThat(ClassPathBundles.none().areAllOf(nothing)).isFalse();
    }

    @Test
    void startsWithoutChangingThePropertiesOfTheJvm() throws Exception {
        Path file = jar("1.0.0");
        onClassPath(file);
        var before = Map.copyOf(System.getProperties());

        version(file);

        assertThat(Map.copyOf(System.getProperties())).isEqualTo(before);
    }

    @Test
    void leavesNothingButTheHeadersBehind() throws Exception {
        onClassPath(jar("1.0.0")).remember(false);

        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("a.jar", "headers");
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
        return jar(version, "", "");
    }

    private Path jar(String version, String imports, String exports) throws IOException {
        return jar(folder.resolve("a.jar"), "a", version, imports, exports);
    }

    private static Path jar(Path file, String name, String version, String imports, String exports) throws IOException {
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Bundle-ManifestVersion", "2");
        attributes.putValue("Bundle-SymbolicName", name);
        attributes.putValue("Bundle-Version", version);
        if (!imports.isEmpty()) {
            attributes.putValue("Import-Package", imports);
        }
        if (!exports.isEmpty()) {
            attributes.putValue("Export-Package", exports);
        }
        try (var out = new JarOutputStream(Files.newOutputStream(file), manifest)) {
            out.putNextEntry(new ZipEntry("OSGI-INF/a.xml"));
            out.write("<a/>".getBytes(StandardCharsets.US_ASCII));
        }
        return file;
    }
}
