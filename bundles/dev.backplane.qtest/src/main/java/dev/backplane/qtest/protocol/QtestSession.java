package dev.backplane.qtest.protocol;

import dev.backplane.board.Board;
import dev.backplane.board.BoardClock;
import dev.backplane.board.Slot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/** One client. Confined to the thread that runs it. */
final class QtestSession {
    /** Longest line that is taken; what is longer is answered with FAIL and skipped. */
    static final int MOST_LINE = 64 << 20;

    private static final int FIRST_BUFFER = 1 << 16;

    private final ByteChannel channel;
    private final Replies replies;
    private final QtestLog log;
    private final InterruptCommands interrupts;
    private final Map<String, Command> commands = new HashMap<>();
    private final Words words = new Words();
    private byte[] input = new byte[FIRST_BUFFER];
    private ByteBuffer room = ByteBuffer.wrap(input);
    private boolean skipping;

    QtestSession(
            ByteChannel channel,
            Optional<Board> board,
            BoardClock clock,
            Function<String, Optional<Slot>> paths,
            BiFunction<String, String, Boolean> modules,
            Supplier<List<String>> selfTest,
            QtestLog log) {
        this.channel = channel;
        this.log = log;
        replies = new Replies(channel, log);
        interrupts = board.map(machine -> new InterruptCommands(machine, paths, replies)).orElse(null);
        commands.put("endianness", (line, reply) -> reply.text("OK little"));
        commands.put("module_load", (line, reply) -> {
            if (!modules.apply(line.text(1), line.text(2))) {
                throw new CommandFailure("no module %s%s".formatted(line.text(1), line.text(2)));
            }
            reply.text("OK");
        });
        commands.put("qom-tests", (line, reply) -> {
            List<String> complaints = selfTest.get();
            if (!complaints.isEmpty()) {
                throw new CommandFailure(String.join("; ", complaints));
            }
            reply.text("OK");
        });
        new MemoryCommands(board.<Bus>map(BoardBus::new).orElseGet(Bus::none)).addTo(commands);
        new ClockCommands(clock).addTo(commands);
        board.ifPresent(machine -> interrupts.addTo(commands));
    }

    /** Serves until the client leaves. */
    void run() throws IOException {
        Thread.ofPlatform().daemon().name("backplane-qtest-irq").start(replies::sendInterrupts);
        log.opened();
        try {
            for (int got = channel.read(room); got >= 0; got = channel.read(room)) {
                int end = room.position();
                keep(lines(end - got, end), end);
                replies.flush();
            }
        } finally {
            replies.close();
            log.closed();
            if (interrupts != null) {
                interrupts.close();
            }
        }
    }

    /** Runs each complete line; {@return where the incomplete one begins} */
    private int lines(int fresh, int end) throws IOException {
        int begin = 0;
        replies.begin();
        for (int i = fresh; i < end; i++) {
            if (input[i] == '\n') {
                if (skipping) {
                    skipping = false;
                } else {
                    line(begin, i);
                }
                begin = i + 1;
            }
        }
        return begin;
    }

    /** Moves the incomplete line to the front and makes room behind it. */
    private void keep(int begin, int end) {
        int rest = end - begin;
        if (skipping || rest >= MOST_LINE) {
            if (!skipping) {
                replies.text("FAIL line is longer than %d bytes".formatted(MOST_LINE)).end();
                skipping = true;
            }
            rest = 0;
        } else if (begin > 0 && rest > 0) {
            System.arraycopy(input, begin, input, 0, rest);
        }
        if (rest == input.length) {
            input = Arrays.copyOf(input, 2 * rest);
            room = ByteBuffer.wrap(input);
        } else if (rest == 0 && input.length > 1 << 22) {
            input = new byte[FIRST_BUFFER];
            room = ByteBuffer.wrap(input);
        }
        room.limit(input.length).position(rest);
    }

    private void line(int from, int to) throws IOException {
        words.split(input, from, to);
        if (words.count() == 0 || input[from] == '#') {
            return;
        }
        log.note('R', input, from, to);
        try {
            String name = words.text(0);
            Command command = commands.get(name);
            if (command == null) {
                throw new CommandFailure("Unknown command '%s'".formatted(name));
            }
            command.run(words, replies);
        } catch (CommandFailure failure) {
            replies.text("FAIL ").text(failure.getMessage());
        }
        replies.end();
        replies.drain();
    }
}
