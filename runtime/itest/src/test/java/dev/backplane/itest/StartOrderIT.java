package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.Slot;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.inject.Inject;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.util.tracker.ServiceTracker;

/** Whatever order the bundles start in, those that they stand on included, the same board results. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class StartOrderIT {
    private static final int SHUFFLES = 50;
    private static final long PATIENCE = Duration.ofSeconds(30).toMillis();

    /** In an order in which each stands on those before it. */
    private static final List<String> BUNDLES = List.of(
            "org.apache.felix.configadmin",
            "org.apache.felix.scr",
            "dev.backplane.api",
            "dev.backplane.spi",
            "dev.backplane.core",
            "dev.backplane.board.virt",
            "dev.backplane.gicv3",
            "dev.backplane.smmuv3.arch",
            "dev.backplane.smmuv3.emulated",
            "dev.backplane.devices");

    @Inject
    private BundleContext context;

    @Inject
    private ConfigurationAdmin configurations;

    @Configuration
    public Option[] shipped() {
        return options(ShippedFeatures.provision(
                "backplane-core",
                "backplane-virt",
                "backplane-smmuv3-emulated",
                "backplane-gicv3",
                "backplane-devices"));
    }

    /** Asks for a board as a configuration does, which outlives all bundles. */
    @Before
    public void configure() throws IOException {
        configurations
                .createFactoryConfiguration("backplane.board", "?")
                .update(new Hashtable<>(Map.of(
                        "board.name", "order",
                        "board.machine", "virt",
                        "board.options", new String[] {"gic-version=3", "iommu=smmuv3", "memory=64M", "smp=2"},
                        "board.devices",
                                new String[] {
                                    "pcie-root-port,id=rp0",
                                    "edu,id=edu0",
                                    "iommu-testdev,id=testdev0",
                                    "edu,id=edu1,bus=rp0"
                                })));
    }

    @Test
    public void everyOrderComposesTheSameBoard() throws Exception {
        String expected = compose(BUNDLES, "as listed");
        assertThat(expected).contains("edu1").contains("smmu0");
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

    private String compose(List<String> order, String what) throws Exception {
        for (String name : BUNDLES.reversed()) {
            bundle(name).stop();
        }
        for (String name : order) {
            bundle(name).start();
        }
        var boards = new ServiceTracker<Board, Board>(
                context,
                FrameworkUtil.createFilter(
                        "(&(objectClass=%s)(%s=order))".formatted(Board.class.getName(), Board.NAME)),
                null);
        boards.open();
        try {
            Board board = boards.waitForService(PATIENCE);
            assertThat(board).as("%s: the board's service, of %s", what, Arrays.toString(context.getAllServiceReferences(Board.class.getName(), null))).isNotNull();
            assertThat(board.awaitComplete(Duration.ofMillis(PATIENCE)))
                    .as("%s: board complete; why: %s", what, board.why())
                    .isTrue();
            return picture(board);
        } finally {
            boards.close();
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
