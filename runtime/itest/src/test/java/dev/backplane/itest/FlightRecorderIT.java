package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** The flight recorder of the shipped command, started on it while it runs, records what happens to slots. */
public class FlightRecorderIT {
    @Rule
    public final TemporaryFolder folder = new TemporaryFolder();

    @Test
    public void whatHappensToSlotsIsRecordedAndBreaksNothing() throws Exception {
        Path file = folder.getRoot().toPath().resolve("slots.jfr");
        try (var console = new ConsoleProcess(folder.getRoot().toPath())) {
            assertThat(console.run("board:devices")).isNotBlank();
            assertThat(console.jcmd("JFR.start", "name=slots", "settings=none",
                            "+dev.backplane.Plug#enabled=true", "+dev.backplane.Park#enabled=true",
                            "+dev.backplane.HandOver#enabled=true", "+dev.backplane.Resume#enabled=true"))
                    .contains("Started recording");
            assertThat(console.run("board:create recorded iommu=smmuv3")).contains("recorded");
            assertThat(console.run("board:plug edu id=edu1")).isEqualToIgnoringNewLines("edu is in slot edu1 at 00:01.0");
            assertThat(console.run("board:update smmu0 dev.backplane.smmuv3.emulated-0.1.0.jar"))
                    .startsWith("slot smmu0 is served by dev.backplane.smmuv3.emulated");
            String why = console.run("board:why edu1");
            String devices = why.substring(why.indexOf('[') + 1, why.indexOf(']'));
            assertThat(console.run("felix:stop " + devices)).isEmpty();
            assertThat(console.run("board:slots")).containsPattern("edu1 .*PARKED");
            assertThat(console.run("felix:start " + devices)).isEmpty();
            await().until(() -> console.run("board:slots").matches("(?s).*smmu0 [^\n]*RUNNING.*edu1 [^\n]*RUNNING.*"));
            console.jcmd("JFR.dump", "name=slots", "filename=" + file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        assertThat(of(events, "Plug")).extracting(event -> event.getString("slot")).contains("smmu0", "edu1");
        assertThat(of(events, "Park")).extracting(event -> event.getString("slot")).contains("edu1");
        assertThat(of(events, "Resume")).extracting(event -> event.getString("slot")).contains("edu1");
        assertThat(of(events, "HandOver")).hasSize(1).allSatisfy(event -> {
            assertThat(event.getString("board")).isEqualTo("recorded");
            assertThat(event.getDuration("gateClosed")).isPositive().isLessThan(event.getDuration());
        });
    }

    private static List<RecordedEvent> of(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals("dev.backplane." + name))
                .toList();
    }
}
