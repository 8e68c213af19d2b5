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

    /**
     * Takes the signal that an event keeps, as a read of {@code eventfd(2)} does. What is signalled while the event
     * injects no interrupt and wakes nobody is kept, and injected when it is given something to inject. Does not block.
     *
     * @return whether there was one, however often it was signalled; false of events that keep nothing
     */
    default boolean take() {
        return false;
    }

    /** Closes it: signals do nothing any more. */
    @Override
    void close();
}
