package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.Slot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;

/** Changes bundles in turn, each in another way than the last time, and measures what that leaves behind. */
final class Updates {
    /**
     * Milliseconds that a closed slot keeps others waiting. The default of boards, 2000, is met by a machine that has
     * processors to spare; one that is several times overloaded does not get a bundle started in that time.
     */
    static final String SLOT_TIMEOUT = System.getProperty("backplane.slot-timeout", "20000");

    private static final int SAMPLES = 10;
    private static final String LIBRARY = "dev.backplane.smmuv3.arch";

    /** How a bundle is changed. */
    private enum Way {
        BESIDE,
        STOPPED_AND_STARTED,
        IN_PLACE
    }

    private final Boards boards;
    private final Bundles bundles;
    private final Path cache;
    private final int goal;
    private final Map<Way, Integer> done = new EnumMap<>(Way.class);
    private final List<Footprint> footprints = new ArrayList<>();
    private int total;

    /**
     * Makes them.
     *
     * @param goal how many updates are to be done
     */
    Updates(BundleContext context, Boards boards, Bundles bundles, int goal) {
        this.boards = boards;
        this.bundles = bundles;
        this.goal = goal;
        cache = Path.of(context.getProperty(Constants.FRAMEWORK_STORAGE));
    }

    boolean areDone() {
        return total >= goal;
    }

    /** Changes each of the bundles once; their ways move on from round to round. */
    void change(Map<String, Path> jars, int round) throws Exception {
        int way = round;
        for (Map.Entry<String, Path> each : jars.entrySet()) {
            change(bundles.find(each.getKey()), each.getValue(), Way.values()[way++ % Way.values().length]);
        }
    }

    private void change(Bundle bundle, Path jar, Way way) throws Exception {
        switch (way) {
            case BESIDE -> beside(bundle, jar);
            case STOPPED_AND_STARTED -> Bundles.restart(bundle);
            case IN_PLACE -> bundles.update(bundle, jar);
        }
        done.merge(way, 1, Integer::sum);
        count();
    }

    /** Updates the library of the SMMUs, and takes all that is wired to it along. */
    void refreshLibrary() throws Exception {
        Bundle library = bundles.find(LIBRARY);
        bundles.update(library, Bundles.shipped(LIBRARY));
        bundles.refresh(List.of(library));
        count();
    }

    private void count() {
        total++;
        if (total >= goal * (footprints.size() + 1) / SAMPLES) {
            footprints.add(Footprint.now(cache));
            System.out.printf("%d updates: %s%n", total, footprints.getLast());
        }
    }

    /** As {@code board:update} does it, for a slot that the bundle serves. */
    private void beside(Bundle bundle, Path jar) throws Exception {
        for (Board board : boards.list()) {
            for (Slot slot : board.slots()) {
                if (slot.provider().filter(by -> by.startsWith(bundle.getSymbolicName() + " ")).isPresent()) {
                    bundles.leaving(bundle);
                    board.update(slot.name(), jar);
                    return;
                }
            }
        }
        throw new AssertionError("no slot is served by " + bundle);
    }

    /** Checks that no slot kept anybody waiting too long, and that nothing of the replaced bundles is there. */
    void assertNothingWasLostOrLeft() {
        for (Board board : boards.list()) {
            for (Slot slot : board.slots()) {
                String name = "%s of %s".formatted(slot.name(), board.name());
                assertThat(slot.state()).as("slot %s: %s", name, slot.why()).isEqualTo(Slot.State.RUNNING);
                assertThat(slot.aborts()).as("aborts at slot %s", name).isZero();
                assertThat(slot.counters().get("time-outs")).as("time-outs at slot %s", name).isZero();
                assertThat(slot.history()).as("slot %s", name).noneMatch(entry ->
                        entry.event().equals("THREAD_LEFT"));
            }
        }
        bundles.assertNothingOldIsReachable();
        // What the first rounds load and compile stays; from then on nothing is added.
        footprints.getLast().assertFlatSince(footprints.get(footprints.size() / 4));
    }

    /** {@return what happened last in the slots of all boards} */
    String history() {
        var text = new StringBuilder();
        for (Board board : boards.list()) {
            for (Slot slot : board.slots()) {
                text.append("\n  ").append(board.name()).append('/').append(slot.name()).append(' ').append(slot.state());
                text.append(' ').append(slot.counters());
                slot.history().reversed().stream().limit(4).forEach(entry -> text.append("\n    ").append(entry));
            }
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return "%d updates %s, %d class loaders let go".formatted(total, done, bundles.left());
    }
}
