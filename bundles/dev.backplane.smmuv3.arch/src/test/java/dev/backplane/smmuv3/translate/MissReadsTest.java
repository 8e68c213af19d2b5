package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.BLOCK;
import static dev.backplane.smmuv3.translate.Guest.PAGE;
import static dev.backplane.smmuv3.translate.Guest.S2_BLOCK;
import static dev.backplane.smmuv3.translate.Guest.S2_PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.smmuv3.spec.TableDescriptor;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A miss reads each descriptor on its way once, blocks as well as pages, stage 2 alone as well as with stage 1; tables
 * start at level 1, and what the walk cache knows is not read.
 */
class MissReadsTest {
    private static final int SID = 9;
    private static final int VMID = 3;
    private static final long GIB = 1L << 30;
    private static final long OUTPUT = 0x5000_0000L;

    private final Guest guest = new Guest(Guest.VIRT);
    private final Tables first = guest.tables(12, 39, 1);
    private final Tables second = guest.tables(12, 39, 1);

    private void stage1() {
        guest.cdAt(Guest.CD, Guest.cd(first, 1));
        guest.ste(SID, Guest.stage1Ste(Guest.CD));
    }

    private void stage2() {
        guest.ste(SID, Guest.stage2Ste(second, VMID));
    }

    private void nested() {
        guest.cdAt(Guest.CD, Guest.cd(first, 1));
        guest.ste(SID, Guest.nestedSte(Guest.CD, second, VMID));
    }

    /** {@return the descriptors that a miss reads; another translation has fetched the configuration before} */
    private List<Long> reads(long warm, long warmOutput, long iova, long output) {
        assertThat(guest.output(SID, warm)).isEqualTo(warmOutput);
        List<Long> loads = guest.memory.recordLoads();
        assertThat(guest.output(SID, iova)).isEqualTo(output);
        return List.copyOf(loads);
    }

    @Test
    void ofAStage1PageBelowATableThatIsKnown() {
        stage1();
        guest.map(first, 0x1000, 3, OUTPUT | PAGE);
        long slot = guest.map(first, 0x2000, 3, OUTPUT + 0x3000 | PAGE);
        assertThat(reads(0x1000, OUTPUT, 0x2008, OUTPUT + 0x3008)).containsExactly(slot);
    }

    @Test
    void ofAStage1Block() {
        stage1();
        guest.map(first, 0, 2, OUTPUT | BLOCK);
        long slot = guest.map(first, 0x20_0000, 2, OUTPUT + 0x80_0000 | BLOCK);
        assertThat(reads(0x1000, OUTPUT + 0x1000, 0x21_0008, OUTPUT + 0x81_0008))
                .containsExactly(guest.slot(first, 0x20_0000, 1), slot);
    }

    @Test
    void ofAPageOfStage2Alone() {
        stage2();
        guest.map(second, 0x1000, 3, OUTPUT | S2_PAGE);
        long slot = guest.map(second, 0x2000, 3, OUTPUT + 0x3000 | S2_PAGE);
        assertThat(reads(0x1000, OUTPUT, 0x2008, OUTPUT + 0x3008)).containsExactly(slot);
    }

    @Test
    void ofABlockOfStage2Alone() {
        stage2();
        guest.map(second, 0, 2, OUTPUT | S2_BLOCK);
        long slot = guest.map(second, 0x20_0000, 2, OUTPUT + 0x80_0000 | S2_BLOCK);
        assertThat(reads(0x1000, OUTPUT + 0x1000, 0x21_0008, OUTPUT + 0x81_0008))
                .containsExactly(guest.slot(second, 0x20_0000, 1), slot);
    }

    @Test
    void ofAPageOverStage2Blocks() {
        nested();
        long[] block = new long[4];
        for (int i = 0; i < block.length; i++) {
            block[i] = guest.map(second, i * GIB, 1, i * GIB | S2_BLOCK);
        }
        guest.map(first, 0x1000, 3, OUTPUT | PAGE);
        long slot = guest.map(first, 0x2000, 3, OUTPUT + 0x3000 | PAGE);
        assertThat(reads(0x1000, OUTPUT, 0x2008, OUTPUT + 0x3008)).containsExactly(slot, block[1]);
        // Of another region, whose tables nobody has seen.
        long far = 3L << 21;
        long leaf = guest.map(first, far, 3, OUTPUT + 0x5000 | PAGE);
        assertThat(reads(0x1000, OUTPUT, far, OUTPUT + 0x5000)).containsExactly(
                block[0], guest.slot(first, far, 1), block[0], guest.slot(first, far, 2), block[0], leaf, block[1]);
    }

    @Test
    void ofABlockOverStage2Pages() {
        nested();
        guest.identity(second, Guest.CD, 0x1000);
        guest.identity(second, first.root(), 0x1000);
        guest.map(first, 0, 1, GIB | BLOCK);
        long known = guest.map(second, GIB + 0x1000, 3, OUTPUT | S2_PAGE);
        long slot = guest.map(second, GIB + 0x2000, 3, OUTPUT + 0x3000 | S2_PAGE);
        assertThat(known + 8).isEqualTo(slot);
        List<Long> loads = reads(0x1000, OUTPUT, 0x2008, OUTPUT + 0x3008);
        assertThat(loads).doesNotHaveDuplicates().endsWith(first.root(), slot);
        // The other one is of the stage 2 page that holds the stage 1 table.
        assertThat(loads).hasSize(3);
        assertThat(TableDescriptor.ADDRESS.inPlace(guest.memory.peek(loads.getFirst()))).isEqualTo(first.root());
    }
}
