package dev.backplane.core.memory;

/** Turns what a plugin threw into text, so that no class of its bundle stays reachable. */
public final class Rendered {
    private static final int FRAMES = 4;

    private Rendered() {}

    /** {@return the exception's class, message and first frames; never fails, whatever the exception does} */
    public static String text(Throwable thrown) {
        var text = new StringBuilder(thrown.getClass().getName());
        try {
            if (thrown.getMessage() != null) {
                text.append(": ").append(thrown.getMessage());
            }
            StackTraceElement[] frames = thrown.getStackTrace();
            for (int i = 0; i < Math.min(FRAMES, frames.length); i++) {
                text.append(i == 0 ? " at " : " < ").append(frames[i]);
            }
            if (thrown.getCause() != null && thrown.getCause() != thrown) {
                text.append(", caused by ").append(thrown.getCause().getClass().getName());
                if (thrown.getCause().getMessage() != null) {
                    text.append(": ").append(thrown.getCause().getMessage());
                }
            }
        } catch (RuntimeException hostile) {
            text.append(" (its description failed too)");
        }
        return text.toString();
    }
}
