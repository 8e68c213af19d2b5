package dev.backplane.host.memory;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Physical addresses of the host as an SMMU and its driver reach them: memory, and nothing else. */
public final class HostPort implements DmaPort {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle ALIGNED = LONG.varHandle();

    private final HostMemory memory;
    private final String initiator;

    /** Makes the port of an initiator. */
    public HostPort(HostMemory memory, String initiator) {
        this.memory = memory;
        this.initiator = initiator;
    }

    @Override
    public String initiator() {
        return initiator;
    }

    @Override
    public TransactionAttributes attributes() {
        return TransactionAttributes.NONE;
    }

    @Override
    public DmaPort with(TransactionAttributes attributes) {
        if (attributes.hasRequester()) {
            throw new IllegalArgumentException("requester 0x%x: %s is none".formatted(attributes.requesterId(),
                    initiator));
        }
        return this;
    }

    @Override
    public TransactionResult read(
            TransactionContext context, long address, MemorySegment target, long offset, int length) {
        return copy(address, target, offset, length, false);
    }

    @Override
    public TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long offset, int length) {
        return copy(address, source, offset, length, true);
    }

    private TransactionResult copy(long address, MemorySegment buffer, long offset, int length, boolean write) {
        for (int done = 0; done < length; ) {
            long at = address + done;
            MemorySegment segment = memory.segment(at);
            if (segment == null) {
                return Fault.DECODE_ERROR;
            }
            long inside = at & segment.byteSize() - 1;
            int part = (int) Math.min(length - done, segment.byteSize() - inside);
            if (write) {
                MemorySegment.copy(buffer, offset + done, segment, inside, part);
            } else {
                MemorySegment.copy(segment, inside, buffer, offset + done, part);
            }
            done += part;
        }
        return Done.DONE;
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            MemorySegment segment = memory.segment(address + i);
            if (segment == null) {
                return Fault.DECODE_ERROR;
            }
            value |= (segment.get(ValueLayout.JAVA_BYTE, address + i & segment.byteSize() - 1) & 0xFFL) << 8 * i;
        }
        context.data(value);
        return Done.DONE;
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        if (size == 8 && (address & 7) == 0) {
            MemorySegment segment = memory.segment(address);
            if (segment == null) {
                return Fault.DECODE_ERROR;
            }
            ALIGNED.setRelease(segment, address & segment.byteSize() - 1, value);
            return Done.DONE;
        }
        for (int i = 0; i < size; i++) {
            MemorySegment segment = memory.segment(address + i);
            if (segment == null) {
                return Fault.DECODE_ERROR;
            }
            segment.set(ValueLayout.JAVA_BYTE, address + i & segment.byteSize() - 1, (byte) (value >>> 8 * i));
        }
        return Done.DONE;
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        MemorySegment segment = aligned(address);
        if (segment == null) {
            return Fault.DECODE_ERROR;
        }
        context.data((long) ALIGNED.getAcquire(segment, address & segment.byteSize() - 1));
        return Done.DONE;
    }

    @Override
    public TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        MemorySegment segment = aligned(address);
        if (segment == null) {
            return Fault.DECODE_ERROR;
        }
        context.data((long) ALIGNED.compareAndExchange(segment, address & segment.byteSize() - 1, expected, update));
        return Done.DONE;
    }

    private MemorySegment aligned(long address) {
        if ((address & 7) != 0) {
            throw new IllegalArgumentException("address 0x%x: expected a multiple of 8".formatted(address));
        }
        return memory.segment(address);
    }

    /** Reads an aligned word of the host's own memory, which is there. */
    public long load(long address) {
        MemorySegment segment = own(address);
        return (long) ALIGNED.getAcquire(segment, address & segment.byteSize() - 1);
    }

    /** Writes an aligned word of the host's own memory, which is there. */
    public void store(long address, long value) {
        MemorySegment segment = own(address);
        ALIGNED.setRelease(segment, address & segment.byteSize() - 1, value);
    }

    private MemorySegment own(long address) {
        MemorySegment segment = aligned(address);
        if (segment == null) {
            throw new IllegalStateException("host address 0x%x: no memory".formatted(address));
        }
        return segment;
    }
}
