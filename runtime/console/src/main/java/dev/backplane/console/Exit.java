package dev.backplane.console;

/** Leaves the running commands; thrown by the command {@code exit}. */
final class Exit extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;

    Exit(int status) {
        super("exit " + status, null, false, false);
        this.status = status;
    }

    int status() {
        return status;
    }

    /** {@return the exit in a chain of causes, or null} */
    static Exit in(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof Exit exit) {
                return exit;
            }
        }
        return null;
    }
}
