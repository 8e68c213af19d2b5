package dev.backplane.smmuv3.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.Translation;
import org.junit.jupiter.api.Test;

/** A TLB grows for entries in use that displace one another, not for fills, however many; and best off the DMA's way. */
class TlbSizeTest {
    private static final int FIRST = 4096;
    private static final int SECOND = 16_384;
    private static final int MOST = 65_536;
    private static final int FILLS = 200_000;

    private final Tlb tlb = new Tlb(16, () -> {});
    private final TranslationContext space = new TranslationContext(new TranslationContext.Key(null, null, 0, null));
    private int fills;

    private void fill(long page) {
        tlb.register(space);
        var mapped = new Translation.Mapped(page << 12, page << 12, 0xFFF, true, true, MemoryAttributes.INCOMING);
        tlb.insert(new TlbEntry(space.era(), 0, false, mapped, 0), tlb.generation(), fills++);
    }

    private void fillAll(int pages) {
        for (int page = 0; page < pages; page++) {
            fill(page);
        }
    }

    private void unmap(long page) {
        tlb.removeRange(_ -> true, _ -> true, TlbRange.single(page << 12, true));
    }

    @Test
    void aPageThatIsMappedAndUnmappedForEverNeedsOneSlot() {
        for (int i = 0; i < FILLS; i++) {
            fill(7);
            unmap(7);
        }
        assertThat(tlb.slots()).isEqualTo(FIRST);
    }

    @Test
    void norDoesOneThatMovesMakeItGrow() {
        for (int i = 0; i < FILLS; i++) {
            fill(i);
            unmap(i);
        }
        assertThat(tlb.slots()).isEqualTo(FIRST);
    }

    @Test
    void whatWasDroppedByAsidGivesWayFirst() {
        for (int i = 0; i < FILLS; i++) {
            fill(i * 5L);
            if (i % 256 == 0) {
                tlb.removeContexts(_ -> true);
            }
        }
        assertThat(tlb.slots()).isEqualTo(FIRST);
    }

    @Test
    void aFewPagesThatDisplaceOneAnotherNowAndThenDoNotMakeItGrow() {
        int sets = FIRST / 4;
        for (int i = 0; i < FILLS; i++) {
            fill(i % 64 == 0 ? (long) sets * (i / 64 % 5) : i | 1);
            if (i % 64 != 0) {
                unmap(i | 1);
            }
        }
        assertThat(tlb.slots()).isEqualTo(FIRST);
    }

    @Test
    void pagesInUseThatFitLeaveItAsItIs() {
        for (int round = 0; round < 50; round++) {
            fillAll(FIRST);
        }
        unmap(FIRST);
        assertThat(tlb.slots()).isEqualTo(FIRST);
    }

    @Test
    void theInvalidationAfterPagesInUseDisplacedOneAnotherMakesItGrow() {
        fillAll(FIRST + FIRST / 2);
        assertThat(tlb.slots()).isEqualTo(FIRST);
        unmap(-1);
        assertThat(tlb.slots()).isEqualTo(SECOND);
        fillAll(2 * SECOND);
        tlb.removeContexts(_ -> false);
        assertThat(tlb.slots()).isEqualTo(MOST);
    }

    @Test
    void aSmallOneStillLooksForTwoMebibytesPageByPage() {
        fillAll(600);
        tlb.removeRange(_ -> true, _ -> true, TlbRange.of(0, 0, 9, Granule.KIB4, true));
        assertThat(tlb.slots()).isEqualTo(FIRST);
        assertThat(tlb.find(space, 0, 511L << 12)).isNull();
        assertThat(tlb.find(space, 0, 512L << 12)).isNotNull();
    }

    @Test
    void withoutInvalidationsTransactionsDo() {
        fillAll(2 * FIRST + 512);
        assertThat(tlb.slots()).isEqualTo(SECOND);
        fillAll(2 * SECOND + 512);
        assertThat(tlb.slots()).isEqualTo(MOST);
        fillAll(4 * MOST);
        assertThat(tlb.slots()).isEqualTo(MOST);
    }
}
