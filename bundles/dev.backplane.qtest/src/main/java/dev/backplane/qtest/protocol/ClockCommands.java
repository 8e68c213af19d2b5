package dev.backplane.qtest.protocol;

import dev.backplane.board.BoardClock;
import java.util.Map;

/** Commands that move virtual time. */
final class ClockCommands {
    private final BoardClock clock;

    /**
     * Takes a clock.
     *
     * @param clock the board's clock, which nothing else moves
     */
    ClockCommands(BoardClock clock) {
        this.clock = clock;
    }

    void addTo(Map<String, Command> commands) {
        commands.put("clock_step", this::step);
        commands.put("clock_set", this::set);
    }

    private void step(Words words, Replies replies) throws CommandFailure {
        if (words.count() > 1) {
            advance(clock.now() + words.number(1), replies);
            return;
        }
        long deadline = clock.isPaused() ? -1 : clock.nextDeadline(); // a stopped machine has none
        if (deadline < 0) {
            throw new CommandFailure(
                    "cannot advance clock to the next deadline because there is no pending deadline");
        }
        advance(deadline, replies);
    }

    /** Answers OK when time went on, FAIL when it stood still; the time in either case. */
    private void advance(long time, Replies replies) throws CommandFailure {
        long before = clock.now();
        long now = reach(time);
        answer(now > before, now, replies);
    }

    /** Answers OK when it is that time then, FAIL when it is later; the time in either case. */
    private void set(Words words, Replies replies) throws CommandFailure {
        long time = words.number(1);
        long now = reach(time);
        answer(now == time, now, replies);
    }

    /** Lets time go on unless it is that late already; {@return what time it is then} */
    private long reach(long time) throws CommandFailure {
        if (clock.isRealTime()) {
            throw new CommandFailure("real time drives the clock: start with -accel qtest");
        }
        if (time > clock.now()) {
            clock.advanceTo(time);
        }
        return clock.now();
    }

    private static void answer(boolean done, long now, Replies replies) {
        replies.text(done ? "OK " : "FAIL ").text(Long.toString(now));
    }
}
