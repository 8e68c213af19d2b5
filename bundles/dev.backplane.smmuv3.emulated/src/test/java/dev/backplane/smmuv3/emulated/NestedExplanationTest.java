package dev.backplane.smmuv3.emulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.IommuInspection.Explanation;
import dev.backplane.inspect.IommuInspection.Outcome;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Stage 1 over stage 2: every stage-2 walk is folded under the stage-1 step that it serves. */
class NestedExplanationTest {
    private static final long STREAMS = 0x4001_0000L;
    private static final long STAGE2 = 0x4002_0000L;
    /** IPA 0x0000 to 0xFFFF is here. */
    private static final long GUEST = 0x4003_0000L;

    private TestBoard board;

    @BeforeEach
    void build() throws Exception {
        board = new TestBoard(Map.of());
        board.reset();
        long ste = STREAMS + 8 * 64;
        board.memory.put(ste, 0x1000 | 0b1111);
        board.memory.put(ste + 8, 2 | 1L << 44);
        // VMID 5, S2T0SZ 25, S2SL0 1 (start level 1), S2PS 48 bits, S2AA64, S2R.
        board.memory.put(ste + 16, 5 | 25L << 32 | 1L << 38 | 5L << 48 | 1L << 51 | 1L << 58);
        board.memory.put(ste + 24, STAGE2);
        board.memory.put(STAGE2, STAGE2 + 0x1000 | 3);
        board.memory.put(STAGE2 + 0x1000, STAGE2 + 0x2000 | 3);
        for (int page = 0; page < 16; page++) {
            board.memory.put(STAGE2 + 0x2000 + 8 * page, GUEST + page * 0x1000 | 0x7FF);
        }
        // The CD at IPA 0x1000; tables at IPA 0x2000 (level 1), 0x3000 and 0x4000; the page at IPA 0x5000.
        long cd = GUEST + 0x1000;
        board.memory.put(cd, 25 | 1L << 30 | 1L << 31 | 5L << 32 | 0b1110_0010L << 40 | 3L << 48);
        board.memory.put(cd + 8, 0x2000);
        board.memory.put(cd + 24, 0x44FF);
        board.memory.put(GUEST + 0x2000, 0x3003);
        board.memory.put(GUEST + 0x3000, 0x4003);
        board.memory.put(GUEST + 0x4000, 0x5000 | 0x7C3);
        board.write(0x80, 8, STREAMS);
        board.write(0x88, 4, 4);
        board.write(0x20, 4, 1);
    }

    private Explanation explain(long iova) {
        return board.smmu.explain(TransactionAttributes.ofRequester(8), iova, AccessKind.READ);
    }

    @Test
    void eachTableAddressHasItsStage2WalkFoldedUnderIt() {
        Explanation explanation = explain(0x123);
        InspectNode tree = explanation.tree();
        assertThat(tree.child("stream table").child("STE[0x8]").child("S2SL0").note()).isEqualTo("start level 1");
        InspectNode ofContext = tree.child("context descriptor").child("CD[0x0]").children().getFirst();
        assertThat(ofContext.name()).isEqualTo("stage 2 of CD");
        assertThat(ofContext.value()).isEqualTo("0x1000");
        String[] tables = {"0x2000", "0x3000", "0x4000"};
        for (int level = 1; level <= 3; level++) {
            InspectNode folded = tree.child("stage 1").child("level " + level).children().getFirst();
            assertThat(folded.name()).isEqualTo("stage 2 of table");
            assertThat(folded.value()).isEqualTo(tables[level - 1]);
            assertThat(folded.note()).isEqualTo("gives 0x%x".formatted(GUEST + 0x1000 * (level + 1)));
            assertThat(folded.children()).extracting(InspectNode::name).containsExactly("level 1", "level 2", "level 3");
            assertThat(folded.child("level 3").children()).as("of no interest where it succeeds").isEmpty();
        }
        assertThat(tree.child("stage 2").note()).endsWith("gives 0x40035123, 4 KiB, read and write");
        assertThat(explanation.outcome()).isEqualTo(new Outcome.Mapped(GUEST + 0x5123, 0x1000, true, false));
    }

    @Test
    void aFaultOnATableAddressShowsTheWalkThatFailedAndTheRecord() {
        board.memory.put(GUEST + 0x3000, 0x44003);
        Explanation explanation = explain(0x123);
        InspectNode stage1 = explanation.tree().child("stage 1");
        InspectNode failed = stage1.children().getLast();
        assertThat(failed.name()).isEqualTo("stage 2 of table");
        assertThat(failed.child("level 3").note()).startsWith("invalid");
        InspectNode event = explanation.tree().child("result").child("F_TRANSLATION");
        assertThat(event.child("S2").note()).isEqualTo("stage 2");
        assertThat(event.child("CLASS").note()).startsWith("TT");
        assertThat(event.child("IPA").value()).isEqualTo("0x44000");
        assertThat(explanation.outcome()).isInstanceOfSatisfying(
                Outcome.Faulted.class, fault -> assertThat(fault.record()).isPresent());
    }

    @Test
    void aFoldedWalkThatIsRefusedShowsWhatRefusesIt() {
        // S2AP of the page with the level 2 table: no access.
        board.memory.put(STAGE2 + 0x2000 + 8 * 3, GUEST + 0x3000 | 0x73F);
        InspectNode failed = explain(0x123).tree().child("stage 1").children().getLast();
        assertThat(failed.name()).isEqualTo("stage 2 of table");
        assertThat(failed.child("level 3").child("S2AP").note()).isEqualTo("no access");
        assertThat(failed.child("level 3").child("AF").note()).isEqualTo("accessed");
    }

    @Test
    void explainingLeavesNoTrace() {
        explain(0x123);
        explain(0x7FFF_F000L);
        assertThat(board.smmu.tlb().children()).isEmpty();
        assertThat(board.smmu.configurationCache().children()).isEmpty();
        assertThat(board.smmu.events()).isEmpty();
        assertThat(board.smmu.statistics().child("TLB").child("misses").value()).isEqualTo("0");
        assertThat(board.pulses).isEmpty();
    }
}
