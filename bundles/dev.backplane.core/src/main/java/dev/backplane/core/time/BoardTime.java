package dev.backplane.core.time;

import dev.backplane.board.BoardClock;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The virtual time of one board. Real time drives it, with one thread that waits for the next deadline; or somebody
 * advances it by hand, and timers expire on the thread that does. Thread-safe.
 */
public final class BoardTime implements BoardClock, AutoCloseable {
    private final String board;
    private final boolean realTime;
    private final long origin = System.nanoTime();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ReentrantLock advancing = new ReentrantLock();
    private final PriorityQueue<Alarm> alarms = new PriorityQueue<>();
    private long order;
    private volatile long manualNow;
    private Thread driver;
    private boolean closed;

    /**
     * Makes a clock that stands at 0.
     *
     * @param board name of the board, for the name of the thread
     * @param realTime whether real time drives it
     */
    public BoardTime(String board, boolean realTime) {
        this.board = board;
        this.realTime = realTime;
    }

    @Override
    public long now() {
        return realTime ? System.nanoTime() - origin : manualNow;
    }

    @Override
    public boolean isRealTime() {
        return realTime;
    }

    @Override
    public void advanceTo(long time) {
        if (realTime) {
            throw new IllegalStateException(
                    "real time drives the clock of board %s: make the board with clock=manual".formatted(board));
        }
        advancing.lock();
        try {
            if (time < manualNow) {
                throw new IllegalArgumentException(
                        "virtual time %d ns lies in the past: it is %d ns".formatted(time, manualNow));
            }
            for (Alarm due = takeDue(time); due != null; due = takeDue(time)) {
                manualNow = Math.max(manualNow, due.deadline);
                due.timer.due();
            }
            manualNow = time;
        } finally {
            advancing.unlock();
        }
    }

    @Override
    public long nextDeadline() {
        lock.lock();
        try {
            return alarms.isEmpty() ? -1 : alarms.peek().deadline;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the thread; no timer expires afterwards. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            alarms.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Enters a deadline; the caller has removed the timer's earlier one. */
    Alarm schedule(DeviceTimer timer, long deadline) {
        lock.lock();
        try {
            var alarm = new Alarm(timer, deadline, order++);
            if (!closed) {
                alarms.add(alarm);
                if (realTime) {
                    startDriver();
                    changed.signalAll();
                }
            }
            return alarm;
        } finally {
            lock.unlock();
        }
    }

    void remove(Alarm alarm) {
        lock.lock();
        try {
            alarms.remove(alarm);
        } finally {
            lock.unlock();
        }
    }

    private Alarm takeDue(long time) {
        lock.lock();
        try {
            return alarms.isEmpty() || alarms.peek().deadline > time ? null : alarms.poll();
        } finally {
            lock.unlock();
        }
    }

    private void startDriver() {
        if (driver == null) {
            driver = Thread.ofPlatform()
                    .daemon()
                    .inheritInheritableThreadLocals(false)
                    .name("backplane-clock-" + board)
                    .unstarted(this::drive);
            driver.setContextClassLoader(null);
            driver.start();
        }
    }

    private void drive() {
        for (Alarm due = awaitDue(); due != null; due = awaitDue()) {
            due.timer.due();
        }
    }

    /** {@return the next alarm once its deadline has come, or null when the clock is closed} */
    private Alarm awaitDue() {
        lock.lock();
        try {
            while (!closed) {
                Alarm next = alarms.peek();
                if (next == null) {
                    changed.await();
                } else {
                    long wait = next.deadline - now();
                    if (wait <= 0) {
                        return alarms.poll();
                    }
                    changed.awaitNanos(wait);
                }
            }
            return null;
        } catch (InterruptedException e) {
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** One armed deadline. */
    static final class Alarm implements Comparable<Alarm> {
        private final DeviceTimer timer;
        private final long deadline;
        private final long order;

        private Alarm(DeviceTimer timer, long deadline, long order) {
            this.timer = timer;
            this.deadline = deadline;
            this.order = order;
        }

        long deadline() {
            return deadline;
        }

        @Override
        public int compareTo(Alarm other) {
            int byDeadline = Long.compare(deadline, other.deadline);
            return byDeadline != 0 ? byDeadline : Long.compare(order, other.order);
        }
    }
}
