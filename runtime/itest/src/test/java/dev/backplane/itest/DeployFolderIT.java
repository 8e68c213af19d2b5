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
        Path beside = target.resolveSibling("copy-engine.part");
        Files.copy(jar, beside, StandardCopyOption.REPLACE_EXISTING);
        Files.setLastModifiedTime(beside, FileTime.from(Instant.now()));
        Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
    }
}
