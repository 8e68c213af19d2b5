package dev.backplane.itest.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Plays the same random scenarios on our machine and on the peer's and compares what they show, step by step. A
 * difference has to be explained by the named deviations, or the comparison fails with the seed that shows it.
 *
 * @param <S> scenarios
 * @param <O> what is observed in one step; compared by {@code equals}
 */
final class Comparison<S, O> {
    /** Where a run begins, how many scenarios it has, and how many failures it shows before it gives up. */
    record Extent(long seed, int first, int count, int failures) {
        static Extent ofProperties(int defaultCount) {
            return new Extent(
                    Long.getLong("backplane.comparison.seed", 1),
                    Integer.getInteger("backplane.comparison.first", 0),
                    Integer.getInteger("backplane.comparison.scenarios", defaultCount),
                    Integer.getInteger("backplane.comparison.failures", 1));
        }

        @Override
        public String toString() {
            return "-Dbackplane.comparison.seed=%d -Dbackplane.comparison.first=%d".formatted(seed, first);
        }
    }

    /** Makes the scenario with a number. The same seed and number give the same scenario. */
    @FunctionalInterface
    interface Scenarios<S> {
        S scenario(long seed, int number);
    }

    /** Plays a scenario on a machine. */
    @FunctionalInterface
    interface Play<S, O> {
        List<O> play(Peer machine, S scenario) throws Exception;
    }

    private final String name;
    private final Scenarios<S> scenarios;
    private final Play<S, O> play;
    private final List<Deviation<S, O>> deviations;
    private final Map<String, Integer> explained = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();

    Comparison(String name, Scenarios<S> scenarios, Play<S, O> play, List<Deviation<S, O>> deviations) {
        this.name = name;
        this.scenarios = scenarios;
        this.play = play;
        this.deviations = deviations;
    }

    void run(Pair pair, Extent extent) throws Exception {
        int steps = 0;
        int last = extent.first() + extent.count();
        int number = extent.first();
        for (; number < last && failures.size() < extent.failures(); number++) {
            S scenario = scenarios.scenario(extent.seed(), number);
            List<O> theirs;
            List<O> ours;
            try {
                ours = play.play(pair.ours(), scenario);
                theirs = play.play(pair.theirs(), scenario);
            } catch (Exception e) {
                throw new AssertionError("%s: %s, scenario %d: %s".formatted(name, extent, number, scenario), e);
            }
            steps += ours.size();
            compare(extent.seed(), number, scenario, ours, theirs);
        }
        System.out.printf("%s: %d scenarios of seed %d, %d steps; deviations by name: %s%n",
                name, number - extent.first(), extent.seed(), steps, explained);
        assertThat(failures).as(name).isEmpty();
    }

    private void compare(long seed, int number, S scenario, List<O> ours, List<O> theirs) {
        Set<String> used = new HashSet<>();
        for (int step = 0; step < Math.max(ours.size(), theirs.size()); step++) {
            O mine = step < ours.size() ? ours.get(step) : null;
            O other = step < theirs.size() ? theirs.get(step) : null;
            O amended = mine == null || other == null ? other : amend(scenario, step, mine, other, used);
            if (mine == null || !mine.equals(amended)) {
                failures.add(("%s -Dbackplane.comparison.seed=%d -Dbackplane.comparison.first=%d%n%s%n"
                                + "step %d%nours   %s%ntheirs %s%namended %s%n")
                        .formatted(name, seed, number, scenario, step, mine, other, amended));
                return;
            }
        }
        used.forEach(rule -> explained.merge(rule, 1, Integer::sum));
    }

    private O amend(S scenario, int step, O ours, O theirs, Set<String> used) {
        O amended = theirs;
        for (Deviation<S, O> deviation : deviations) {
            if (ours.equals(amended)) {
                break;
            }
            O next = deviation.amendment().amend(scenario, step, ours, amended);
            if (!next.equals(amended)) {
                used.add(deviation.name());
                amended = next;
            }
        }
        return amended;
    }
}
