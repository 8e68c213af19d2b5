package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.Cause;
import dev.backplane.board.PciFabric;
import dev.backplane.board.Slot;
import dev.backplane.shell.text.NearMiss;
import java.util.List;
import java.util.function.Function;
import org.apache.felix.service.command.CommandSession;

/** Finds the board and the slot that a command is about. */
final class Selection {
    /** Session variable that holds the name of the current board. */
    static final String CURRENT = Board.NAME;

    private final Boards boards;

    Selection(Boards boards) {
        this.boards = boards;
    }

    /** {@return the named board; without a name the session's current one, or else the first} */
    Board board(CommandSession session, String name) {
        if (!name.isEmpty()) {
            return named(name);
        }
        if (session.get(CURRENT) instanceof String current) {
            return named(current);
        }
        List<Board> all = boards.list();
        if (all.isEmpty()) {
            throw new IllegalArgumentException("there is no board; make one with board:create NAME");
        }
        return all.getFirst();
    }

    private Board named(String name) {
        return boards.find(name).orElseThrow(() -> NearMiss.unknown(
                "board", name, boards.list().stream().map(Board::name).toList(), "board:list shows all"));
    }

    static Slot slot(Board board, String name) {
        return board.slot(name).orElseThrow(() -> NearMiss.unknown(
                "slot", name, board.slots().stream().map(Slot::name).toList(), "board:slots shows all"));
    }

    /**
     * Does something with an ability of a device.
     *
     * @param slot name of the slot, or {@code ""} for the only one that has the ability
     * @param what what has such an ability, for messages
     */
    static <C, R> R with(Board board, String slot, Class<C> capability, String what, Function<C, R> use) {
        Slot found = slot.isEmpty() ? only(board, capability, what) : slot(board, slot);
        return found.with(capability, use).orElseThrow(() -> lacking(found, what));
    }

    private static IllegalArgumentException lacking(Slot slot, String what) {
        if (slot.state() == Slot.State.RUNNING) {
            return new IllegalArgumentException("slot '%s' holds %s, which is no %s; board:slots shows all"
                    .formatted(slot.name(), slot.definition().deviceType(), what));
        }
        String reason = slot.why().isEmpty() ? "" : ": " + slot.why().getFirst().reason();
        return new IllegalArgumentException("slot '%s' is %s%s; type board:why %s"
                .formatted(slot.name(), slot.state(), reason, slot.name()));
    }

    /** {@return the only slot whose running device has an ability} */
    static Slot only(Board board, Class<?> capability, String what) {
        List<Slot> able = able(board, capability);
        if (able.size() == 1) {
            return able.getFirst();
        }
        if (able.isEmpty()) {
            List<Cause> causes = board.why();
            String reason = causes.isEmpty() ? "" : " (%s: %s)"
                    .formatted(causes.getFirst().subject(), causes.getFirst().reason());
            throw new IllegalArgumentException("board '%s' has no running %s%s; board:slots shows all"
                    .formatted(board.name(), what, reason));
        }
        throw new IllegalArgumentException("board '%s' has several of %s: choose one of %s with --slot"
                .formatted(board.name(), what, String.join(", ", able.stream().map(Slot::name).toList())));
    }

    static List<Slot> able(Board board, Class<?> capability) {
        return board.slots().stream()
                .filter(slot -> slot.with(capability, model -> true).orElse(false))
                .toList();
    }

    /**
     * {@return the slot of the IOMMU that governs a requester}
     *
     * @param slot name of a slot that the user chose, or {@code ""}
     * @param requesterId StreamID
     */
    static String iommuOf(Board board, String slot, int requesterId) {
        if (!slot.isEmpty()) {
            return slot(board, slot).name();
        }
        int bus = requesterId >>> 8;
        PciFabric.RootBus root = null;
        for (PciFabric.RootBus candidate : board.pci().rootBuses()) {
            boolean nearer = root == null || candidate.firstBus() > root.firstBus();
            if (candidate.firstBus() <= bus && nearer) {
                root = candidate;
            }
        }
        if (root == null || root.iommuSlot().isEmpty()) {
            throw new IllegalArgumentException(
                    "StreamID 0x%x: no IOMMU governs bus 0x%02x of board '%s'; pci:list shows the buses"
                            .formatted(requesterId, bus, board.name()));
        }
        return root.iommuSlot();
    }
}
