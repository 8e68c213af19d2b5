package dev.backplane.vm.verify;

import dev.backplane.board.Board;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.load.GuestBus;
import java.util.List;

/** Compares every known translation of a capture with what the board's SMMUs do. */
public final class Verification {
    private final List<Tally> tallies;

    private Verification(List<Tally> tallies) {
        this.tallies = tallies;
    }

    /**
     * Verifies a board that a capture was loaded into.
     *
     * @throws IllegalStateException if the board lacks what the capture needs
     */
    public static Verification run(Board board, Capture capture) {
        capture.smmus().forEach(smmu -> SmmuSlots.of(board, smmu));
        var bus = new GuestBus(board);
        var translator = new Translator(board, bus, capture.smmus());
        return new Verification(List.of(
                new MappingCheck(translator).check(capture),
                new TraceCheck(translator).check(capture),
                new OracleCheck(translator).check(capture),
                new ListingCheck(board).check(capture),
                new MsiCheck(board, bus).check(capture)));
    }

    /** {@return the counts, one for each file} */
    public List<Tally> tallies() {
        return tallies;
    }

    /** {@return rows that differed, in all files} */
    public int differing() {
        return tallies.stream().mapToInt(Tally::differing).sum();
    }

    /** {@return rows that agreed, in all files} */
    public int agreed() {
        return tallies.stream().mapToInt(Tally::agreed).sum();
    }

    /** {@return the counts as a table, the rules that set rows aside, and the first differing rows in full} */
    public String report() {
        var text = new StringBuilder("%-14s  %8s  %9s  %9s".formatted("file", "agreed", "differing", "set aside"));
        for (Tally tally : tallies) {
            text.append("%n%-14s  %8d  %9d  %9d"
                    .formatted(tally.file(), tally.agreed(), tally.differing(), tally.aside()));
        }
        for (Tally tally : tallies) {
            if (tally.staleRows() > 0) {
                text.append("%n%s: %d rows are not compared, they were not live at the freeze"
                        .formatted(tally.file(), tally.staleRows()));
            }
            tally.rules().forEach((rule, count) -> text.append("%n%s: %d set aside, %s".formatted(tally.file(), count,
                    rule)));
        }
        for (Tally tally : tallies) {
            tally.firstDifferences().forEach(row -> text.append("%n%s %s".formatted(tally.file(), row)));
        }
        return text.toString();
    }
}
