package dev.backplane.launcher;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Makes SIGTERM, SIGINT and SIGHUP stop the framework before the process ends. A process that only served then ends with
 * status 0; one whose commands were cut short says so.
 */
final class OrderlyEnd {

    private static final int PATIENCE_SECONDS = 20;

    private final boolean hasCommands;
    private final CountDownLatch reached = new CountDownLatch(1);

    /**
     * Makes a watch.
     *
     * @param hasCommands whether the process was started for commands that a signal would cut short
     */
    OrderlyEnd(boolean hasCommands) {
        this.hasCommands = hasCommands;
    }

    void watch(Platform platform) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> signalled(platform), "orderly-end"));
    }

    /** The framework is stopped and the process is about to exit by itself. */
    void reached() {
        reached.countDown();
    }

    private void signalled(Platform platform) {
        if (reached.getCount() == 0) {
            return;
        }
        Thread stopper = new Thread(() -> stop(platform), "framework-stop");
        stopper.setDaemon(true);
        stopper.start();
        try {
            if (!reached.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("backplane: the framework did not stop within " + PATIENCE_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // Shutdown hooks run on the way out already, so the status can only be set by halting.
        Runtime.getRuntime().halt(hasCommands ? ExitStatus.INTERRUPTED : ExitStatus.DONE);
    }

    private void stop(Platform platform) {
        try {
            platform.stop();
            reached();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
