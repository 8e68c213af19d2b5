package dev.backplane.irq;

import org.osgi.annotation.versioning.ProviderType;

/**
 * An output line of a device, wired by the board to an input of an interrupt controller. Calls made inside a register
 * access of the device take effect as effects of that access. While the controller is parked the line latches: a level
 * keeps its state, edges collapse into one. Thread-safe.
 */
@ProviderType
public interface InterruptLine {

    /**
     * Drives the line.
     *
     * @param asserted the new level; setting the level that it has does nothing
     */
    void set(boolean asserted);

    /** Drives an edge: asserts and deasserts. */
    void pulse();
}
