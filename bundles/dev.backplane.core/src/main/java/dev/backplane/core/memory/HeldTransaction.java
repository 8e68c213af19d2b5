package dev.backplane.core.memory;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.memory.Translation.Decision;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;

/** A transaction that met a parked gate or a stall: waits without a thread, and is performed again or ends. */
final class HeldTransaction implements Ticket {
    private final SystemBus bus;
    private final Port port;
    private final Operation operation;
    private TransactionResult result;
    private long data;
    private boolean cancelled;
    private boolean performing;
    private boolean givenUp;
    private Completion completion;
    private DeviceGate gate;
    private Future<?> expiry;
    private long deadline;

    HeldTransaction(SystemBus bus, Port port, Operation operation) {
        this.bus = bus;
        this.port = port;
        this.operation = operation;
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

    /** The obstacle is gone: performs the transaction on a thread of the engine. */
    void goOn() {
        submit(this::performAgain);
    }

    /** A stall ended as software decided. */
    void resume(Decision decision) {
        switch (decision) {
            case RETRY -> goOn();
            case ABORT -> submit(() -> end(Fault.TRANSLATION_ABORT));
            case RAZ_WI -> submit(() -> {
                operation.readAsZero();
                end(TransactionResult.Done.DONE);
            });
        }
    }

    private void submit(Runnable task) {
        try {
            bus.housekeeper().run(task);
        } catch (RejectedExecutionException closing) {
            end(Fault.DECODE_ERROR);
        }
    }

    private void performAgain() {
        synchronized (this) {
            if (cancelled || result != null) {
                return;
            }
            performing = true;
            gate = null;
            if (expiry != null) {
                expiry.cancel(false);
                expiry = null;
            }
        }
        EpochContext context = bus.epochs().context();
        while (true) {
            TransactionResult attempted = operation.perform(port, context);
            if (attempted != null) {
                synchronized (this) {
                    data = context.data();
                }
                end(attempted);
                return;
            }
            boolean abandoned;
            synchronized (this) {
                performing = false;
                abandoned = givenUp;
            }
            if (abandoned) {
                context.takeObstacle();
                end(Fault.SLOT_TIMEOUT);
                return;
            }
            if (bus.hold(context, this)) {
                return;
            }
        }
    }

    /** Ends the transaction and tells its initiator. */
    void end(TransactionResult ended) {
        Completion toCall;
        synchronized (this) {
            if (cancelled || result != null) {
                return;
            }
            result = ended;
            if (expiry != null) {
                expiry.cancel(false);
            }
            toCall = completion;
            completion = null;
        }
        if (toCall != null) {
            call(toCall);
        }
    }

    private void call(Completion toCall) {
        EpochContext context = bus.epochs().context();
        // Inside an epoch, so that a drain waits for a completion as for any other callback of a model.
        context.enter();
        try {
            context.data(data);
            toCall.completed(context, result);
        } catch (Throwable thrown) {
            port.initiatorThrew(thrown);
        } finally {
            context.exit();
        }
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
