package dev.backplane.smmuv3.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.smmuv3.translate.Granule;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IdentityTest {
    private static final Set<Granule> ALL = EnumSet.allOf(Granule.class);

    @ParameterizedTest
    @CsvSource({
        "true,  false, 44, true,  0x0D44101A, 0x1404, 0x74",
        "false, true,  44, true,  0x0D441019, 0x1414, 0x74",
        "true,  true,  44, true,  0x0D44101B, 0x1414, 0x74",
        "true,  true,  48, true,  0x0D44101B, 0x1414, 0x75",
        "true,  true,  44, false, 0x0D44101B, 0x1014, 0x74",
    })
    void profileVirt111ShowsTheRegistersOfThatMachine(
            boolean stage1, boolean stage2, int oas, boolean ril, String idr0, String idr3, String idr5) {
        var bench = new Bench(IdentityProfile.VIRT_11_1.identity(
                new SmmuOptions(stage1, stage2, oas, ril, ALL, 16, 19, 19)));
        assertThat(bench.read(0x00)).isEqualTo(Long.decode(idr0));
        assertThat(bench.read(0x04)).isEqualTo(0x02730010L);
        assertThat(bench.read(0x08)).isZero();
        assertThat(bench.read(0x0C)).isEqualTo(Long.decode(idr3));
        assertThat(bench.read(0x10)).isZero();
        assertThat(bench.read(0x14)).isEqualTo(Long.decode(idr5));
        assertThat(bench.read(0x18)).isZero();
        assertThat(bench.read(0x1C)).isEqualTo(1);
        int[] block = {0x04, 0, 0, 0, 0x84, 0xB4, 0xF0, 0x10, 0x0D, 0xF0, 0x05, 0xB1};
        for (int i = 0; i < block.length; i++) {
            assertThat(bench.read(0xFD0 + 4 * i)).isEqualTo(block[i]);
        }
    }

    @Test
    void theFullProfileAdvertisesOverridesForcedWriteBackAndLargeAddresses() {
        var capabilities = IdentityProfile.FULL
                .identity(new SmmuOptions(true, true, 52, true, ALL, 16, 19, 19))
                .capabilities();
        assertThat(capabilities.overridesTypes()).isTrue();
        assertThat(capabilities.overridesPermissions()).isTrue();
        assertThat(capabilities.forcedWriteBack()).isTrue();
        assertThat(capabilities.outputBits()).isEqualTo(52);
        assertThat(capabilities.inputBits()).isEqualTo(52);
        assertThat(capabilities.alwaysAbort()).isFalse();
    }

    @Test
    void optionsThatContradictOneAnotherAreRefusedByName() {
        assertThatThrownBy(() -> new SmmuOptions(true, true, 52, true, EnumSet.of(Granule.KIB4), 16, 19, 19))
                .hasMessageContaining("oas 52 needs the 64K granule");
        assertThatThrownBy(() -> new SmmuOptions(true, true, 45, true, ALL, 16, 19, 19))
                .hasMessageContaining("oas 45 is no address size");
        assertThatThrownBy(() -> new SmmuOptions(true, true, 44, true, ALL, 33, 19, 19))
                .hasMessageContaining("sidsize 33 is out of range: expected 1 to 32");
        assertThatThrownBy(() -> new SmmuOptions(false, false, 44, true, ALL, 16, 19, 19))
                .hasMessageContaining("neither stage 1 nor stage 2");
        assertThatThrownBy(() -> new SmmuOptions(true, true, 44, true, Set.of(), 16, 19, 19))
                .hasMessageContaining("no granule");
    }
}
