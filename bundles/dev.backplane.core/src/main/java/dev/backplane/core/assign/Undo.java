package dev.backplane.core.assign;

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
            } catch (Exception | LinkageError thrown) {
                LOGGER.log(System.Logger.Level.WARNING, "the host keeps something: {0}", String.valueOf(thrown));
            }
        }
    }
}
