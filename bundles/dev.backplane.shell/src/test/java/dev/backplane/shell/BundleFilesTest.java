package dev.backplane.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of bundles, named by a path or, when they are shipped, by their name alone. */
class BundleFilesTest {
    private static final String GIC = "dev.backplane.gicv3-0.1.0.jar";

    @TempDir
    private Path home;

    @BeforeEach
    void ship() throws Exception {
        Files.createDirectories(home.resolve("bundles"));
        Files.createFile(home.resolve("bundles").resolve(GIC));
        Files.createFile(home.resolve("bundles/notes.txt"));
    }

    @Test
    void completionOffersTheShippedBundlesForAnUpdate() throws Exception {
        try (var gogo = new GogoSession(home.toString(), new FakeBoard("main"))) {
            assertThat(gogo.session.execute("backplane:candidates board:update [board:update gic d] 2").toString())
                    .contains(GIC)
                    .doesNotContain("notes.txt");
            assertThat(gogo.session.execute("backplane:candidates board:update [board:update gic /] 2").toString())
                    .doesNotContain(GIC);
        }
    }

    @Test
    void aShippedBundleIsFoundByItsName() {
        var files = new BundleFiles(home.toString());
        assertThat(files.find(home.resolve("elsewhere"), GIC)).isEqualTo(home.resolve("bundles").resolve(GIC));
        assertThatThrownBy(() -> files.find(home, "../" + GIC)).hasMessageContaining("no shipped bundle '../" + GIC);
        assertThat(new BundleFiles(null).shipped()).isEmpty();
    }
}
