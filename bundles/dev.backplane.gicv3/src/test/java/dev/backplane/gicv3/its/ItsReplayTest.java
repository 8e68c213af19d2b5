package dev.backplane.gicv3.its;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.gicv3.fake.Guest;
import dev.backplane.inspect.InspectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Command queues of real Linux guests, from reset, against the routing those guests ended with. */
class ItsReplayTest {
    private static final long L1_VALID = 1L << 63;

    private static List<Map<String, String>> rows(String capture, String file) {
        try (var reader = new BufferedReader(new InputStreamReader(
                ItsReplayTest.class.getResourceAsStream("/captures/" + capture + "/" + file),
                StandardCharsets.UTF_8))) {
            String[] names = reader.readLine().split(",");
            var rows = new ArrayList<Map<String, String>>();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                String[] values = line.split(",", -1);
                var row = new LinkedHashMap<String, String>();
                for (int i = 0; i < names.length; i++) {
                    row.put(names[i], values[i]);
                }
                rows.add(row);
            }
            return rows;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int number(Map<String, String> row, String name) {
        return Integer.decode(row.get(name));
    }

    private static Guest replayed(String capture, boolean indirect) {
        var guest = new Guest(2, 16, 0).withLpis();
        guest.its(0x80, 8, 0xb800_0000_4000_040fL);
        if (indirect) {
            // As the captured guests do: two levels of 64 KiB pages.
            guest.ram.word(Guest.DEVICES, L1_VALID | Guest.DEVICES + 0x10000);
            guest.its(0x100, 8, 0xf907_0000_0000_0600L | Guest.DEVICES);
        } else {
            guest.its(0x100, 8, 0xb907_0000_0000_0607L | Guest.DEVICES);
        }
        guest.its(0x108, 8, 0xbc07_0000_0000_0600L | Guest.COLLECTIONS);
        guest.its(0, 4, 1);
        for (Map<String, String> row : rows(capture, "its-commands.csv")) {
            guest.queue(
                    Long.parseUnsignedLong(row.get("dw0").substring(2), 16),
                    Long.parseUnsignedLong(row.get("dw1").substring(2), 16),
                    Long.parseUnsignedLong(row.get("dw2").substring(2), 16),
                    Long.parseUnsignedLong(row.get("dw3").substring(2), 16));
        }
        guest.submit();
        return guest;
    }

    @ParameterizedTest
    @ValueSource(strings = {"A", "C2", "D", "E"})
    void buildsExactlyTheCapturedRouting(String capture) {
        for (boolean indirect : new boolean[] {true, false}) {
            var guest = replayed(capture, indirect);

            var built = new ArrayList<String>();
            for (InspectNode device : guest.its.devices().children()) {
                for (InspectNode event : device.children()) {
                    built.add("%s %d -> %s at %s, ICID %s".formatted(
                            device.value(),
                            Integer.decode(event.value()),
                            event.child("INTID").value(),
                            event.child("processor").value(),
                            event.child("ICID").value()));
                }
            }
            var captured = rows(capture, "its-tables.csv").stream()
                    .map(row -> "%s %s -> %s at %s, ICID %s".formatted(
                            row.get("devid"),
                            row.get("eventid"),
                            row.get("lpi_intid"),
                            row.get("target_rd"),
                            row.get("icid")))
                    .toList();
            assertThat(built).isNotEmpty().containsExactlyElementsOf(captured);
            assertThat(guest.its(0x90)).isEqualTo(guest.tail());
            assertThat(guest.board.messages()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"A", "C2", "D", "E"})
    void eachCapturedMessageArrives(String capture) {
        var guest = replayed(capture, true);
        var expected = new ArrayList<String>();
        for (Map<String, String> row : rows(capture, "msi.csv")) {
            // Twice: through the tables, and through the cache.
            guest.msi(number(row, "its_devid"), number(row, "its_eventid"));
            guest.msi(number(row, "its_devid"), number(row, "its_eventid"));
            expected.add(number(row, "target_rd") + ":" + number(row, "lpi_intid"));
            assertThat(guest.route(number(row, "its_devid"), number(row, "its_eventid")))
                    .isEqualTo(expected.getLast());
        }
        assertThat(expected).isNotEmpty();
        assertThat(guest.pending()).containsExactlyInAnyOrderElementsOf(expected);
    }
}
