package dev.backplane.core.slot;

import dev.backplane.board.Slot.HistoryEntry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;

/** What happened to a slot lately. Thread-safe. */
final class SlotHistory {
    private static final int KEPT = 200;
    private final ArrayDeque<HistoryEntry> entries = new ArrayDeque<>();

    synchronized void add(String event, String detail, Duration duration) {
        if (entries.size() == KEPT) {
            entries.removeFirst();
        }
        entries.addLast(new HistoryEntry(Instant.now(), event, detail, duration));
    }

    synchronized List<HistoryEntry> entries() {
        return List.copyOf(entries);
    }
}
