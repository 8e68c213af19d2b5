package dev.backplane.smmuv3.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A probe reports the steps of the walk, nested walks inside, and leaves no trace. */
class WalkObserverTest {
    private final List<String> steps = new ArrayList<>();

    private final class Recorder implements WalkObserver {
        @Override
        public void streamTableEntry(int streamId, long address, long[] words) {
            steps.add("STE");
        }

        @Override
        public void contextDescriptor(int index, long address, long[] words) {
            steps.add("CD");
        }

        @Override
        public void walkBegins(int stage, Purpose purpose, long address, long table) {
            steps.add("begin S%d %s".formatted(stage, purpose));
        }

        @Override
        public void descriptor(int stage, int level, long index, long address, long descriptor, DescriptorKind kind) {
            steps.add("S%d L%d %s".formatted(stage, level, kind));
        }

        @Override
        public void walkEnds(int stage, long output, int pageShift, boolean readable, boolean writable) {
            steps.add("end S%d %x".formatted(stage, output));
        }

        @Override
        public void ended(TranslationOutcome outcome) {
            steps.add(outcome.getClass().getSimpleName());
        }
    }

    @Test
    void reportsANestedWalkInOrder() {
        var guest = new Guest(Guest.VIRT);
        Tables first = guest.tables(12, 30, 2);
        Tables second = guest.tables(12, 39, 1);
        guest.cdAt(Guest.CD, Guest.cd(first, 1));
        guest.ste(9, Guest.nestedSte(Guest.CD, second, 1));
        for (long block = 0; block < 2L << 30; block += 1L << 30) {
            guest.map(second, block, 1, block | Guest.S2_BLOCK);
        }
        guest.map(first, 0x1000, 3, 0x5000_0000L | Guest.PAGE);

        guest.smmu.probe(
                guest.context, TransactionAttributes.ofRequester(9), 0x1004, AccessKind.READ, new Recorder());

        assertThat(steps).containsExactly(
                "STE",
                "begin S2 CONTEXT_DESCRIPTOR", "S2 L1 BLOCK", "end S2 20000000", "CD",
                "begin S1 INPUT",
                "begin S2 TABLE_DESCRIPTOR", "S2 L1 BLOCK", "end S2 %x".formatted(first.root()), "S1 L2 TABLE",
                "begin S2 TABLE_DESCRIPTOR", "S2 L1 BLOCK",
                "end S2 %x".formatted(guest.slot(first, 0x1000, 3)), "S1 L3 PAGE",
                "end S1 50000004",
                "begin S2 INPUT", "S2 L1 BLOCK", "end S2 50000004",
                "Mapped");
        List<TlbEntryView> entries = new ArrayList<>();
        guest.smmu.tlbEntries(entries::add);
        assertThat(entries).isEmpty();
        assertThat(guest.smmu.statistics()).isEqualTo(new TranslationStatistics(0, 0, 0, 0));
        assertThat(guest.events).isEmpty();
    }
}
