package dev.backplane.core.memory;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.memory.Translation.Decision;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/** A transaction that met a parked gate or a stall: waits without a thread, and is performed again or ends. */
final class HeldTransaction implements Ticket {
    private final SystemBus bus;
    private final Port port;

    /** What is left to be done; who performs it has got it from the gate. */
    private Operation operation;
    private TransactionResult result;
    private long data;
    private boolean cancelled;
    private boolean performing;
    private boolean givenUp;
    private boolean hadAnotherChance;
    private Completion completion;
    private DeviceGate gate;
    private Future<?> expiry;
    private long deadline;
    private final AbortEvent held = new AbortEvent();

    HeldTransaction(SystemBus bus, Port port, Operation operation) {
        this.bus = bus;
        this.port = port;
        this.operation = operation;
        held.begin();
    }

    /**
     * Performs the transaction on its initiator's thread, before it is held.
     *
     * @return how it ended, or null when it met an obstacle that the context names
     */
    TransactionResult perform(EpochContext context) {
        TransactionResult ended = operation.perform(port, context);
        if (ended == null) {
            operation = operation.rest(context);
        }
        return ended;
    }

    /** Starts the time-out; a transaction that is held a second time keeps its first deadline. */
    synchronized void expireAfter(Duration timeout, DeviceGate at) {
        gate = at;
        long now = System.nanoTime();
        if (deadline == 0) {
            deadline = now + timeout.toNanos();
        }
        if (result == null && !cancelled) {
            expiry = bus.housekeeper().after(Duration.ofNanos(Math.max(0, deadline - now)), () -> at.expired(this));
        }
    }

    /** {@return whether a transaction that was let go gets the time-out once more; it does once} */
    synchronized boolean hasAnotherChance(Duration timeout, DeviceGate at) {
        if (hadAnotherChance) {
            return false;
        }
        hadAnotherChance = true;
        if (result == null && !cancelled && !performing) {
            expiry = bus.housekeeper().after(timeout, () -> at.expired(this));
        }
        return true;
    }

    /** Their obstacle is gone: performs transactions on a thread of the engine, in the order in which they came. */
    static void goOn(List<HeldTransaction> freed) {
        if (!freed.isEmpty()) {
            try {
                freed.getFirst().bus.housekeeper().perform(freed);
            } catch (RejectedExecutionException closing) {
                freed.forEach(transaction -> transaction.end(Fault.DECODE_ERROR));
            }
        }
    }

    /** A stall ended as software decided. */
    void resume(Decision decision) {
        switch (decision) {
            case RETRY -> goOn(List.of(this));
            case ABORT -> submit(() -> end(Fault.TRANSLATION_ABORT), () -> end(Fault.DECODE_ERROR));
            case RAZ_WI -> submit(
                    () -> {
                        operation.readAsZero();
                        end(TransactionResult.Done.DONE);
                    },
                    () -> end(Fault.DECODE_ERROR));
        }
    }

    private void submit(Runnable task, Runnable whenClosing) {
        try {
            bus.housekeeper().run(task);
        } catch (RejectedExecutionException closing) {
            whenClosing.run();
        }
    }

    /** Performs the transaction again, or holds it once more. */
    void performAgain() {
        EpochContext context = bus.epochs().context();
        // One epoch from before it can no longer be cancelled until its completion has returned: the initiator, which
        // was told to expect that, is not saved in between.
        context.enter();
        try {
            while (begin()) {
                TransactionResult attempted = operation.perform(port, context);
                if (attempted != null) {
                    synchronized (this) {
                        data = context.data();
                    }
                    end(attempted);
                    return;
                }
                operation = operation.rest(context);
                if (isAbandoned()) {
                    context.takeObstacle();
                    end(Fault.SLOT_TIMEOUT);
                    return;
                }
                if (bus.hold(context, this)) {
                    return;
                }
            }
        } catch (Throwable thrown) {
            // Its buffer is gone, for example. Those behind it go on.
            port.initiatorThrew(thrown);
            end(Fault.DEVICE_FAILED);
        } finally {
            context.exit();
        }
    }

    /** {@return whether the transaction is to be performed; it cannot be cancelled then} */
    private synchronized boolean begin() {
        if (cancelled || result != null) {
            return false;
        }
        performing = true;
        gate = null;
        if (expiry != null) {
            expiry.cancel(false);
            expiry = null;
        }
        return true;
    }

    /** {@return whether the initiator gave up what is to be held once more; if not, it can be cancelled again} */
    private synchronized boolean isAbandoned() {
        performing = false;
        return givenUp;
    }

    /**
     * Its time is up: ends the transaction, unless it has ended or is being performed.
     *
     * @param count counts it, before the initiator is told
     */
    void expire(Fault fault, Consumer<AbortEvent> count) {
        Completion toCall;
        synchronized (this) {
            if (cancelled || performing || result != null) {
                return;
            }
            toCall = ending(fault);
        }
        count.accept(held);
        if (toCall != null) {
            call(toCall);
        }
    }

    /** Ends the transaction and tells its initiator. */
    void end(TransactionResult ended) {
        EpochContext context = bus.epochs().context();
        context.enter();
        try {
            Completion toCall = ending(ended);
            if (toCall != null) {
                call(toCall);
            }
        } finally {
            context.exit();
        }
    }

    /** {@return whom to tell, or null} */
    private synchronized Completion ending(TransactionResult ended) {
        if (cancelled || result != null) {
            return null;
        }
        result = ended;
        if (expiry != null) {
            expiry.cancel(false);
        }
        Completion toCall = completion;
        completion = null;
        return toCall;
    }

    private void call(Completion toCall) {
        EpochContext context = bus.epochs().context();
        // Inside an epoch, so that a drain waits for a completion as for any other callback of a model.
        context.enter();
        int before = context.enterCallback(port.place());
        Throwable caught = null;
        try {
            context.data(data);
            toCall.completed(context, result);
        } catch (Throwable thrown) {
            caught = thrown;
        }
        if (context.leaveCallback(before) && caught != null) {
            port.initiatorThrew(caught);
        }
        context.exit();
    }

    @Override
    public synchronized Optional<TransactionResult> result() {
        return Optional.ofNullable(result);
    }

    @Override
    public void whenDone(Completion toCall) {
        synchronized (this) {
            if (cancelled) {
                return;
            }
            if (result == null) {
                completion = toCall;
                return;
            }
        }
        call(toCall);
    }

    @Override
    public boolean cancel() {
        DeviceGate at;
        synchronized (this) {
            if (cancelled || result != null) {
                return false;
            }
            if (performing) {
                // It may be half done: let it end, but never be held and performed once more.
                givenUp = true;
                return false;
            }
            cancelled = true;
            completion = null;
            at = gate;
            if (expiry != null) {
                expiry.cancel(false);
            }
        }
        if (at != null) {
            at.forget(this);
        }
        return true;
    }
}
