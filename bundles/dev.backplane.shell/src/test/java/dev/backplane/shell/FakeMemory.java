package dev.backplane.shell;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.lang.foreign.MemorySegment;

/** A small RAM; everything else is a decode error. */
final class FakeMemory implements DmaPort {
    final TransactionContext context = new TransactionContext() {
        private long data;

        @Override
        public long data() {
            return data;
        }

        @Override
        public void data(long value) {
            data = value;
        }
    };
    TransactionResult next;
    TransactionAttributes attributes = TransactionAttributes.NONE;
    private final long base;
    private final byte[] bytes;

    FakeMemory(long base, int size) {
        this.base = base;
        bytes = new byte[size];
    }

    private TransactionResult outcome(long address, int length) {
        if (next != null) {
            return next;
        }
        boolean inside = address >= base && address + length <= base + bytes.length;
        return inside ? TransactionResult.Done.DONE : TransactionResult.Fault.DECODE_ERROR;
    }

    @Override
    public String initiator() {
        return "test";
    }

    @Override
    public TransactionAttributes attributes() {
        return attributes;
    }

    @Override
    public DmaPort with(TransactionAttributes other) {
        attributes = other;
        return this;
    }

    @Override
    public TransactionResult read(TransactionContext thread, long address, MemorySegment target, long offset,
            int length) {
        TransactionResult result = outcome(address, length);
        if (result.isDone()) {
            MemorySegment.copy(MemorySegment.ofArray(bytes), address - base, target, offset, length);
        }
        return result;
    }

    @Override
    public TransactionResult write(TransactionContext thread, long address, MemorySegment source, long offset,
            int length) {
        TransactionResult result = outcome(address, length);
        if (result.isDone()) {
            MemorySegment.copy(source, offset, MemorySegment.ofArray(bytes), address - base, length);
        }
        return result;
    }

    @Override
    public TransactionResult read(TransactionContext thread, long address, int size) {
        TransactionResult result = outcome(address, size);
        if (result.isDone()) {
            long value = 0;
            for (int i = size - 1; i >= 0; i--) {
                value = value << 8 | bytes[(int) (address - base) + i] & 0xFF;
            }
            thread.data(value);
        }
        return result;
    }

    @Override
    public TransactionResult write(TransactionContext thread, long address, int size, long value) {
        TransactionResult result = outcome(address, size);
        if (result.isDone()) {
            for (int i = 0; i < size; i++) {
                bytes[(int) (address - base) + i] = (byte) (value >>> 8 * i);
            }
        }
        return result;
    }

    @Override
    public TransactionResult load64(TransactionContext thread, long address) {
        return read(thread, address, 8);
    }

    @Override
    public TransactionResult compareAndExchange64(TransactionContext thread, long address, long expected, long update) {
        TransactionResult result = read(thread, address, 8);
        if (result.isDone() && thread.data() == expected) {
            write(thread, address, 8, update);
        }
        return result;
    }
}
