package dev.backplane.host.pci;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.Translation;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * An address translation cache (PCIe 10.3). Every Invalidate Request starts a new generation and so drops more than it
 * names, as a device may; an answer that was asked for in an older generation is never used. Thread-safe.
 */
final class TranslationCache {
    private static final int ENTRIES = 256;
    private static final int PAGE_SHIFT = 12;

    private final AtomicReferenceArray<Entry> entries = new AtomicReferenceArray<>(ENTRIES);
    private final AtomicInteger generation = new AtomicInteger();
    private final LongAdder invalidations = new LongAdder();

    private record Entry(int generation, int pasid, long page, Translation.Mapped translation) {}

    /** {@return what is cached for an address, or null} */
    Translation.Mapped find(int pasid, long iova, AccessKind access) {
        Entry entry = entries.get(slot(pasid, iova));
        return entry != null
                        && entry.generation == generation.get()
                        && entry.pasid == pasid
                        && entry.page == iova >>> PAGE_SHIFT
                        && entry.translation.allows(access)
                ? entry.translation
                : null;
    }

    int generation() {
        return generation.get();
    }

    void insert(int askedIn, int pasid, long iova, Translation.Mapped translation) {
        entries.set(slot(pasid, iova), new Entry(askedIn, pasid, iova >>> PAGE_SHIFT, translation));
    }

    void invalidate() {
        generation.incrementAndGet();
        invalidations.increment();
    }

    long invalidations() {
        return invalidations.sum();
    }

    private static int slot(int pasid, long iova) {
        return (int) (iova >>> PAGE_SHIFT ^ pasid) & ENTRIES - 1;
    }
}
