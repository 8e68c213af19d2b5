package dev.backplane.smmuv3.translate;

import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;

/** Memory in pages of 4 KiB that exist once something was stored in them; all else aborts. */
final class SparseMemory extends TablePort {
    private final ConcurrentHashMap<Long, AtomicLongArray> pages = new ConcurrentHashMap<>();
    /** Addresses that were loaded, when recording. */
    private List<Long> loads;
    /** Happens before each load. */
    private Runnable interference = () -> {};

    void store(long address, long value) {
        page(address).set((int) (address >>> 3 & 511), value);
    }

    void store(long address, long... words) {
        for (int i = 0; i < words.length; i++) {
            store(address + 8L * i, words[i]);
        }
    }

    /** Makes the page around an address exist. */
    void back(long address) {
        page(address);
    }

    private AtomicLongArray page(long address) {
        return pages.computeIfAbsent(address >>> 12, _ -> new AtomicLongArray(512));
    }

    void clear() {
        pages.clear();
    }

    boolean exists(long address) {
        return pages.containsKey(address >>> 12);
    }

    long peek(long address) {
        return pages.get(address >>> 12).get((int) (address >>> 3 & 511));
    }

    List<Long> recordLoads() {
        loads = new ArrayList<>();
        return loads;
    }

    /** Makes something happen before each load. */
    void interfere(Runnable action) {
        interference = action;
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        if ((address & 7) != 0) {
            throw new IllegalArgumentException("not aligned: 0x%x".formatted(address));
        }
        interference.run();
        if (loads != null) {
            loads.add(address);
        }
        AtomicLongArray page = pages.get(address >>> 12);
        if (page == null) {
            return TransactionResult.Fault.DECODE_ERROR;
        }
        context.data(page.getAcquire((int) (address >>> 3 & 511)));
        return TransactionResult.Done.DONE;
    }
}
