package dev.backplane.qtest.fake;

import dev.backplane.board.BoardClock;

/** A clock with at most one deadline. */
public final class FakeClock implements BoardClock {
    public long now;
    public long deadline = -1;
    public boolean realTime;
    public boolean paused;

    @Override
    public long now() {
        return now;
    }

    @Override
    public boolean isRealTime() {
        return realTime;
    }

    @Override
    public void advanceTo(long time) {
        now = time;
        if (deadline >= 0 && deadline <= time) {
            deadline = -1;
        }
    }

    @Override
    public long nextDeadline() {
        return deadline;
    }

    @Override
    public void pause() {
        paused = true;
    }

    @Override
    public void resume() {
        paused = false;
    }

    @Override
    public boolean isPaused() {
        return paused;
    }
}
