package dev.backplane.vm.load;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.Cause;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.MemoryImage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Puts a capture into a fresh board. */
public final class CaptureLoader {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String ITS_TABLES = "its-table";
    private static final String ITS_EVENTS = "its-itt";

    private final Boards boards;

    /** Makes one. */
    public CaptureLoader(Boards boards) {
        this.boards = boards;
    }

    /**
     * A capture on a board.
     *
     * @param board the board
     * @param pages pages of memory that were written
     * @param withoutModel functions of the capture that the board has no model of
     * @param differences registers that read differently from the capture, as text
     */
    public record Loaded(Board board, int pages, int withoutModel, List<String> differences) {}

    /**
     * Loads a capture as it was at the freeze.
     *
     * @param name name of the new board
     * @throws IllegalArgumentException if the name is taken
     * @throws IllegalStateException if the board cannot be composed or refuses an access; no board is left behind
     */
    public Loaded load(Capture capture, String name) throws InterruptedException {
        var plan = new BoardPlan(capture);
        Board board = compose(plan, name);
        try {
            var bus = new GuestBus(board);
            new PciRestorer(board).restore(capture);
            int pages = writeMemory(bus, capture);
            var differences = new ArrayList<String>();
            for (Capture.SmmuImage smmu : capture.smmus()) {
                var programmer = new SmmuProgrammer(bus, smmu);
                programmer.program();
                programmer.differences().forEach(text -> differences.add(smmu.id() + ": " + text));
            }
            new GicProgrammer(bus).program(capture.gic());
            capture.gic().its().ifPresent(its -> new ItsProgrammer(bus, capture, its).program());
            return new Loaded(board, pages, plan.withoutModel(), differences);
        } catch (RuntimeException e) {
            boards.destroy(name);
            throw e;
        }
    }

    /**
     * Makes the board of a capture with its memory, and leaves its devices as after reset.
     *
     * @throws IllegalStateException if the board cannot be composed; no board is left behind
     */
    public Board prepare(Capture capture, String name) throws InterruptedException {
        Board board = compose(new BoardPlan(capture), name);
        try {
            writeMemory(new GuestBus(board), capture);
            return board;
        } catch (RuntimeException e) {
            boards.destroy(name);
            throw e;
        }
    }

    private Board compose(BoardPlan plan, String name) throws InterruptedException {
        Board board = boards.create(plan.definition(name));
        boolean complete = false;
        try {
            complete = board.awaitComplete(PATIENCE);
            if (!complete) {
                throw new IllegalStateException("board '%s' is not complete after %d s: %s".formatted(name,
                        PATIENCE.toSeconds(), board.why().stream().map(CaptureLoader::text)
                                .collect(Collectors.joining("; "))));
            }
            return board;
        } finally {
            if (!complete) {
                boards.destroy(name);
            }
        }
    }

    private static String text(Cause cause) {
        return "%s: %s%s".formatted(cause.subject(), cause.reason(),
                cause.remedy().isEmpty() ? "" : ", " + cause.remedy());
    }

    /** Tables of the ITS are left out: their layout is another implementation's, and an ITS expects them to be zero. */
    private static int writeMemory(GuestBus bus, Capture capture) {
        int written = 0;
        for (MemoryImage.Page page : capture.memory().pages()) {
            boolean foreign = page.kind().startsWith(ITS_TABLES) || page.kind().equals(ITS_EVENTS);
            if (!foreign && page.offset() >= 0) {
                bus.write(page.address(), capture.memory().content(), page.offset(), page.length());
                written++;
            }
        }
        return written;
    }
}
