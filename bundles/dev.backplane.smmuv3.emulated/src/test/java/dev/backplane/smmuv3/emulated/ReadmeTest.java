package dev.backplane.smmuv3.emulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.device.PropertyDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the README says of properties and ID registers is what the device has. */
class ReadmeTest {
    private final List<String> lines;

    ReadmeTest() throws Exception {
        lines = Files.readAllLines(Path.of("README.md"));
    }

    @ParameterizedTest
    @CsvSource({"IDR0, 0x00", "IDR1, 0x04", "IDR3, 0x0C", "IDR5, 0x14", "AIDR, 0x1C"})
    void idRegisters(String name, String offset) throws Exception {
        assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("| `%s` | `0x%08x` | `0x%08x` |".formatted(
                name, shown("default", offset), shown("virt-11.1", offset))));
    }

    private static long shown(String profile, String offset) throws Exception {
        return new TestBoard(Map.of("profile", profile)).read(Long.decode(offset), 4);
    }

    @Test
    void properties() {
        for (PropertyDescriptor property : SmmuProperties.DESCRIPTORS) {
            assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("| `%s` |".formatted(property.name())));
        }
    }
}
