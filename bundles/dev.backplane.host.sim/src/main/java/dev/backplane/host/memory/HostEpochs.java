package dev.backplane.host.memory;

import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.concurrent.locks.LockSupport;

/**
 * Grace periods of the host, apart from those of any board: its devices go on whatever a board does. A thread inside a
 * transaction never waits for anything, so a grace period is short.
 */
public final class HostEpochs implements Epochs {
    private static final int SPINS = 200;
    private static final long NAP_NANOS = 20_000;

    /** A thread that outlives the host keeps nothing of it; as long as the host is there, {@link #registered} does. */
    private final ThreadLocal<WeakReference<HostContext>> contexts = new ThreadLocal<>();

    private volatile HostContext[] registered = {};

    @Override
    public HostContext context() {
        WeakReference<HostContext> known = contexts.get();
        HostContext context = known == null ? null : known.get();
        return context != null ? context : register();
    }

    private synchronized HostContext register() {
        var context = new HostContext(Thread.currentThread());
        contexts.set(new WeakReference<>(context));
        var alive = new ArrayList<HostContext>(registered.length + 1);
        for (HostContext other : registered) {
            if (!other.isDead()) {
                alive.add(other);
            }
        }
        alive.add(context);
        registered = alive.toArray(HostContext[]::new);
        return context;
    }

    @Override
    @SuppressWarnings("ReferenceEquality")
    public void synchronize(TransactionContext self) {
        VarHandle.fullFence();
        for (HostContext other : registered) {
            if (other != self) {
                awaitLeft(other);
            }
        }
        VarHandle.fullFence();
    }

    private static void awaitLeft(HostContext other) {
        long epoch = other.epoch();
        if ((epoch & 1) == 0) {
            return;
        }
        for (int round = 0; other.epoch() == epoch && !other.isDead(); round++) {
            if (round < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
    }
}
