package dev.backplane.smmuv3.accel;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** RAM of 512 MiB at 0x40000000, of which only the pages that are touched exist; elsewhere accesses abort. */
final class TestMemory implements DmaPort {
    private static final long BASE = 0x4000_0000L;
    private static final long SIZE = 0x2000_0000L;
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    private final ConcurrentHashMap<Long, MemorySegment> pages = new ConcurrentHashMap<>();

    /** Numbers of the pages that were read as an initiator does. */
    final Set<Long> readPages = ConcurrentHashMap.newKeySet();

    void put(long address, long word) {
        page(address).set(WORD, address & 0xFF8, word);
    }

    long get(long address) {
        return page(address).get(WORD, address & 0xFF8);
    }

    private MemorySegment page(long address) {
        return pages.computeIfAbsent(address >>> 12, number -> MemorySegment.ofArray(new long[512]));
    }

    private static boolean aborts(long address, int length) {
        return address < BASE || address + length > BASE + SIZE;
    }

    @Override
    public String initiator() {
        return "smmu0";
    }

    @Override
    public TransactionAttributes attributes() {
        return TransactionAttributes.NONE;
    }

    @Override
    public DmaPort with(TransactionAttributes attributes) {
        return this;
    }

    @Override
    public TransactionResult read(
            TransactionContext context, long address, MemorySegment target, long offset, int length) {
        if (aborts(address, length)) {
            return Fault.DECODE_ERROR;
        }
        for (int i = 0; i < length; i++) {
            byte data = page(address + i).get(ValueLayout.JAVA_BYTE, address + i & 0xFFF);
            target.set(ValueLayout.JAVA_BYTE, offset + i, data);
        }
        return Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long offset, int length) {
        if (aborts(address, length)) {
            return Fault.DECODE_ERROR;
        }
        for (int i = 0; i < length; i++) {
            byte data = source.get(ValueLayout.JAVA_BYTE, offset + i);
            page(address + i).set(ValueLayout.JAVA_BYTE, address + i & 0xFFF, data);
        }
        return Done.DONE;
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        if (aborts(address, size)) {
            return Fault.DECODE_ERROR;
        }
        readPages.add(address >>> 12);
        context.data(get(address) >>> (address & 7) * 8 & (size == 8 ? -1L : (1L << size * 8) - 1));
        return Done.DONE;
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        if (aborts(address, size)) {
            return Fault.DECODE_ERROR;
        }
        long mask = (size == 8 ? -1L : (1L << size * 8) - 1) << (address & 7) * 8;
        put(address, get(address) & ~mask | value << (address & 7) * 8 & mask);
        return Done.DONE;
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        return read(context, address, 8);
    }

    @Override
    public TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        if (aborts(address, 8)) {
            return Fault.DECODE_ERROR;
        }
        long found = get(address);
        if (found == expected) {
            put(address, update);
        }
        context.data(found);
        return Done.DONE;
    }
}
