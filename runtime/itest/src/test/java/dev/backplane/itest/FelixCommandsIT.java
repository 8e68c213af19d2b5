package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;

/** Felix's own commands, typed as the texts of the shell and of the guides say, change who serves a slot. */
public class FelixCommandsIT {
    private static final Pattern NUMBER = Pattern.compile("\\[(\\d+)\\]");

    @Rule
    public final TemporaryFolder folder = new TemporaryFolder();

    @Test
    public void bundlesAreChangedByNumberAndByName() throws Exception {
        try (var console = new ConsoleProcess(folder.getRoot().toPath())) {
            assertThat(console.run("board:create typed iommu=smmuv3")).contains("typed");
            assertThat(console.run("board:plug edu id=edu0")).contains("edu0");
            Matcher label = NUMBER.matcher(console.run("board:why edu0"));
            assertThat(label.find()).isTrue();
            String devices = label.group(1);

            for (String bundle : new String[] {devices, "dev.backplane.devices"}) {
                assertThat(console.run("felix:stop " + bundle)).isEmpty();
                assertThat(console.run("board:slots")).containsPattern("edu0 .*PARKED");
                assertThat(console.run("felix:start " + devices)).isEmpty();
                await().until(() -> console.run("board:slots").matches("(?s).*edu0 [^\n]*RUNNING.*"));
            }
            String jar = Bundles.shipped("dev.backplane.devices").toUri().toString();
            assertThat(console.run("felix:update %s %s".formatted(devices, jar))).isEmpty();
            await().until(() -> console.run("board:slots").matches("(?s).*edu0 [^\n]*RUNNING.*"));
            assertThat(console.run("board:history edu0")).contains("PARKED", "RESUMED");
            assertThat(console.run("felix:refresh dev.backplane.smmuv3.arch")).isEmpty();
            assertThat(console.run("felix:headers " + devices)).contains("dev.backplane.devices");
            assertThat(console.run("felix:uninstall " + devices)).isEmpty();
            assertThat(console.run("board:slots")).containsPattern("edu0 .*PARKED");
        }
    }
}
