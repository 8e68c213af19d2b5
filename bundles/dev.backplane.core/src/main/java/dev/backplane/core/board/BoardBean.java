package dev.backplane.core.board;

import dev.backplane.board.Slot.State;

/**
 * Shows a board to management.
 *
 * @param board the board
 */
record BoardBean(BoardEngine board) implements BoardMXBean {
    private long counter(String name) {
        return board.counters().get(name);
    }

    @Override
    public String getMachine() {
        return board.definition().machine();
    }

    @Override
    public boolean isComplete() {
        return board.isComplete();
    }

    @Override
    public int getSlots() {
        return board.slots().size();
    }

    @Override
    public int getRunningSlots() {
        return (int) board.slots().stream().filter(slot -> slot.state() == State.RUNNING).count();
    }

    @Override
    public long getTransactions() {
        return counter("transactions");
    }

    @Override
    public long getDecodeErrors() {
        return counter("decode-errors");
    }

    @Override
    public long getAborts() {
        return counter("aborts");
    }

    @Override
    public long getTimeOuts() {
        return counter("time-outs");
    }

    @Override
    public long getHandOvers() {
        return counter("hand-overs");
    }

    @Override
    public long getGuestErrors() {
        return counter("guest-errors");
    }

    @Override
    public long getHungThreads() {
        return counter("hung-threads");
    }
}
