package dev.backplane.gicv3.fake;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Sparse RAM that ends at an address; what lies above refuses, as a device would refuse a table walk. */
public final class FakeRam implements DmaPort {
    private final long end;
    private final ConcurrentMap<Long, Long> words = new ConcurrentHashMap<>();

    /** Makes RAM from address 0 to {@code end}. */
    public FakeRam(long end) {
        this.end = end;
    }

    /** {@return the 64-bit word at an address} */
    public long word(long address) {
        return words.getOrDefault(address, 0L);
    }

    /** Sets the 64-bit word at an address. */
    public void word(long address, long value) {
        words.put(address, value);
    }

    /** Sets a byte. */
    public void setByte(long address, int value) {
        int shift = (int) (address & 7) * 8;
        word(address & -8, word(address & -8) & ~(0xFFL << shift) | (value & 0xFFL) << shift);
    }

    @Override
    public String initiator() {
        return "test";
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
        for (int i = 0; i < length; i++) {
            long at = address + i;
            byte value = (byte) (word(at & -8) >>> (at & 7) * 8);
            target.set(ValueLayout.JAVA_BYTE, offset + i, value);
        }
        return Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long offset, int length) {
        for (int i = 0; i < length; i++) {
            setByte(address + i, source.get(ValueLayout.JAVA_BYTE, offset + i));
        }
        return Done.DONE;
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        context.data(word(address & -8) >>> (address & 7) * 8 & -1L >>> 64 - 8 * size);
        return Done.DONE;
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        for (int i = 0; i < size; i++) {
            setByte(address + i, (int) (value >>> 8 * i));
        }
        return Done.DONE;
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        if (Long.compareUnsigned(address, end) >= 0) {
            return Fault.SLAVE_ERROR;
        }
        if ((address & 7) != 0) {
            throw new IllegalArgumentException("address 0x%x is no multiple of 8".formatted(address));
        }
        context.data(word(address));
        return Done.DONE;
    }

    @Override
    public TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        TransactionResult found = load64(context, address);
        if (found.isDone() && context.data() == expected) {
            word(address, update);
        }
        return found;
    }
}
