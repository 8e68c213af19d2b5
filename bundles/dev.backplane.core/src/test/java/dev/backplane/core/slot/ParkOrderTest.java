package dev.backplane.core.slot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.Placement;
import dev.backplane.board.SlotDefinition;
import dev.backplane.core.slot.ParkOrder.Node;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParkOrderTest {
    private static final List<Node> BOARD = List.of(
            platform("gic", Map.of(), Map.of(), "", false),
            platform("its0", Map.of("parent-gic", "gic"), Map.of(), "", true),
            platform(
                    "smmu0",
                    Map.of("primary-bus", "pcie.0"),
                    Placement.wires("gic", 106, List.of("eventq")),
                    "pcie.0",
                    false),
            pci("pxb1", "pcie.0"),
            platform("its1", Map.of("parent-gic", "gic", "root-bus", "pxb1"), Map.of(), "", true),
            platform("smmu1", Map.of("primary-bus", "pxb1"), Map.of(), "pxb1", false),
            pci("rp0", "pcie.0"),
            pci("edu0", "rp0"),
            pci("edu1", "pxb1"));

    private static Node platform(
            String name,
            Map<String, Object> properties,
            Map<String, Placement.Wire> lines,
            String iommu,
            boolean msiController) {
        return new Node(
                new SlotDefinition(name, "t", properties, new Placement.SystemBus(Map.of(), lines), false),
                properties,
                iommu,
                msiController);
    }

    private static Node pci(String name, String bus) {
        return new Node(
                new SlotDefinition(name, "t", Map.of(), new Placement.Pci(bus, 8), false), Map.of(), "", false);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
    void initiatorsComeBeforeTheirTargetsHoweverTheyWereDefined(int seed) {
        var shuffled = new ArrayList<>(BOARD);
        Collections.shuffle(shuffled, new Random(seed));
        List<String> order = ParkOrder.of(shuffled);
        assertThat(order).hasSameSizeAs(BOARD);
        assertThat(order).containsSubsequence("edu0", "rp0", "smmu0", "gic");
        assertThat(order).containsSubsequence("edu0", "its0", "gic");
        assertThat(order).containsSubsequence("edu1", "smmu1");
        assertThat(order).as("whose MSIs it takes").containsSubsequence("edu1", "pxb1", "its1", "gic");
        assertThat(order).containsSubsequence("edu1", "pxb1");
        assertThat(order).containsSubsequence("rp0", "its0");
    }

    @Test
    void aCircleOfLinksIsCut() {
        List<String> order = ParkOrder.of(List.of(
                platform("a", Map.of("x", "b"), Map.of(), "", false),
                platform("b", Map.of("x", "a"), Map.of(), "", false)));
        assertThat(order).containsExactlyInAnyOrder("a", "b");
    }
}
