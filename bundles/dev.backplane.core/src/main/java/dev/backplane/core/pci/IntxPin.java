package dev.backplane.core.pci;

import dev.backplane.irq.InterruptLine;

/**
 * A function's interrupt pin: what the function asserts, Interrupt Disable, and the input at the end of the bridges
 * that it is wired to. State changes under the monitor; the line is driven outside it, by one thread at a time, until
 * it shows the latest state. Thread-safe.
 */
final class IntxPin {
    private final InterruptLine line;
    private boolean asserted;
    private boolean disabled;
    private boolean shown;
    private boolean driving;

    IntxPin(InterruptLine line) {
        this.line = line;
    }

    /** Sets what the function asserts; {@link #drive} follows. */
    synchronized void assertPin(boolean level) {
        asserted = level;
    }

    /** Sets whether the function may show it; {@link #drive} follows. */
    synchronized void disable(boolean isDisabled) {
        disabled = isDisabled;
    }

    synchronized boolean isAsserted() {
        return asserted;
    }

    /** Brings the line to the state of the pin. */
    void drive() {
        while (true) {
            boolean level;
            synchronized (this) {
                level = asserted && !disabled;
                if (driving || level == shown) {
                    return;
                }
                driving = true;
                shown = level;
            }
            try {
                line.set(level);
            } finally {
                synchronized (this) {
                    driving = false;
                }
            }
        }
    }
}
