package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.BeforeClass;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** The shipped command watches a folder: jars that come, change and go fill slots, hand over and park. */
public class DeployFolderIT {
    private static final String DEPLOY = "instances/default/deploy";
    private static final String EXAMPLE = "copy-engine";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Rule
    public final TemporaryFolder folder = new TemporaryFolder();

    @BeforeClass
    public static void build() throws Exception {
        var example = new ExampleProject(EXAMPLE);
        example.build("1.1.0");
        example.buildEarlier("1.0.0");
    }

    @Test
    public void jarsThatComeChangeAndGoFillHandOverAndPark() throws IOException {
        Path data = folder.getRoot().toPath();
        Path deploy = Files.createDirectories(data.resolve(DEPLOY));
        Path jar = deploy.resolve("copy-engine.jar");
        try (var console = new ConsoleProcess(data)) {
            assertThat(console.run("board:devices")).doesNotContain(EXAMPLE);

            drop(ExampleProject.jar(EXAMPLE, "1.0.0"), jar);
            await().atMost(PATIENCE).until(() -> console.run("board:devices").contains(EXAMPLE));
            assertThat(console.run("board:plug copy-engine id=copy0")).contains("copy0");
            assertThat(console.run("board:slots")).containsPattern("copy0 .*RUNNING").contains("1.0.0");

            drop(ExampleProject.jar(EXAMPLE, "1.1.0"), jar);
            await().atMost(PATIENCE).until(() -> console.run("board:slots").contains("1.1.0"));
            assertThat(console.run("board:slots")).containsPattern("copy0 .*RUNNING");

            Files.delete(jar);
            await().atMost(PATIENCE).until(() -> console.run("board:slots").matches("(?s).*copy0 .*PARKED.*"));
            assertThat(console.run("board:why copy0")).contains(EXAMPLE);

            drop(ExampleProject.jar(EXAMPLE, "1.1.0"), jar);
            await().atMost(PATIENCE).until(() -> console.run("board:slots").matches("(?s).*copy0 [^\n]*RUNNING.*"));
        }
    }

    @Test
    public void aJarThatWasUpdatedBesideItIsNotStartedAgain() throws Exception {
        Path data = folder.getRoot().toPath();
        Path deploy = Files.createDirectories(data.resolve(DEPLOY));
        drop(ExampleProject.jar(EXAMPLE, "1.0.0"), deploy.resolve("copy-engine.jar"));
        try (var console = new ConsoleProcess(data)) {
            await().atMost(PATIENCE).until(() -> console.run("board:devices").contains(EXAMPLE));
            assertThat(console.run("board:plug copy-engine id=copy0")).contains("copy0");
            String update = "board:update copy0 " + ExampleProject.jar(EXAMPLE, "1.1.0");
            assertThat(console.run(update)).contains("1.1.0");
            await().during(Duration.ofSeconds(5)).atMost(PATIENCE).untilAsserted(() ->
                    assertThat(console.run("lb Copy")).doesNotContainPattern("Active.*1\\.0\\.0").contains("Active"));
            assertThat(console.run("board:slots")).containsPattern("copy0 .*RUNNING").contains("1.1.0");
        }
    }

    @Test
    public void aJarThatIsReplacedAfterAnUpdateBesideItTakesOver() throws Exception {
        Path data = folder.getRoot().toPath();
        Path jar = Files.createDirectories(data.resolve(DEPLOY)).resolve("copy-engine.jar");
        drop(ExampleProject.jar(EXAMPLE, "1.0.0"), jar);
        try (var console = new ConsoleProcess(data)) {
            await().atMost(PATIENCE).until(() -> console.run("board:devices").contains(EXAMPLE));
            assertThat(console.run("board:plug copy-engine id=copy0")).contains("copy0");
            String deployed = bundle(console);
            console.run("board:update copy0 " + ExampleProject.jar(EXAMPLE, "1.1.0"));
            assertThat(bundle(console)).isNotEqualTo(deployed);
            drop(ExampleProject.jar(EXAMPLE, "1.1.0"), jar);
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(bundle(console)).isEqualTo(deployed));
            assertThat(console.run("board:slots")).containsPattern("copy0 .*RUNNING").contains("1.1.0");
            assertThat(console.run("board:history copy0")).contains("HANDED_OVER").doesNotContain("PARKED");

            console.run("board:update copy0 " + ExampleProject.jar(EXAMPLE, "1.1.0"));
            Files.delete(jar);
            awaitMessage(console, data, "was removed from the deploy folder", "felix:stop");
            assertThat(console.run("board:slots")).containsPattern("copy0 .*RUNNING");
        }
    }

    @Test
    public void aJarThatIsReplacedWhileNothingRunsTakesOverAtTheNextStart() throws Exception {
        Path data = folder.getRoot().toPath();
        Path jar = Files.createDirectories(data.resolve(DEPLOY)).resolve("copy-engine.jar");
        drop(ExampleProject.jar(EXAMPLE, "1.0.0"), jar);
        try (var console = new ConsoleProcess(data)) {
            await().atMost(PATIENCE).until(() -> console.run("board:devices").contains(EXAMPLE));
            assertThat(console.run("board:plug copy-engine id=copy0")).contains("copy0");
            console.run("board:update copy0 " + ExampleProject.jar(EXAMPLE, "1.1.0"));
            assertThat(console.run("board:slots")).contains("1.1.0");
        }
        drop(ExampleProject.jar(EXAMPLE, "1.0.0"), jar);
        try (var console = new ConsoleProcess(data)) {
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(console.run("lb Copy"))
                    .containsPattern("Active.*1\\.0\\.0").doesNotContainPattern("Active.*1\\.1\\.0"));
            assertThat(console.run("board:plug copy-engine id=copy0")).contains("copy0");
            assertThat(console.run("board:slots")).contains("1.0.0").doesNotContain("1.1.0");
        }
    }

    /** {@return the ID of the bundle that serves the slot} */
    private static String bundle(ConsoleProcess console) throws IOException {
        Matcher provider = Pattern.compile("(?s)copy0 .*?\\[(\\d+)\\]").matcher(console.run("board:slots"));
        assertThat(provider.find()).isTrue();
        return provider.group(1);
    }

    @Test
    public void jarsThatCannotBeInstalledAreNamedWithTheReason() throws Exception {
        Path data = folder.getRoot().toPath();
        Path deploy = Files.createDirectories(data.resolve(DEPLOY));
        Path jar = deploy.resolve("copy-engine.jar");
        byte[] whole = Files.readAllBytes(ExampleProject.jar(EXAMPLE, "1.1.0"));
        Path cut = folder.newFile().toPath();
        Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
        drop(bundle(Map.of()), deploy.resolve("nameless.jar"));
        try (var console = new ConsoleProcess(data)) {
            awaitMessage(console, data, "nameless.jar", "no Bundle-SymbolicName");
            drop(cut, jar);
            awaitMessage(console, data, "copy-engine.jar", "no whole jar", "copy it again");
            drop(bundle(Map.of(
                    "Bundle-SymbolicName", "com.example.lonely", "Import-Package", "com.example.nowhere")),
                    deploy.resolve("lonely.jar"));
            awaitMessage(console, data, "lonely.jar", "com.example.nowhere");
            drop(bundle(Map.of("Bundle-SymbolicName", "com.example.garbled", "Import-Package", ",,;=")),
                    deploy.resolve("garbled.jar"));
            awaitMessage(console, data, "garbled.jar", "Unable to parse header");

            drop(ExampleProject.jar(EXAMPLE, "1.1.0"), jar);
            await().atMost(PATIENCE).until(() -> console.run("board:devices").contains(EXAMPLE));
            assertThat(console.run("board:plug copy-engine id=copy0")).contains("copy0");
            drop(cut, jar);
            awaitMessage(console, data, "Failed to update", "copy-engine.jar", "no whole jar");
            await().atMost(PATIENCE).until(() -> console.run("board:slots").matches("(?s).*copy0 [^\n]*RUNNING.*"));
        }
    }

    private Path bundle(Map<String, String> headers) throws IOException {
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Bundle-ManifestVersion", "2");
        headers.forEach(manifest.getMainAttributes()::putValue);
        Path file = folder.newFile().toPath();
        new JarOutputStream(Files.newOutputStream(file), manifest).close();
        return file;
    }

    /** Waits for one line with all these parts, on the terminal and in the log file. */
    private static void awaitMessage(ConsoleProcess console, Path data, String... parts) {
        var screen = new StringBuilder();
        await().atMost(PATIENCE).untilAsserted(() -> {
            screen.append(console.run("echo"));
            assertThat(screen.toString().lines()).anySatisfy(line -> assertThat(line).contains(parts));
        });
        Path log = data.resolve("instances/default/log/backplane.0.log");
        await().atMost(PATIENCE).untilAsserted(() -> {
            String logged = Files.readString(log);
            assertThat(parts).allSatisfy(part -> assertThat(logged).contains(part));
        });
    }

    @Test
    public void whatIsThereAlreadyIsInstalledAtEveryStart() throws IOException {
        Path data = folder.getRoot().toPath();
        drop(
                ExampleProject.jar(EXAMPLE, "1.1.0"),
                Files.createDirectories(data.resolve(DEPLOY)).resolve("copy-engine.jar"));
        for (int start = 0; start < 2; start++) {
            try (var console = new ConsoleProcess(data)) {
                await().atMost(PATIENCE).until(() -> console.run("board:devices").contains(EXAMPLE));
                assertThat(console.run("board:plug copy-engine id=copy0")).contains("copy0");
            }
        }
    }

    /** As a careful user does: the jar is there as a whole, or not at all. */
    private static void drop(Path jar, Path target) throws IOException {
        Path beside = target.resolveSibling("jar.part");
        Files.copy(jar, beside, StandardCopyOption.REPLACE_EXISTING);
        Files.setLastModifiedTime(beside, FileTime.from(Instant.now()));
        Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
    }
}
