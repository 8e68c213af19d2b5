package dev.backplane.irq;

import org.osgi.annotation.versioning.ProviderType;

/**
 * An event that one side signals and another is woken by, as {@code eventfd(2)} of Linux. Thread-safe.
 */
@ProviderType
public interface EventFd extends AutoCloseable {

    /** Signals the event. Whoever it injects an interrupt for or wakes is served before this returns, or soon after. */
    void signal();

    /**
     * Says who is woken in this process; null for nobody. Called on the thread that signals; must not block.
     *
     * @param listener what to run on each signal
     */
    void onSignal(Runnable listener);

    /** {@return how often it was signalled} */
    long signals();

    /** Closes it: signals do nothing any more. */
    @Override
    void close();
}
