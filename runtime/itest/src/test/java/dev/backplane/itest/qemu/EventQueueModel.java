package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.EventQueueScene.Action;

/**
 * What an {@link EventQueueScene} does to the queue by IHI 0070 section 7.2, from its actions alone.
 *
 * @param size records that the queue takes
 * @param held records in it
 * @param enabled whether it takes any
 * @param refused whether the last action was a fault that found it enabled and full
 * @param overflow whether there was such a fault since the last acknowledgement of an overflow
 * @param error whether there was such a fault since the last acknowledgement of errors
 */
record EventQueueModel(int size, int held, boolean enabled, boolean refused, boolean overflow, boolean error) {

    static EventQueueModel before(EventQueueScene scene, int step) {
        var model = new EventQueueModel(1 << scene.bits(), 0, true, false, false, false);
        for (Action action : scene.actions().subList(0, step)) {
            model = model.after(action);
        }
        return model;
    }

    EventQueueModel after(Action action) {
        return switch (action) {
            case FAULT -> fault();
            case CONSUME_ONE -> with(Math.max(0, held - 1), enabled, overflow, error);
            case CONSUME_ALL -> with(0, enabled, overflow, error);
            case ACKNOWLEDGE_OVERFLOW -> with(held, enabled, false, error);
            case ACKNOWLEDGE_ERROR -> with(held, enabled, overflow, false);
            case DISABLE -> with(held, false, overflow, error);
            case ENABLE -> with(held, true, overflow, error);
            case MOVE -> with(0, true, false, error);
        };
    }

    private EventQueueModel fault() {
        if (!enabled) {
            return with(held, false, overflow, error);
        }
        return held < size ? with(held + 1, true, overflow, error)
                : new EventQueueModel(size, held, true, true, true, true);
    }

    private EventQueueModel with(int newHeld, boolean newEnabled, boolean newOverflow, boolean newError) {
        return new EventQueueModel(size, newHeld, newEnabled, false, newOverflow, newError);
    }
}
