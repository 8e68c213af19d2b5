package dev.backplane.qtest.protocol;

import dev.backplane.board.Board;
import dev.backplane.board.BoardClock;
import dev.backplane.board.Slot;
import dev.backplane.qtest.chardev.ConnectionHandler;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/** The qtest protocol: line by line, a command and its reply. One client at a time. */
public final class QtestServer implements ConnectionHandler {
    private final Optional<Board> board;
    private final BoardClock clock;
    private final Function<String, Optional<Slot>> paths;
    private final BiFunction<String, String, Boolean> modules;
    private final Supplier<List<String>> selfTest;
    private final QtestLog log;

    /**
     * Makes a server.
     *
     * @param board the board, or empty for machine type none
     * @param paths finds a slot by its QOM path
     * @param modules starts a module by prefix and name; whether there is one
     * @param selfTest makes an object of each type, and tells what is wrong
     * @param log file of a log
     * @throws IOException if the log cannot be written
     */
    public QtestServer(
            Optional<Board> board,
            Function<String, Optional<Slot>> paths,
            BiFunction<String, String, Boolean> modules,
            Supplier<List<String>> selfTest,
            Optional<String> log)
            throws IOException {
        this.board = board;
        clock = board.map(Board::clock).orElseGet(BareClock::new);
        this.paths = paths;
        this.modules = modules;
        this.selfTest = selfTest;
        this.log = QtestLog.open(log);
    }

    @Override
    public void serve(ByteChannel channel) throws IOException {
        new QtestSession(channel, board, clock, paths, modules, selfTest, log).run();
    }
}
