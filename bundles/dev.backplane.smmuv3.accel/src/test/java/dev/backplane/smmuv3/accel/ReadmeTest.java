package dev.backplane.smmuv3.accel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.device.PropertyDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the README says of properties and saved state is what the device has. */
class ReadmeTest {
    @Test
    void namesEveryPropertyWithItsDefault() throws Exception {
        List<String> lines = Files.readAllLines(Path.of("README.md"));
        for (PropertyDescriptor property : AccelProperties.DESCRIPTORS) {
            String value = switch (property.defaultValue()) {
                case Boolean on -> on ? "on" : "off";
                case String text -> text.isEmpty() ? "–" : "`" + text + "`";
                case Object other -> other.toString();
            };
            assertThat(lines).anySatisfy(line ->
                    assertThat(line).startsWith("| `%s` | %s |".formatted(property.name(), value)));
        }
    }

    @Test
    void namesEveryFieldOfTheSavedState() throws Exception {
        String text = Files.readString(Path.of("README.md"));
        var board = new TestBoard(new FakeHost());
        assertThat(board.smmu.save().fields().keySet())
                .allSatisfy(field -> assertThat(text).contains("| `" + field + "` |"));
    }
}
