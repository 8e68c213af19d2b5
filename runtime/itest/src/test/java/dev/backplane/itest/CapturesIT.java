package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** Captures of real guests translate through the shipped bundles as they did in the guests, to the last row. */
public class CapturesIT {

    @Rule
    public final TemporaryFolder folder = new TemporaryFolder();

    private String run(String commands) throws Exception {
        CommandRun run = CommandRun.of(folder, "-c", commands);
        assertThat(run.status()).as(run.output()).isZero();
        return run.output();
    }

    private String verify(String capture) throws Exception {
        return run("vm:load %s; vm:verify".formatted(path(capture)));
    }

    private static Path path(String capture) {
        return Path.of("src/test/captures", capture).toAbsolutePath();
    }

    /** {@return the columns agreed, differing and set aside of a row of the table} */
    private static List<Integer> row(String output, String file) {
        return output.lines()
                .filter(line -> line.startsWith(file + " "))
                .map(line -> List.of(line.trim().split("\\s+")).subList(1, 4).stream().map(Integer::valueOf).toList())
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row " + file + " in\n" + output));
    }

    @Test
    public void stageOne() throws Exception {
        String output = run("vm:load %1$s; vm:verify; vm:replay %1$s".formatted(path("linux612-stage1")));
        assertThat(row(output, "mappings")).containsExactly(3047, 0, 0);
        assertThat(row(output, "trace-sample")).containsExactly(1749, 0, 0);
        assertThat(row(output, "oracle")).containsExactly(5360, 0, 0);
        assertThat(row(output, "listing")).containsExactly(3047, 0, 0);
        assertThat(row(output, "msi")).containsExactly(15, 0, 0);
        assertThat(output).contains("1901 writes repeated, 2060 reads agree, 0 differ");
    }

    @Test
    public void twoSmmus() throws Exception {
        String output = verify("linux612-two-smmus");
        assertThat(row(output, "mappings")).containsExactly(4699, 0, 0);
        assertThat(row(output, "trace-sample")).containsExactly(4393, 0, 0);
        assertThat(row(output, "oracle")).containsExactly(8989, 0, 0);
        assertThat(row(output, "listing")).containsExactly(4699, 0, 0);
        assertThat(row(output, "msi")).containsExactly(14, 0, 0);
    }

    @Test
    public void faults() throws Exception {
        String output = verify("linux612-faults");
        assertThat(row(output, "mappings")).containsExactly(5020, 0, 0);
        assertThat(row(output, "trace-sample")).containsExactly(3415, 0, 0);
        assertThat(row(output, "oracle")).containsExactly(8298, 0, 0);
        assertThat(row(output, "msi")).containsExactly(15, 0, 0);
    }

    /** The peer leaves low bits in the IPA of its records, and records nothing beyond the output size: rules set aside. */
    @Test
    public void stageTwo() throws Exception {
        String output = verify("linux612-stage2");
        assertThat(row(output, "mappings")).containsExactly(2401, 0, 0);
        assertThat(row(output, "oracle").get(1)).isZero();
        assertThat(row(output, "msi")).containsExactly(15, 0, 0);
    }
}
