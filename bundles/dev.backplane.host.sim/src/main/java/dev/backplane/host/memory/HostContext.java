package dev.backplane.host.memory;

import dev.backplane.memory.TransactionContext;
import java.lang.foreign.MemorySegment;

/** One thread's place in the host: whether a transaction of it is under way, its data bus and its buffer. */
public final class HostContext implements TransactionContext {
    /** Bytes of the buffer. */
    public static final int BUFFER_BYTES = 4096;

    private final Thread owner;
    private final MemorySegment buffer = MemorySegment.ofArray(new byte[BUFFER_BYTES]);
    /** Odd while a transaction is under way. */
    private volatile long epoch;

    private long data;

    HostContext(Thread owner) {
        this.owner = owner;
    }

    /** Begins a transaction; what it finds in tables and in memory stays usable until {@link #leave}. */
    public void enter() {
        epoch++;
    }

    /** Ends it. */
    public void leave() {
        epoch++;
    }

    long epoch() {
        return epoch;
    }

    boolean isDead() {
        return !owner.isAlive();
    }

    /** {@return a buffer for the thread's own use} */
    public MemorySegment buffer() {
        return buffer;
    }

    @Override
    public long data() {
        return data;
    }

    @Override
    public void data(long value) {
        data = value;
    }
}
