package com.example.copyengine;

import dev.backplane.device.DeviceLog;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.memory.TransactionResult.Pending;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.time.VirtualClock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** A board of one function, for one thread: memory at {@link #RAM}, and transactions that a test can hold. */
final class FakeBoard implements PciDeviceContext, DmaPort {
    static final long RAM = 0x4000_0000L;
    static final int SIZE = 1 << 20;

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    final MemorySegment ram;
    final List<Integer> messages;
    final List<String> complaints = new ArrayList<>();
    final Context thread = new Context();
    private final List<Timer> timers = new ArrayList<>();
    private Held held;
    private int untilHeld = -1;
    private long now;

    FakeBoard() {
        ram = MemorySegment.ofArray(new byte[SIZE]);
        messages = new ArrayList<>();
    }

    /** The same board as a successor of the device sees it. */
    FakeBoard(FakeBoard before) {
        ram = before.ram;
        messages = before.messages;
        now = before.now;
    }

    /** The context of the only thread. */
    static final class Context implements TransactionContext {
        private long data;

        @Override
        public long data() {
            return data;
        }

        @Override
        public void data(long value) {
            data = value;
        }
    }

    /** The n-th transaction from now will be held; 0 is the next. */
    void holdAfter(int others) {
        untilHeld = others;
    }

    /** {@return the transaction that is held, or null} */
    Held held() {
        return held;
    }

    /** A held transaction. */
    final class Held implements Ticket {
        private final Supplier<TransactionResult> transaction;
        private Completion completion;
        private TransactionResult result;
        private boolean cancelled;

        private Held(Supplier<TransactionResult> transaction) {
            this.transaction = transaction;
        }

        void release() {
            result = transaction.get();
            completion.completed(thread, result);
        }

        boolean isCancelled() {
            return cancelled;
        }

        @Override
        public Optional<TransactionResult> result() {
            return Optional.ofNullable(result);
        }

        @Override
        public void whenDone(Completion listener) {
            completion = listener;
        }

        @Override
        public boolean cancel() {
            cancelled = result == null;
            return cancelled;
        }
    }

    private TransactionResult perform(Supplier<TransactionResult> transaction) {
        if (untilHeld-- == 0) {
            held = new Held(transaction);
            return new Pending(held);
        }
        return transaction.get();
    }

    private static boolean inRam(long address, int length) {
        return address >= RAM && address + length <= RAM + SIZE;
    }

    @Override
    public TransactionResult read(
            TransactionContext context, long address, MemorySegment target, long offset, int length) {
        return perform(() -> {
            if (!inRam(address, length)) {
                return Fault.TRANSLATION_ABORT;
            }
            MemorySegment.copy(ram, address - RAM, target, offset, length);
            return Done.DONE;
        });
    }

    @Override
    public TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long offset, int length) {
        return perform(() -> {
            if (!inRam(address, length)) {
                return Fault.TRANSLATION_ABORT;
            }
            MemorySegment.copy(source, offset, ram, address - RAM, length);
            return Done.DONE;
        });
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        MemorySegment word = MemorySegment.ofArray(new byte[8]);
        TransactionResult result = read(context, address, word, 0, size);
        context.data(word.get(WORD, 0));
        return result;
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        MemorySegment word = MemorySegment.ofArray(new byte[8]);
        word.set(WORD, 0, value);
        return write(context, address, word, 0, size);
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

    @Override
    public TransactionResult sendMsi(TransactionContext context, int vector) {
        return perform(() -> {
            messages.add(vector);
            return Done.DONE;
        });
    }

    /** Lets the timers expire that are due, and those that they arm. */
    void expireTimers() {
        now++;
        for (int i = 0; i < timers.size(); i++) {
            Timer timer = timers.get(i);
            if (timer.deadline >= 0 && timer.deadline <= now) {
                timer.deadline = -1;
                timer.expiry.expired(thread);
            }
        }
    }

    private static final class Timer implements VirtualClock.Timer {
        private final VirtualClock.Expiry expiry;
        private long deadline = -1;

        private Timer(VirtualClock.Expiry expiry) {
            this.expiry = expiry;
        }

        @Override
        public void arm(long at) {
            deadline = at;
        }

        @Override
        public void cancel() {
            deadline = -1;
        }

        @Override
        public long deadline() {
            return deadline;
        }
    }

    @Override
    public VirtualClock clock() {
        return new VirtualClock() {
            @Override
            public long now() {
                return now;
            }

            @Override
            public VirtualClock.Timer timer(Expiry expiry) {
                var timer = new FakeBoard.Timer(expiry);
                timers.add(timer);
                return timer;
            }
        };
    }

    @Override
    public void defer(Effect effect) {
        effect.run(thread);
    }

    @Override
    public DeviceLog log() {
        return new DeviceLog() {
            @Override
            public void guestError(String message) {
                complaints.add(message);
            }

            @Override
            public void unimplemented(String message) {
                complaints.add(message);
            }
        };
    }

    @Override
    public DmaPort dma() {
        return this;
    }

    @Override
    public DmaPort memory() {
        return this;
    }

    @Override
    public String initiator() {
        return "copy0";
    }

    @Override
    public TransactionAttributes attributes() {
        return TransactionAttributes.ofRequester(address().requesterId());
    }

    @Override
    public DmaPort with(TransactionAttributes attributes) {
        return this;
    }

    @Override
    public String slot() {
        return "copy0";
    }

    @Override
    public Bdf address() {
        return new Bdf(0, 1, 0);
    }

    @Override
    public boolean msiEnabled() {
        return true;
    }

    @Override
    public InterruptLine intx() {
        throw new AssertionError("the device has no interrupt pin");
    }

    @Override
    public InterruptLine line(String name) {
        throw new AssertionError("the device has no line " + name);
    }

    @Override
    public Epochs epochs() {
        throw new AssertionError("the device uses no epochs of its own");
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        return Optional.empty();
    }

    @Override
    public <T> Optional<T> platform(Class<T> contract) {
        return Optional.empty();
    }
}
