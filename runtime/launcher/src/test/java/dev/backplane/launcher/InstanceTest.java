package dev.backplane.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstanceTest {

    @TempDir
    private Path folder;

    @Test
    void twoUnnamedInstancesGetFoldersOfTheirOwn() throws Exception {
        try (Instance first = Instance.acquire(folder, Optional.empty());
                Instance second = Instance.acquire(folder, Optional.empty())) {
            assertThat(first.name()).isEqualTo("default");
            assertThat(second.name()).isEqualTo("default-2");
            assertThat(first.cache()).isNotEqualTo(second.cache());
        }
    }

    @Test
    void aNamedInstanceInUseIsRefusedWithItsHolder() throws Exception {
        try (Instance ignored = Instance.acquire(folder, Optional.of("one"))) {
            assertThatExceptionOfType(LaunchException.class)
                    .isThrownBy(() -> Instance.acquire(folder, Optional.of("one")))
                    .withMessageContaining("instance 'one' is in use by process " + ProcessHandle.current().pid());
        }
    }

    /** Machines have no option for it. */
    @Test
    void aFolderThatCannotBeUsedIsNamedWithBothWaysToChooseAnother() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertThatExceptionOfType(LaunchException.class)
                .isThrownBy(() -> Instance.acquire(file, Optional.empty()))
                .withMessageContainingAll(file.toString(), "--data", "BACKPLANE_DATA");
    }

    @Test
    void anInstanceIsFreeAgainAfterItsEnd() throws Exception {
        Instance.acquire(folder, Optional.of("one")).close();
        Instance.acquire(folder, Optional.of("one")).close();
    }

    @Test
    void cleanForgetsCacheAndConfiguration() throws Exception {
        try (Instance instance = Instance.acquire(folder, Optional.empty())) {
            Files.createDirectories(instance.cache().resolve("bundle1"));
            Files.writeString(instance.record(), "x");

            instance.clean();

            assertThat(instance.cache()).doesNotExist();
            assertThat(instance.record()).doesNotExist();
        }
    }

    @Test
    void theDataFolderFollowsTheUserThenTheEnvironment() {
        Map<String, String> environment = Map.of("XDG_DATA_HOME", "/xdg", "HOME", "/h/u");

        assertThat(DataFolder.instances(Optional.of(Path.of("/d")), environment)).hasToString("/d/instances");
        assertThat(DataFolder.instances(Optional.empty(), environment)).hasToString("/xdg/backplane/instances");
        assertThat(DataFolder.instances(Optional.empty(), Map.of("HOME", "/h/u")))
                .hasToString("/h/u/.local/share/backplane/instances");
        assertThat(DataFolder.instances(Optional.empty(), Map.of("BACKPLANE_DATA", "/b", "HOME", "/h/u")))
                .hasToString("/b/instances");
    }
}
