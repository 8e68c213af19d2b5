package dev.backplane.core.pci;

/**
 * Which model's context a function listens to: the one that serves, and one that is being made ready to take over.
 * Guarded by the lock of its segment.
 */
final class ModelSeat {
    private final Requester requester;
    private FunctionContext serving;
    private FunctionContext candidate;

    ModelSeat(Requester requester) {
        this.requester = requester;
    }

    /** Seats a context if the seat is free; else it waits for {@link #handOver}. */
    FunctionContext admit(FunctionContext context) {
        if (serving == null) {
            seat(context);
        } else {
            context.route().enable(false);
            candidate = context;
        }
        return context;
    }

    /** {@return whether a context that waited has taken the seat} */
    boolean handOver(IntxPin pin) {
        if (candidate == null) {
            return false;
        }
        FunctionContext next = candidate;
        vacate();
        seat(next);
        if (next.pinBeforeServing() != null) {
            pin.assertPin(next.pinBeforeServing());
        }
        return true;
    }

    /** Forgets a context that waits, as its model will not serve. */
    void dismiss() {
        candidate = null;
    }

    /** Revokes the context that serves and forgets one that waited. */
    void vacate() {
        if (serving != null) {
            serving.serving(false);
            requester.remove(serving.route());
        }
        serving = null;
        candidate = null;
    }

    private void seat(FunctionContext context) {
        serving = context;
        requester.add(context.route());
        context.serving(true);
    }
}
