package dev.backplane.devices.fake;

import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionResult;
import java.util.Optional;
import java.util.function.Supplier;

/** A held transaction that a test performs or fails. */
public final class FakeTicket implements Ticket {
    private final Supplier<TransactionResult> transaction;
    private Completion completion;
    private TransactionResult result;
    private boolean cancelled;
    private boolean performing;

    FakeTicket(Supplier<TransactionResult> transaction) {
        this.transaction = transaction;
    }

    @Override
    public Optional<TransactionResult> result() {
        return Optional.ofNullable(result);
    }

    @Override
    public void whenDone(Completion listener) {
        if (result != null) {
            listener.completed(new FakeContext(), result);
        } else {
            completion = listener;
        }
    }

    @Override
    public boolean cancel() {
        boolean held = result == null && !cancelled && !performing;
        cancelled |= held;
        return held;
    }

    public boolean isCancelled() {
        return cancelled;
    }

    /** An engine thread has begun to perform the transaction: it can no longer be cancelled. */
    public void begin() {
        performing = true;
    }

    /** The transaction is held again. */
    public void holdAgain() {
        performing = false;
    }

    /** Performs the transaction; the initiator has not heard of it yet. */
    public void perform() {
        result = transaction.get();
    }

    /** The initiator hears of the end. */
    public void tell() {
        completion.completed(new FakeContext(), result);
    }

    /** Performs the transaction now, unless it was cancelled. */
    public void release() {
        end(cancelled ? null : transaction.get());
    }

    /** Ends it as a fault, unless it was cancelled. */
    public void fail(TransactionResult.Fault fault) {
        end(fault);
    }

    private void end(TransactionResult how) {
        if (!cancelled) {
            result = how;
            if (completion != null) {
                completion.completed(new FakeContext(), how);
            }
        }
    }
}
