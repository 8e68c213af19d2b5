package dev.backplane.qtest.object;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UserObjectsTest {
    private static final UserObject RAM = new UserObject(ObjectType.MEMORY_BACKEND_RAM, "ram", Map.of("size", 1L));
    private static final UserObject HOST = new UserObject(ObjectType.IOMMUFD, "host", Map.of());

    private final UserObjects objects = new UserObjects(List.of(RAM), List.of(HOST));

    @Test
    void whatIsNotToldHasItsDefault() {
        assertThat(RAM.values()).containsEntry("share", false).containsEntry("dump", true);
        assertThat(new UserObject(ObjectType.MEMORY_BACKEND_MEMFD, "m", Map.of("size", 1L)).values())
                .containsEntry("share", true);
    }

    @Test
    void whatDoesNotFitIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new UserObject(ObjectType.MEMORY_BACKEND_FILE, "m", Map.of("size", 1L)))
                .withMessage("Parameter 'mem-path' is missing");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new UserObject(ObjectType.MEMORY_BACKEND_RAM, "m", Map.of("size", "1M")))
                .withMessage("Invalid parameter type for 'size', expected: int");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new UserObject(ObjectType.MEMORY_BACKEND_RAM, "m", Map.of("size", 0L)))
                .withMessage("Parameter 'size' expects 1 or more, not 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new UserObject(ObjectType.IOMMUFD, "m", Map.of("size", 1L)))
                .withMessage("Parameter 'size' is unexpected");
    }

    @Test
    void aNameIsGivenOnce() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> objects.add(new UserObject(ObjectType.IOMMUFD, "ram", Map.of())))
                .withMessage("Duplicate object ID 'ram'");
    }

    @Test
    void whatTheMachineUsesStays() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> objects.remove("ram"))
                .withMessage("object 'ram' is used by the machine and must stay");
        objects.remove("host");
        assertThat(objects.all()).containsExactly(RAM);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> objects.remove("host"))
                .withMessage("object 'host' not found");
    }
}
