package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.Slot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.inject.Inject;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** Whatever order the bundles start in, the same board results. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class StartOrderIT {
    private static final int SHUFFLES = 50;
    private static final List<String> BUNDLES = List.of(
            "dev.backplane.board.virt",
            "dev.backplane.gicv3",
            "dev.backplane.smmuv3.emulated",
            "dev.backplane.devices");

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    @Configuration
    public Option[] shipped() {
        return options(ShippedFeatures.provision(
                "backplane-core",
                "backplane-virt",
                "backplane-smmuv3-emulated",
                "backplane-gicv3",
                "backplane-devices"));
    }

    private static BoardDefinition definition() {
        return new BoardDefinition(
                "order",
                "virt",
                Map.of("gic-version", "3", "iommu", "smmuv3", "memory", "64M", "smp", "2"),
                List.of(
                        new DeviceRequest("pcie-root-port", "rp0", "", "", Map.of()),
                        new DeviceRequest("edu", "edu0", "", "", Map.of()),
                        new DeviceRequest("iommu-testdev", "testdev0", "", "", Map.of()),
                        new DeviceRequest("edu", "edu1", "rp0", "", Map.of())));
    }

    @Test
    public void everyOrderOfTheDeviceBundlesComposesTheSameBoard() throws Exception {
        String expected = compose(BUNDLES, "as listed");
        int pairs = 0;
        for (int first = 0; first < BUNDLES.size(); first++) {
            for (int second = first + 1; second < BUNDLES.size(); second++) {
                List<String> order = new ArrayList<>(BUNDLES);
                Collections.swap(order, first, second);
                assertThat(compose(order, order.toString())).as("order %s", order).isEqualTo(expected);
                pairs++;
            }
        }
        for (int seed = 0; seed < SHUFFLES; seed++) {
            List<String> order = new ArrayList<>(BUNDLES);
            Collections.shuffle(order, new Random(seed));
            assertThat(compose(order, "seed " + seed)).as("seed %d, order %s", seed, order).isEqualTo(expected);
        }
        System.out.printf("%d swapped pairs and %d shuffles compose the same board:%n%s%n", pairs, SHUFFLES, expected);
    }

    /** Starts the bundles in an order, with the board asked for before the first of them. */
    private String compose(List<String> order, String what) throws Exception {
        for (String name : order) {
            bundle(name).stop();
        }
        Board board = boards.create(definition());
        try {
            assertThat(board.isComplete()).isFalse();
            assertThat(board.why()).as("what the board waits for").isNotEmpty();
            for (String name : order) {
                bundle(name).start();
            }
            assertThat(board.awaitComplete(Duration.ofSeconds(30)))
                    .as("%s: board complete; why: %s", what, board.why())
                    .isTrue();
            return picture(board);
        } finally {
            boards.destroy("order");
        }
    }

    private static String picture(Board board) {
        var text = new StringBuilder();
        for (Slot slot : board.slots()) {
            text.append("%s %s %s %s %s%n".formatted(
                    slot.name(),
                    slot.definition().deviceType(),
                    slot.state(),
                    slot.pciAddress().map(Object::toString).orElse("-"),
                    new TreeMap<>(slot.properties())));
        }
        board.memoryMap().forEach(entry -> text.append(entry).append('\n'));
        board.pci().functions().forEach(function -> text.append(function).append('\n'));
        board.pci().rootBuses().forEach(bus -> text.append(bus).append('\n'));
        return text.toString();
    }

    private Bundle bundle(String name) {
        return List.of(context.getBundles()).stream()
                .filter(candidate -> name.equals(candidate.getSymbolicName()))
                .findFirst()
                .orElseThrow();
    }
}
