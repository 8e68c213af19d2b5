package dev.backplane.qtest.protocol;

import dev.backplane.board.BoardClock;

/** The time of a machine without a board: clients move it, and nothing waits for it. Thread-safe. */
final class BareClock implements BoardClock {
    private long now;

    @Override
    public synchronized long now() {
        return now;
    }

    @Override
    public boolean isRealTime() {
        return false;
    }

    @Override
    public synchronized void advanceTo(long time) {
        now = Math.max(now, time);
    }

    @Override
    public long nextDeadline() {
        return -1;
    }

    @Override
    public void pause() {}

    @Override
    public void resume() {}

    @Override
    public boolean isPaused() {
        return false;
    }
}
