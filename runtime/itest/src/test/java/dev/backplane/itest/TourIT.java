package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** Every command of the README's tour is run as a user would run it, and shows what the text says. */
public class TourIT {
    private static final String PROMPT = "    backplane> ";

    @Rule
    public final TemporaryFolder folder = new TemporaryFolder();

    private List<String> tour;

    @Before
    public void readTour() throws IOException {
        tour = Files.readAllLines(ShippedFeatures.home().resolve("README.md")).stream()
                .filter(line -> line.startsWith(PROMPT))
                .map(line -> line.substring(PROMPT.length()))
                .toList();
        assertThat(tour).hasSizeGreaterThan(15).contains("vm:load linux");
    }

    @Test
    public void theWholeTourRunsAndShowsWhatItPromises() throws Exception {
        Path script = folder.newFile("tour").toPath();
        Files.write(script, tour);
        CommandRun run = CommandRun.of(folder, "-f", script.toString());
        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.output())
                .contains("smmu0")
                .contains("0x8090040")
                .contains("F_TRANSLATION")
                .contains("574 mappings")
                .contains("INTID 8194 at processor 0")
                .contains("c0 ff ee")
                .contains("8194  LPI")
                .contains("slot smmu0 is served by dev.backplane.smmuv3.emulated")
                .contains("00:01.0")
                .contains("0000:01:00.0")
                .contains("nested, STE 0x1 0x0")
                .contains("0x8000000 to 0x80fffff: host MSI doorbell")
                .contains("0b ad f0 0d")
                .contains("direct")
                .contains("slot nic0 is served by dev.backplane.vfio");
        assertThat(run.output().lines().filter(line -> line.startsWith("mappings") || line.startsWith("oracle")))
                .as("vm:verify's table, with nothing differing")
                .allSatisfy(line -> assertThat(line.trim().split("\\s+")[2]).isEqualTo("0"))
                .hasSize(2);
        assertThat(run.output().lines().filter(line -> line.length() > 80)).isEmpty();
    }

    @Test
    public void aCommandThatFailsEndsWithAStatusAndSaysWhatToDo() throws Exception {
        CommandRun run = CommandRun.of(folder, "-c", "board:plug edo");
        assertThat(run.status()).isNotZero();
        assertThat(run.output()).contains("edo").contains("edu");
    }

    @Test
    public void badInputIsNamedAndChangesNothing() throws Exception {
        Path capture = folder.newFolder("capture").toPath();
        try (var files = Files.list(ShippedFeatures.home().resolve("captures/linux"))) {
            for (Path file : files.toList()) {
                Files.copy(file, capture.resolve(file.getFileName()));
            }
        }
        Path memory = capture.resolve("memory.bin.gz");
        byte[] whole = Files.readAllBytes(memory);
        Files.write(memory, Arrays.copyOf(whole, whole.length / 2));
        CommandRun truncated = CommandRun.of(folder, "-c", "vm:load capture");
        assertThat(truncated.status()).isNotZero();
        assertThat(truncated.output()).contains("memory.bin.gz");
        CommandRun missing = CommandRun.of(folder, "-c", "vm:load nowhere");
        assertThat(missing.status()).isNotZero();
        assertThat(missing.output()).contains("nowhere");
        for (String bad : List.of(
                "board:plug edu dma_musk=1", "board:plug edu dma_mask=x", "board:plug edu addr=00.0",
                "board:create b memory=lots", "smmu:explain 0x8 zero", "board:why nobody")) {
            CommandRun run = CommandRun.of(folder, "-c", bad);
            assertThat(run.status()).as(bad).isNotZero();
            assertThat(run.output()).as(bad).isNotBlank().doesNotContain("Exception");
        }
    }
}
