package dev.backplane.core.assign;

import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What has been done of something that takes several steps, so that it can be taken back when a later step fails: on
 * close, the last step first. What cannot be taken back is logged; the rest is taken back all the same.
 */
final class Undo implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(Undo.class.getName());

    private final Deque<Step> steps = new ArrayDeque<>();

    /** Takes one step back. */
    interface Step {
        void run() throws Exception;
    }

    void add(Step step) {
        steps.push(step);
    }

    /** All steps are done: nothing is to be taken back. */
    void forget() {
        steps.clear();
    }

    @Override
    public void close() {
        while (!steps.isEmpty()) {
            try {
                steps.pop().run();
            } catch (HostException gone) {
                // ENOENT: the host went first, and took it along.
                if (gone.errno() != Errno.ENOENT) {
                    troubled(gone);
                }
            } catch (Exception | LinkageError thrown) {
                troubled(thrown);
            }
        }
    }

    private static void troubled(Throwable thrown) {
        LOGGER.log(System.Logger.Level.WARNING, "the host keeps something: {0}", String.valueOf(thrown));
    }
}
