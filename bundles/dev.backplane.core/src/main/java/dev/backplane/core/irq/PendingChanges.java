package dev.backplane.core.irq;

import dev.backplane.irq.LpiController;
import dev.backplane.memory.TransactionContext;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Changes of the pending state of LPIs that nobody could take yet, in an order that comes to the same. Between two moves
 * one change is kept for each pending bit, whatever storm of messages made them, as a pending bit is one bit. Moves come
 * from commands of the guest; those that come when {@link #MOST_MOVES} moves or {@link #MOST_CHANGES} changes are kept
 * are forgotten: their interrupts stay pending where they were. So a guest cannot have more kept than that and one
 * change for each bit. Not thread-safe.
 */
final class PendingChanges {

    /** A change of pending state. */
    sealed interface Change {
        /** Makes it. */
        void make(TransactionContext context, LpiController gic);
    }

    /** A bit is set. */
    record Set(int processor, int intid) implements Change {
        @Override
        public void make(TransactionContext context, LpiController gic) {
            gic.setPending(context, processor, intid);
        }
    }

    /** A bit is cleared. */
    record Clear(int processor, int intid) implements Change {
        @Override
        public void make(TransactionContext context, LpiController gic) {
            gic.clearPending(context, processor, intid);
        }
    }

    /** A bit is moved. */
    record Move(int from, int to, int intid) implements Change {
        @Override
        public void make(TransactionContext context, LpiController gic) {
            gic.movePending(context, from, to, intid);
        }
    }

    /** All bits of a processor are moved. */
    record MoveAll(int from, int to) implements Change {
        @Override
        public void make(TransactionContext context, LpiController gic) {
            gic.moveAllPending(context, from, to);
        }
    }

    /** A bit between two moves that concern it. */
    private record Bit(int allMoves, int movesOfIntid, int processor, int intid) {}

    /** A move, by its number. */
    private record Step(int number) {}

    static final int MOST_MOVES = 10_000;
    static final int MOST_CHANGES = 100_000;

    private final Map<Record, Change> changes = new LinkedHashMap<>();
    private final Map<Integer, Integer> movesOf = new HashMap<>();
    private int allMoves;
    private int moves;

    void note(Change change) {
        switch (change) {
            case Set(int processor, int intid) -> put(bit(processor, intid), change);
            case Clear(int processor, int intid) -> put(bit(processor, intid), change);
            case Move move -> {
                if (step(move)) {
                    movesOf.merge(move.intid(), 1, Integer::sum);
                }
            }
            case MoveAll all -> {
                if (step(all)) {
                    allMoves++;
                }
            }
        }
    }

    private Bit bit(int processor, int intid) {
        return new Bit(allMoves, movesOf.getOrDefault(intid, 0), processor, intid);
    }

    private void put(Record key, Change change) {
        // At the end, after those of the same bit that it outdoes and before the next move.
        changes.remove(key);
        changes.put(key, change);
    }

    private boolean step(Change move) {
        if (moves == MOST_MOVES || changes.size() >= MOST_CHANGES) {
            return false;
        }
        changes.put(new Step(moves++), move);
        return true;
    }

    /** {@return how many are kept} */
    int size() {
        return changes.size();
    }

    /** Forgets all. */
    void clear() {
        changes.clear();
        movesOf.clear();
        allMoves = 0;
        moves = 0;
    }

    /** {@return the next one, which is forgotten here, or null} */
    Change next() {
        var each = changes.values().iterator();
        if (!each.hasNext()) {
            movesOf.clear();
            moves = 0;
            return null;
        }
        Change next = each.next();
        each.remove();
        return next;
    }
}
