package dev.backplane.smmuv3.control;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets one thread at a time do a kind of work, on behalf of all that ask for it meanwhile. Nobody waits: the worker may
 * itself be waiting for the transactions of those that ask (CMD_SYNC), so a lock would deadlock.
 */
final class Delegation {
    private final AtomicInteger requests = new AtomicInteger();

    /**
     * Does the work at least once after this call began: here, or on the thread that is at it already.
     *
     * @param work brings things up to date, from whatever state it finds
     */
    void run(Runnable work) {
        if (requests.getAndIncrement() != 0) {
            return;
        }
        int taken = 1;
        boolean finished = false;
        try {
            do {
                work.run();
                taken = requests.addAndGet(-taken);
            } while (taken != 0);
            finished = true;
        } finally {
            if (!finished) {
                // Something that was called out to is broken; the next one to ask starts afresh.
                requests.set(0);
            }
        }
    }
}
