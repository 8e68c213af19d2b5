package dev.backplane.qtest.fake;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/**
 * RAM of 1 MiB at 0x40000000; at 0x9050000 a page of registers that notes each access and reads as its own offset; at
 * 0x9060000 a register that is held for a while and then reads 7. Nothing else answers.
 */
public final class FakePort implements DmaPort {
    static final long RAM = 0x4000_0000L;
    static final int RAM_SIZE = 1 << 20;
    static final long REGISTERS = 0x0905_0000L;
    static final long HELD = 0x0906_0000L;

    private final byte[] ram;
    private final List<String> accesses;

    FakePort(byte[] ram, List<String> accesses) {
        this.ram = ram;
        this.accesses = accesses;
    }

    @Override
    public String initiator() {
        return "fake";
    }

    @Override
    public TransactionAttributes attributes() {
        return TransactionAttributes.NONE;
    }

    @Override
    public DmaPort with(TransactionAttributes attributes) {
        return this;
    }

    private static boolean inRam(long address, long length) {
        return address >= RAM && address + length <= RAM + RAM_SIZE;
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, MemorySegment target, long offset, int length) {
        if (!inRam(address, length)) {
            return Fault.DECODE_ERROR;
        }
        MemorySegment.copy(ram, (int) (address - RAM), target, ValueLayout.JAVA_BYTE, offset, length);
        return Done.DONE;
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, MemorySegment source, long offset, int length) {
        if (!inRam(address, length)) {
            return Fault.DECODE_ERROR;
        }
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, offset, ram, (int) (address - RAM), length);
        return Done.DONE;
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        if (inRam(address, size)) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (ram[(int) (address - RAM) + i] & 0xFFL) << (8 * i);
            }
            context.data(value);
            return Done.DONE;
        }
        if (address == HELD) {
            return new TransactionResult.Pending(new LateTicket());
        }
        if (address >= REGISTERS && address < REGISTERS + 0x1000) {
            accesses.add("read%d 0x%x".formatted(size, address));
            context.data(address - REGISTERS);
            return Done.DONE;
        }
        return Fault.DECODE_ERROR;
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        if (inRam(address, size)) {
            for (int i = 0; i < size; i++) {
                ram[(int) (address - RAM) + i] = (byte) (value >>> (8 * i));
            }
            return Done.DONE;
        }
        if (address >= REGISTERS && address < REGISTERS + 0x1000) {
            accesses.add("write%d 0x%x 0x%x".formatted(size, address, value));
            return Done.DONE;
        }
        return Fault.DECODE_ERROR;
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        return read(context, address, 8);
    }

    @Override
    public TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        return Fault.SLAVE_ERROR;
    }

    /** Ends on another thread. */
    private static final class LateTicket implements Ticket {
        @Override
        public Optional<TransactionResult> result() {
            return Optional.empty();
        }

        @Override
        public void whenDone(Completion completion) {
            Thread.ofPlatform().start(() -> {
                var context = new FakeContext();
                context.data(7);
                completion.completed(context, Done.DONE);
            });
        }

        @Override
        public boolean cancel() {
            return false;
        }
    }
}
