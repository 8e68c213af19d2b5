package dev.backplane.smmuv3.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Translations that some cache knows allocate nothing. */
class HitAllocationTest {
    private static final int SID = 5;
    private static final int TRANSLATIONS = 20_000;

    private final Guest guest = new Guest(Guest.VIRT);

    /** By the number of pages: what lies in front of the TLB holds 16,384 entries, the TLB 65,536. */
    @ParameterizedTest
    @ValueSource(ints = {16, 20_000})
    void aHitAllocatesNothing(int pages) {
        Tables tables = guest.tables(12, 39, 1);
        guest.cdAt(Guest.CD, Guest.cd(tables, 1));
        guest.ste(SID, Guest.stage1Ste(Guest.CD));
        for (int page = 0; page < pages; page++) {
            guest.map(tables, (long) page << 12, 3, (long) page << 12 | Guest.PAGE);
        }
        var attributes = TransactionAttributes.ofRequester(SID);
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int round = 0; round < 12; round++) {
            visit(attributes, pages);
        }
        long bytes = 0;
        for (int round = 0; round < 3; round++) {
            long misses = guest.smmu.statistics().tlbMisses();
            long before = threads.getCurrentThreadAllocatedBytes();
            visit(attributes, pages);
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
            assertThat(guest.smmu.statistics().tlbMisses()).isEqualTo(misses);
        }
        assertThat(bytes).isLessThan(TRANSLATIONS);
    }

    private void visit(TransactionAttributes attributes, int pages) {
        for (int i = 0; i < TRANSLATIONS; i++) {
            guest.smmu.translate(guest.context, attributes, (long) (i % pages) << 12, AccessKind.READ);
        }
    }
}
