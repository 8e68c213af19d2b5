package dev.backplane.smmuv3.accel;

import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Grace periods in the plainest way: a counter per thread, odd while the thread is in a transaction. */
final class TestEpochs implements Epochs {
    private final List<Context> contexts = new CopyOnWriteArrayList<>();
    private final ThreadLocal<Context> own = ThreadLocal.withInitial(() -> {
        var context = new Context();
        contexts.add(context);
        return context;
    });

    @Override
    public Context context() {
        return own.get();
    }

    @Override
    public void synchronize(TransactionContext caller) {
        var self = (Context) caller;
        self.synchronizing = true;
        try {
            for (Context context : contexts) {
                long seen = context.count.get();
                while (context != self && (seen & 1) != 0 && context.count.get() == seen && !context.synchronizing) {
                    Thread.onSpinWait();
                }
            }
        } finally {
            self.synchronizing = false;
        }
    }

    static final class Context implements TransactionContext {
        private final AtomicLong count = new AtomicLong();
        private volatile boolean synchronizing;
        private long data;

        void enter() {
            count.incrementAndGet();
        }

        void exit() {
            count.incrementAndGet();
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
}
