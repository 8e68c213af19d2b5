package dev.backplane.core.irq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.core.irq.PendingChanges.Change;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.TransactionContext;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PendingChangesTest {
    private static final int PROCESSORS = 3;
    private static final int INTIDS = 4;
    private final PendingChanges changes = new PendingChanges();

    @Test
    void aStormOfMessagesIsOneBitEach() {
        for (int i = 0; i < 100_000; i++) {
            changes.note(new PendingChanges.Set(i % 2, 8192 + i % 5));
            changes.note(new PendingChanges.Clear(i % 2, 8192 + i % 5));
        }
        assertThat(changes.size()).isEqualTo(10);
    }

    @Test
    void movesAreBounded() {
        for (int i = 0; i < 100_000; i++) {
            changes.note(new PendingChanges.Move(i % 2, 1 - i % 2, 8192));
            changes.note(new PendingChanges.MoveAll(i % 2, 1 - i % 2));
            changes.note(new PendingChanges.Set(0, 8192));
        }
        assertThat(changes.size()).isLessThanOrEqualTo(2 * PendingChanges.MOST_MOVES + 1);
    }

    @Test
    void messagesBetweenMovesAreBounded() {
        int messages = 1000;
        for (int round = 0; round < 500; round++) {
            changes.note(new PendingChanges.MoveAll(round % 2, 1 - round % 2));
            for (int i = 0; i < messages; i++) {
                changes.note(new PendingChanges.Set(0, 8192 + i));
            }
        }
        assertThat(changes.size()).isLessThanOrEqualTo(PendingChanges.MOST_CHANGES + messages);
    }

    @Test
    void whatIsKeptComesToTheSameAsAllOfIt() {
        for (long seed = 1; seed <= 300; seed++) {
            var random = new Random(seed);
            var all = new ArrayList<Change>();
            for (int i = random.nextInt(60); i >= 0; i--) {
                all.add(any(random));
            }
            var expected = new Gic(random);
            var actual = new Gic(expected);
            all.forEach(change -> change.make(null, expected));
            all.forEach(changes::note);
            for (Change next = changes.next(); next != null; next = changes.next()) {
                next.make(null, actual);
            }
            assertThat(actual.pending).as("seed %d: %s", seed, all).isEqualTo(expected.pending);
        }
    }

    private static Change any(Random random) {
        int processor = random.nextInt(PROCESSORS);
        int other = random.nextInt(PROCESSORS);
        int intid = random.nextInt(INTIDS);
        return switch (random.nextInt(8)) {
            case 0 -> new PendingChanges.Move(processor, other, intid);
            case 1 -> new PendingChanges.MoveAll(processor, other);
            case 2, 3 -> new PendingChanges.Clear(processor, intid);
            default -> new PendingChanges.Set(processor, intid);
        };
    }

    /** Pending bits and nothing else. */
    private static final class Gic implements LpiController {
        final List<BitSet> pending = new ArrayList<>();

        Gic(Random random) {
            for (int i = 0; i < PROCESSORS; i++) {
                pending.add(BitSet.valueOf(new long[] {random.nextInt(1 << INTIDS)}));
            }
        }

        Gic(Gic other) {
            other.pending.forEach(bits -> pending.add((BitSet) bits.clone()));
        }

        @Override
        public int processors() {
            return PROCESSORS;
        }

        @Override
        public boolean setPending(TransactionContext context, int processor, int intid) {
            pending.get(processor).set(intid);
            return true;
        }

        @Override
        public boolean clearPending(TransactionContext context, int processor, int intid) {
            pending.get(processor).clear(intid);
            return true;
        }

        @Override
        public void movePending(TransactionContext context, int from, int to, int intid) {
            if (pending.get(from).get(intid)) {
                pending.get(from).clear(intid);
                pending.get(to).set(intid);
            }
        }

        @Override
        public void moveAllPending(TransactionContext context, int from, int to) {
            if (from != to) {
                pending.get(to).or(pending.get(from));
                pending.get(from).clear();
            }
        }

        @Override
        public void invalidate(TransactionContext context, int processor, int intid) {}

        @Override
        public void invalidateAll(TransactionContext context, int processor) {}
    }
}
