package dev.backplane.core.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.FlatView.Mapping;
import dev.backplane.memory.MmioRegion;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FlatViewTest {
    private final DeviceGate gate = new DeviceGate("slot", new EpochDomain(), Duration.ofSeconds(1));

    private Mapping mapping(String name, long base, long size, int priority) {
        var region = new MmioRegion(name, size, 1, 8, true, NobodyHome.HANDLER);
        return new Mapping(base, size, priority, null, new MappedRegion("slot", gate, region));
    }

    @Test
    void higherPriorityCutsAHole() {
        FlatView view = FlatView.of(List.of(mapping("low", 0x1000, 0x3000, 0), mapping("high", 0x2000, 0x1000, 1)));
        assertThat(view.ranges()).extracting(range -> range.first).containsExactly(0x1000L, 0x2000L, 0x3000L);
        assertThat(view.find(0x3004).offset + (0x3004 - view.find(0x3004).first)).isEqualTo(0x2004);
        assertThat(view.find(0x2004).region.region().name()).isEqualTo("high");
        assertThat(view.find(0x4000)).isNull();
        assertThat(view.find(0xFFF)).isNull();
    }

    @Test
    void theLastByteOfTheAddressSpaceIsReachable() {
        FlatView view = FlatView.of(List.of(mapping("top", 0xFFFF_FFFF_FFFF_F000L, 0x1000, 0)));
        assertThat(view.find(-1L)).isNotNull();
        assertThat(view.find(0)).isNull();
    }

    @Test
    void equalPrioritiesMayNotOverlap() {
        assertThatThrownBy(() -> FlatView.of(List.of(mapping("a", 0x1000, 0x1000, 0), mapping("b", 0x1800, 0x1000, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("region a")
                .hasMessageContaining("region b")
                .hasMessageContaining("0x1800");
    }

    @Test
    void aRegionMayNotWrapAround() {
        assertThatThrownBy(() -> FlatView.of(List.of(mapping("a", -0x1000L, 0x2000, 0))))
                .hasMessageContaining("wraps around");
    }

    @Test
    void randomOverlapsResolveAsOneLookUpByOneWould() {
        for (long seed = 0; seed < 300; seed++) {
            var random = new SplittableRandom(seed);
            var mappings = new ArrayList<Mapping>();
            for (int i = 0; i < 12; i++) {
                mappings.add(mapping("r" + i, random.nextLong(64) * 16, (1 + random.nextLong(20)) * 16, i));
            }
            FlatView view = FlatView.of(mappings);
            for (long address = 0; address < 0x700; address += 8) {
                long at = address;
                Mapping expected = mappings.stream()
                        .filter(m -> at >= m.base() && at <= m.last())
                        .max(Comparator.comparingInt(Mapping::priority))
                        .orElse(null);
                FlatRange found = view.find(at);
                if (expected == null) {
                    assertThat(found).as("seed %d, address 0x%x", seed, at).isNull();
                } else {
                    assertThat(found.region).as("seed %d, address 0x%x", seed, at).isSameAs(expected.region());
                    assertThat(found.offset + (at - found.first)).isEqualTo(at - expected.base());
                }
            }
        }
    }
}
