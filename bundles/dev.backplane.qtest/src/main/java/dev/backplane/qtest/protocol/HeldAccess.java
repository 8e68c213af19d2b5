package dev.backplane.qtest.protocol;

import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionResult;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** An access that the engine holds, for example because a slot is changing hands. */
final class HeldAccess {
    private final Ticket ticket;
    private final CompletableFuture<TransactionResult> end = new CompletableFuture<>();
    private volatile long data;

    HeldAccess(Ticket ticket) {
        this.ticket = ticket;
        ticket.whenDone((context, result) -> {
            data = context.data();
            end.complete(result);
        });
    }

    TransactionResult await(Duration patience) throws CommandFailure {
        try {
            return end.get(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            if (ticket.cancel()) {
                throw new CommandFailure("the access is held for more than %d s".formatted(patience.toSeconds()));
            }
            return end.join();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure("interrupted");
        }
    }

    /** {@return the data of a scalar read that is done} */
    long data() {
        return data;
    }
}
