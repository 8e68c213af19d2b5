package dev.backplane.devices.fake;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;

/** Memory of a fixed base and size; accesses outside fault, and a test may hold the next ones. */
public final class FakePort implements DmaPort {
    private final long base;
    private final byte[] memory;
    private final long offset;
    private final List<String> accesses = new ArrayList<>();
    private final Deque<FakeTicket> tickets = new ArrayDeque<>();
    private int toHold;

    /** A port whose address {@code a} reaches byte {@code a + offset - base} of the memory. */
    public FakePort(long base, byte[] memory, long offset) {
        this.base = base;
        this.memory = memory;
        this.offset = offset;
    }

    /** Holds the next transactions. */
    public void hold(int count) {
        toHold = count;
    }

    /** {@return the held transactions so far, oldest first} */
    public Deque<FakeTicket> tickets() {
        return tickets;
    }

    public List<String> accesses() {
        return accesses;
    }

    @Override
    public String initiator() {
        return "fake";
    }

    @Override
    public TransactionAttributes attributes() {
        return TransactionAttributes.ofRequester(8);
    }

    @Override
    public DmaPort with(TransactionAttributes attributes) {
        return this;
    }

    @Override
    public TransactionResult read(
            TransactionContext context, long address, MemorySegment target, long at, int length) {
        return perform("read", address, length, () -> {
            MemorySegment.copy(MemorySegment.ofArray(memory), index(address), target, at, length);
            return TransactionResult.Done.DONE;
        });
    }

    @Override
    public TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long at, int length) {
        return perform("write", address, length, () -> {
            MemorySegment.copy(source, at, MemorySegment.ofArray(memory), index(address), length);
            return TransactionResult.Done.DONE;
        });
    }

    private TransactionResult perform(String kind, long address, int length, Supplier<TransactionResult> copy) {
        accesses.add("%s 0x%x+0x%x".formatted(kind, address, length));
        Supplier<TransactionResult> checked = () -> index(address) < 0 || index(address) > memory.length - length
                ? TransactionResult.Fault.TRANSLATION_ABORT
                : copy.get();
        if (toHold > 0) {
            toHold--;
            var ticket = new FakeTicket(checked);
            tickets.add(ticket);
            return new TransactionResult.Pending(ticket);
        }
        return checked.get();
    }

    private long index(long address) {
        return address + offset - base;
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        var bytes = MemorySegment.ofArray(new byte[8]);
        TransactionResult result = read(context, address, bytes, 0, size);
        context.data(bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
        return result;
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        var bytes = MemorySegment.ofArray(new byte[8]);
        bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, value);
        return write(context, address, bytes, 0, size);
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        return read(context, address, 8);
    }

    @Override
    public TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        TransactionResult result = read(context, address, 8);
        return result.isDone() && context.data() == expected ? write(context, address, 8, update) : result;
    }
}
