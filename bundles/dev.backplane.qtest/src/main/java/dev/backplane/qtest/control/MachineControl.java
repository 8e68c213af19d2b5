package dev.backplane.qtest.control;

import dev.backplane.board.Board;
import dev.backplane.device.ResetKind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** Run state, reset and end of a machine. Thread-safe. */
public final class MachineControl {
    /** Run states, as QMP spells them. */
    public enum RunState {
        /** The machine was started with -S. */
        PRELAUNCH("prelaunch"),
        /** It runs. */
        RUNNING("running"),
        /** A client has stopped it. */
        PAUSED("paused"),
        /** It is about to end. */
        SHUTDOWN("shutdown");

        private final String text;

        RunState(String text) {
            this.text = text;
        }

        /** {@return the name in QMP} */
        public String text() {
            return text;
        }
    }

    /** How long all clients together may take to receive that the machine ends. */
    private static final long LAST_WORDS_NANOS = 200_000_000;

    private final Optional<Board> board;
    private final boolean noReboot;
    private final List<EventListener> listeners = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Integer> end = new CompletableFuture<>();
    private RunState state;

    /**
     * Takes a machine.
     *
     * @param board its board, or empty for machine type none
     * @param stopped whether it starts stopped
     * @param noReboot whether a reset ends it
     */
    public MachineControl(Optional<Board> board, boolean stopped, boolean noReboot) {
        this.board = board;
        this.noReboot = noReboot;
        state = stopped ? RunState.PRELAUNCH : RunState.RUNNING;
        if (stopped) {
            board.ifPresent(machine -> machine.clock().pause());
        }
    }

    /** {@return the run state} */
    public synchronized RunState state() {
        return state;
    }

    /** Shows every event to a listener; {@return ends it} */
    public Runnable listen(EventListener listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /** Tells all listeners. */
    public void tell(String event, Map<String, Object> data) {
        listeners.forEach(listener -> listener.happened(event, data));
    }

    /** Stops the machine: no timer expires until it is resumed. Does nothing when it does not run. */
    public void stop() {
        if (change(RunState.RUNNING, RunState.PAUSED)) {
            board.ifPresent(machine -> machine.clock().pause());
            tell("STOP", Map.of());
        }
    }

    /** Lets the machine run; does nothing when it does. */
    public void resume() {
        if (change(RunState.PAUSED, RunState.RUNNING) || change(RunState.PRELAUNCH, RunState.RUNNING)) {
            tell("RESUME", Map.of());
            board.ifPresent(machine -> machine.clock().resume());
        }
    }

    private synchronized boolean change(RunState from, RunState to) {
        if (state != from) {
            return false;
        }
        state = to;
        return true;
    }

    /**
     * Resets the machine in phases.
     *
     * @return what is left to do when the client has its answer: to tell, or to end the machine when it shall not reboot
     */
    public Runnable reset() {
        String reason = "host-qmp-system-reset";
        if (noReboot) {
            return () -> quit(reason);
        }
        board.ifPresent(machine -> machine.reset(ResetKind.COLD));
        return () -> tell("RESET", data(reason));
    }

    private static Map<String, Object> data(String reason) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("guest", false);
        data.put("reason", reason);
        return data;
    }

    /** Ends the machine with status 0. */
    public void quit(String reason) {
        boolean first;
        synchronized (this) {
            first = state != RunState.SHUTDOWN;
            state = RunState.SHUTDOWN;
        }
        if (first) {
            tell("SHUTDOWN", data(reason));
            long patience = System.nanoTime() + LAST_WORDS_NANOS;
            listeners.forEach(listener -> listener.awaitDelivery(patience));
            end.complete(0);
        }
    }

    /** {@return completes with the exit status} */
    public CompletableFuture<Integer> end() {
        return end;
    }
}
