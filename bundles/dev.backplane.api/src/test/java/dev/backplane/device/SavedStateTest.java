package dev.backplane.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SavedStateTest {

    @Test
    void arraysAreCopiedInAndOut() throws RestoreException {
        long[] words = {1, 2};
        var state = new SavedState("edu", 1, Map.of("words", words));
        words[0] = 9;
        long[] read = state.get("words", long[].class);
        assertThat(read).containsExactly(1, 2);
        read[0] = 7;
        assertThat(state.get("words", long[].class)).containsExactly(1, 2);
    }

    @Test
    void nestedValuesOfJdkTypesAreAllowedAndOthersAreNot() {
        assertThatCode(() -> new SavedState("edu", 1, Map.of("a", Map.of("b", List.of(1L, "x", true)))))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> new SavedState("edu", 1, Map.of("a", List.of(new StringBuilder()))))
                .hasMessageContaining("field a")
                .hasMessageContaining("StringBuilder");
    }

    @Test
    void newerLayoutsAndOtherTypesAreRefused() {
        var state = new SavedState("edu", 3, Map.of());
        assertThatCode(() -> state.require("edu", 3)).doesNotThrowAnyException();
        assertThatThrownBy(() -> state.require("edu", 2)).hasMessageContaining("version 3");
        assertThatThrownBy(() -> state.require("nic", 3)).hasMessageContaining("of a edu");
    }

    @Test
    void missingFieldsAreNamed() {
        var state = new SavedState("edu", 1, Map.of("count", 5));
        assertThatThrownBy(() -> state.get("size", Long.class)).hasMessageContaining("field size");
        assertThatThrownBy(() -> state.get("count", String.class)).hasMessageContaining("expected String");
        assertThatCode(() -> assertThat(state.getLong("count")).isEqualTo(5)).doesNotThrowAnyException();
    }
}
