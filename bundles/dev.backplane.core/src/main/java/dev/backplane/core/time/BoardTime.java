package dev.backplane.core.time;

import dev.backplane.board.BoardClock;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The virtual time of one board. Real time drives it, with one thread that waits for the next deadline; or somebody
 * advances it by hand, and timers expire on the thread that does. Thread-safe.
 */
public final class BoardTime implements BoardClock, AutoCloseable {
    private static final long LOOK_MILLIS = 20;

    private final String board;
    private final boolean realTime;
    private volatile long origin = System.nanoTime();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** Held while a timer expires; another one when a thread hangs in that. */
    private volatile Advance advancing = new Advance();

    private final PriorityQueue<Alarm> alarms = new PriorityQueue<>();
    private long order;
    private volatile long manualNow;
    private volatile boolean paused;
    private volatile long heldNow = -1; // where real time was when the clock was paused
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
        if (!realTime) {
            return manualNow;
        }
        long held = heldNow;
        return held >= 0 ? held : System.nanoTime() - origin;
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
        Advance held = advance();
        try {
            if (time < manualNow) {
                throw new IllegalArgumentException(
                        "virtual time %d ns lies in the past: it is %d ns".formatted(time, manualNow));
            }
            expire(time, held);
            if (held == advancing) {
                manualNow = time;
            }
        } finally {
            held.unlock();
        }
    }

    /** The right to let timers expire. */
    private static final class Advance extends ReentrantLock {
        private static final long serialVersionUID = 1L;

        boolean isOf(Thread thread) {
            return getOwner() == thread;
        }
    }

    /** {@return the right to let timers expire, to be given back by {@code unlock}} */
    private Advance advance() {
        boolean interrupted = false;
        try {
            while (true) {
                Advance now = advancing;
                try {
                    if (now.tryLock(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                        if (now == advancing) {
                            return now;
                        }
                        now.unlock();
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** A thread hangs in the timer of a model: if it drives this clock, another one does from now on. */
    public void threadHangs(Thread thread) {
        lock.lock();
        try {
            if (advancing.isOf(thread)) {
                advancing = new Advance();
            }
            if (driver == thread) {
                driver = null;
                if (!closed && !alarms.isEmpty()) {
                    startDriver();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Lets everything expire until a time, unless the clock is paused, be it by what expires. */
    private void expire(long time, Advance held) {
        while (held == advancing) {
            Alarm due = takeDue(time);
            if (due == null) {
                return;
            }
            manualNow = Math.max(manualNow, due.deadline);
            due.timer.due();
        }
    }

    @Override
    public void pause() {
        Advance held = advance(); // what expires now has its end
        try {
            if (!paused) {
                heldNow = realTime ? now() : -1;
                paused = true;
            }
        } finally {
            held.unlock();
        }
    }

    @Override
    public void resume() {
        Advance held = advance();
        try {
            if (!paused) {
                return;
            }
            paused = false;
            if (realTime) {
                origin = System.nanoTime() - heldNow;
                heldNow = -1;
                wakeDriver();
            } else {
                expire(manualNow, held);
            }
        } finally {
            held.unlock();
        }
    }

    @Override
    public boolean isPaused() {
        return paused;
    }

    private void wakeDriver() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
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
            return paused || alarms.isEmpty() || alarms.peek().deadline > time ? null : alarms.poll();
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
        while (awaitDue()) {
            Advance held = advance();
            try {
                Alarm due = takeDue(now());
                if (due != null) {
                    due.timer.due();
                }
            } finally {
                held.unlock();
            }
        }
    }

    /** Waits for the next deadline; {@return false when the clock is closed} */
    private boolean awaitDue() {
        lock.lock();
        try {
            while (!closed && driver == Thread.currentThread()) {
                Alarm next = alarms.peek();
                if (next == null || paused) {
                    changed.await();
                } else {
                    long wait = next.deadline - now();
                    if (wait <= 0) {
                        return true;
                    }
                    changed.awaitNanos(wait);
                }
            }
            return false;
        } catch (InterruptedException e) {
            return false;
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
