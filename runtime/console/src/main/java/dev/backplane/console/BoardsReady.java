package dev.backplane.console;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.Cause;
import java.io.PrintStream;
import java.time.Duration;

/** Waits for boards to be composed before the first command runs, and says why one is not. */
final class BoardsReady {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Boards boards;
    private final PrintStream errors;

    BoardsReady(Boards boards, PrintStream errors) {
        this.boards = boards;
        this.errors = errors;
    }

    void await() throws InterruptedException {
        for (Board board : boards.list()) {
            if (!board.awaitComplete(PATIENCE)) {
                errors.println("backplane: board " + board.name() + " is not complete:");
                for (Cause cause : board.why()) {
                    errors.println("  " + cause.subject() + ": " + cause.reason()
                            + (cause.remedy().isEmpty() ? "" : "; " + cause.remedy()));
                }
            }
        }
    }
}
