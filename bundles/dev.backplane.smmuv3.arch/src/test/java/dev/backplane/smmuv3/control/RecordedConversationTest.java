package dev.backplane.smmuv3.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/** A Linux 6.12 driver's whole conversation with an SMMUv3 of QEMU 11.1, from reset through boot and disk I/O. */
class RecordedConversationTest {
    private static final long COMMAND_QUEUE = 0x5b70_0000L;

    private final Bench bench = new Bench();

    @Test
    void everyReadOfTheDriverAnswersTheRecordedValue() throws IOException {
        List<String[]> commands = rows("linux-6.12-commands.csv.gz");
        for (String[] row : commands) {
            long entry = COMMAND_QUEUE + 16 * Long.parseLong(row[0]);
            bench.memory.put(entry, Long.parseUnsignedLong(row[2].substring(2), 16));
            bench.memory.put(entry + 8, Long.parseUnsignedLong(row[3].substring(2), 16));
        }
        List<String[]> accesses = rows("linux-6.12-registers.csv.gz");
        assertThat(accesses).hasSize(3961);
        var differences = new ArrayList<String>();
        for (String[] row : accesses) {
            long offset = Long.decode(row[2]);
            int size = Integer.parseInt(row[3]);
            long value = Long.parseUnsignedLong(row[4].substring(2), 16);
            if (row[1].equals("W")) {
                bench.write(offset, size, value);
            } else if (bench.control.read(offset, size) != value) {
                differences.add("%s: 0x%x instead of %s".formatted(
                        String.join(",", row), bench.control.read(offset, size), row[4]));
            }
        }
        assertThat(differences).isEmpty();
        assertThat(executed()).isEqualTo(commands.stream()
                .collect(Collectors.groupingBy(row -> row[1], Collectors.counting())));
        assertThat(bench.activeErrors()).isZero();
        assertThat(bench.pulses).isEmpty();
        assertThat(bench.configuration.enabled()).isTrue();
        assertThat(bench.configuration.streamTableBase()).isEqualTo(0x4325_0000L);
        assertThat(bench.configuration.streamTableLog2Size()).isEqualTo(16);
        assertThat(bench.configuration.split()).isEqualTo(8);
        assertThat(bench.configuration.twoLevel()).isTrue();
        assertThat(bench.configuration.recordInvalidStreamIds()).isTrue();
    }

    private Map<String, Long> executed() {
        return bench.calls.stream()
                .filter(call -> !call.equals("synchronize"))
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    }

    private static List<String[]> rows(String name) throws IOException {
        try (var in = RecordedConversationTest.class.getResourceAsStream(name);
                var reader = new BufferedReader(
                        new InputStreamReader(new GZIPInputStream(in), StandardCharsets.US_ASCII))) {
            return reader.lines().skip(1).map(line -> line.split(",")).toList();
        }
    }
}
