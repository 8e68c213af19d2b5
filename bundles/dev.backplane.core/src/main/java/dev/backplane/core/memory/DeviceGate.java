package dev.backplane.core.memory;

import dev.backplane.core.epoch.BreakableLock;
import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.device.DeviceContext.Effect;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * The gate in front of one slot's device. Open, transactions pass; parked, they are held and performed again when the
 * gate opens, or abort when the slot's time-out passes; failed or shut, they end at once. It also is the device's lock,
 * and keeps the call-outs that wait for the lock's release.
 */
public final class DeviceGate {

    /** What the gate does with transactions. */
    public enum State {
        /** They pass. */
        OPEN,
        /** They are held. */
        PARKED,
        /** They end as {@link Fault#DEVICE_FAILED}. */
        FAILED,
        /** They end as {@link Fault#DECODE_ERROR}: the slot is gone. */
        SHUT
    }

    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(DeviceGate.class, "state", State.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final String slot;
    private final EpochDomain epochs;
    private final Duration timeout;
    private final int place;
    private final BreakableLock<DeviceLock> lock = new BreakableLock<>(DeviceLock::new);
    private final LongAdder aborts = new LongAdder();
    private final LongAdder timeouts = new LongAdder();
    private volatile State state = State.PARKED;
    private volatile String failure = "";
    private volatile Consumer<String> failureListener = reason -> {};
    private volatile Runnable hangListener = () -> {};
    /** Guarded by itself. */
    private final List<HeldTransaction> held = new ArrayList<>();

    /** The device's lock, with the call-outs that wait for its release. */
    static final class DeviceLock extends ReentrantLock {
        private static final long serialVersionUID = 1L;
        private transient ArrayDeque<Effect> deferred = new ArrayDeque<>();
    }

    /**
     * Makes a gate that is parked.
     *
     * @param slot name of the slot, for messages
     * @param epochs grace periods of the board
     * @param timeout how long a transaction is held while the gate is parked
     */
    public DeviceGate(String slot, EpochDomain epochs, Duration timeout) {
        this.slot = slot;
        this.epochs = epochs;
        this.timeout = timeout;
        place = epochs.register(this::hangs);
    }

    /** {@return the number of the device as a place where threads can hang} */
    public int place() {
        return place;
    }

    /** A thread hangs in a callback of the device: cuts it off, and lets go on who waits for its lock. */
    private void hangs(String report) {
        fail(report);
        lock.breakOpen();
        hangListener.run();
    }

    /** Names who is told, after the gate has failed, that a thread hangs in the device. */
    public void onHang(Runnable listener) {
        hangListener = listener;
    }

    /** {@return the name of the slot} */
    public String slot() {
        return slot;
    }

    /** {@return what the gate does with transactions now} */
    public State state() {
        return state;
    }

    /** {@return whether transactions pass} */
    public boolean isOpen() {
        return state == State.OPEN;
    }

    /** {@return how many transactions this gate ended as faults} */
    public long aborts() {
        return aborts.sum();
    }

    /** {@return how many of them had been held for longer than the time-out} */
    public long timeouts() {
        return timeouts.sum();
    }

    /** {@return how many transactions are held now} */
    public int heldTransactions() {
        synchronized (held) {
            return held.size();
        }
    }

    /**
     * Lets transactions pass; those that are held are performed on a thread of the engine. A gate that has failed or is
     * shut stays so.
     *
     * @return since when they pass, as {@link System#nanoTime}
     */
    public long open() {
        return release(State.OPEN, true);
    }

    /**
     * Holds transactions from now on; the caller then waits for a grace period. A gate that has failed or is shut stays
     * so.
     */
    public void park() {
        release(State.PARKED, true);
    }

    /** Holds transactions from now on, for another model, whatever the one before did; else as {@link #park}. */
    public void parkForAnother() {
        release(State.PARKED, false);
    }

    /** {@return why the gate failed last, or {@code ""}} */
    public String failure() {
        return failure;
    }

    /** Ends transactions as aborts from now on, and those that are held. */
    public void fail(String reason) {
        synchronized (held) {
            if (state == State.FAILED || state == State.SHUT) {
                return;
            }
            failure = reason;
            if (!change(State.FAILED, true)) {
                return;
            }
        }
        letGo();
        failureListener.accept(reason);
    }

    /** Closes for good. */
    public void shut() {
        release(State.SHUT, false);
        epochs.forget(place);
    }

    /** Names who is told when the gate failed itself because the device threw; the reason is text. */
    public void onFailure(Consumer<String> listener) {
        failureListener = listener;
    }

    private long release(State next, boolean onlyIfHealthy) {
        boolean changed = change(next, onlyIfHealthy);
        long since = System.nanoTime();
        if (changed && next != State.PARKED) {
            letGo();
        }
        return since;
    }

    /**
     * Changes the state, without the monitor: a thread that is about to be held has it for a moment, and may be kept
     * from work meanwhile, while others wait for the gate to open.
     */
    private boolean change(State next, boolean onlyIfHealthy) {
        State now;
        do {
            now = state;
            if (onlyIfHealthy && (now == State.FAILED || now == State.SHUT)) {
                return false;
            }
        } while (!STATE.compareAndSet(this, now, next));
        return true;
    }

    /** Lets go of what is held, after a change: who comes to be held later sees the new state. */
    private void letGo() {
        List<HeldTransaction> freed;
        synchronized (held) {
            freed = List.copyOf(held);
            held.clear();
        }
        HeldTransaction.goOn(freed);
    }

    /** {@return how a transaction ends that meets this gate not open, or null when it is to be held} */
    TransactionResult refusal() {
        return switch (state) {
            case OPEN, PARKED -> null;
            case FAILED -> aborted(Fault.DEVICE_FAILED);
            case SHUT -> aborted(Fault.DECODE_ERROR);
        };
    }

    private Fault aborted(Fault fault) {
        aborts.increment();
        var event = new AbortEvent();
        if (event.isEnabled()) {
            record(event, fault);
        }
        return fault;
    }

    private void record(AbortEvent event, Fault fault) {
        event.slot = slot;
        event.fault = fault.name();
        event.commit();
    }

    /**
     * Holds a transaction.
     *
     * @return whether it is held; false when the gate is no longer parked and the transaction can go on at once
     */
    boolean hold(HeldTransaction transaction) {
        synchronized (held) {
            if (state != State.PARKED) {
                return false;
            }
            held.add(transaction);
        }
        transaction.expireAfter(timeout, this);
        return true;
    }

    /** Removes a held transaction whose time is up. */
    void expired(HeldTransaction transaction) {
        boolean waited;
        synchronized (held) {
            waited = held.remove(transaction);
        }
        if (!waited && transaction.hasAnotherChance(timeout, this)) {
            // It was let go and is about to be performed; what hangs before it must not hold it for ever.
            return;
        }
        transaction.expire(Fault.SLOT_TIMEOUT, event -> {
            timeouts.increment();
            aborts.increment();
            event.end();
            if (event.shouldCommit()) {
                record(event, Fault.SLOT_TIMEOUT);
            }
        });
    }

    /** Removes a held transaction that its initiator gave up. */
    void forget(HeldTransaction transaction) {
        synchronized (held) {
            held.remove(transaction);
        }
    }

    /**
     * Runs something under the device's lock, then the call-outs that it deferred. What the device throws fails the
     * gate.
     *
     * @param context context of the calling thread
     * @param body what to run
     */
    public void locked(EpochContext context, Runnable body) {
        context.enter();
        try {
            DeviceLock held = lock(context);
            if (held == null) {
                return;
            }
            try {
                call(context, body);
            } finally {
                unlock(held, context);
            }
        } finally {
            context.exit();
        }
    }

    /** Runs code of the device; what it throws fails the gate. */
    private void call(EpochContext context, Runnable body) {
        Throwable caught = context.callback(place, body);
        if (caught != null) {
            thrown(caught);
        }
    }

    /** {@return the device's lock, to be released with {@link #unlock}, or null when the device hangs in it} */
    DeviceLock lock(EpochContext context) {
        return lock.acquire(context);
    }

    /**
     * Releases the device's lock and runs what was deferred under it.
     *
     * @return whether all that returned in time
     */
    boolean unlock(DeviceLock held, EpochContext context) {
        ArrayDeque<Effect> effects = null;
        if (held.getHoldCount() == 1 && !held.deferred.isEmpty()) {
            effects = held.deferred;
            held.deferred = new ArrayDeque<>();
        }
        boolean broken = held != lock.current();
        held.unlock();
        boolean inTime = true;
        if (effects != null && !broken) {
            for (Effect effect : effects) {
                inTime &= run(effect, context);
            }
        }
        return inTime;
    }

    private boolean run(Effect effect, EpochContext context) {
        int before = context.enterCallback(place);
        Throwable caught = null;
        try {
            effect.run(context);
        } catch (Throwable thrown) {
            caught = thrown;
        }
        boolean inTime = context.leaveCallback(before);
        if (inTime && caught != null) {
            thrown(caught);
        }
        return inTime;
    }

    /** {@return whether the calling thread is in a register access of the device} */
    public boolean isLockedByCurrentThread() {
        return lock.current().isHeldByCurrentThread();
    }

    /**
     * Runs a call-out after the device's lock is released, or at once when the calling thread does not hold it.
     *
     * @param effect the call-out
     */
    public void defer(Effect effect) {
        DeviceLock own = lock.current();
        if (own.isHeldByCurrentThread()) {
            own.deferred.add(effect);
            return;
        }
        EpochContext context = epochs.context();
        context.enter();
        try {
            run(effect, context);
        } finally {
            context.exit();
        }
    }

    /** Counts a transaction that the device did not answer in time. */
    Fault gaveUp() {
        return aborted(Fault.DEVICE_FAILED);
    }

    /** Contains something that the device threw: renders it to text and fails the gate. */
    Fault thrown(Throwable thrown) {
        fail(Rendered.text(thrown));
        return aborted(Fault.DEVICE_FAILED);
    }
}
