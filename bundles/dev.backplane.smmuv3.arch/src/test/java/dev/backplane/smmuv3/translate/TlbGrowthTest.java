package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A TLB begins small and grows with the pages in use; what it drops meanwhile stays dropped. */
class TlbGrowthTest {
    private static final int SID = 5;
    private static final int ASID = 1;
    private static final int MANY = 16_384;
    private static final long OUTPUT = 1L << 32;
    private static final long MOVED = 1L << 33;

    private final Guest guest = new Guest(Guest.VIRT);
    private Tables tables;

    @BeforeEach
    void map() {
        tables = guest.tables(12, 39, 1);
        guest.cdAt(Guest.CD, Guest.cd(tables, ASID));
        guest.ste(SID, Guest.stage1Ste(Guest.CD));
        for (int page = 0; page < MANY; page++) {
            remap(page, OUTPUT);
        }
    }

    private void remap(int page, long output) {
        guest.map(tables, address(page), 3, output + address(page) | PAGE);
    }

    private static long address(int page) {
        return (long) page << 12;
    }

    private long visitAll() {
        // Everything is looked for in the TLB: an invalidation of another ASID empties what lies in front of it.
        guest.smmu.invalidation().tlbOfAsid(0, ASID + 1);
        long before = guest.smmu.statistics().tlbMisses();
        for (int page = 0; page < MANY; page++) {
            assertThat(guest.output(SID, address(page))).isEqualTo(OUTPUT + address(page));
        }
        return guest.smmu.statistics().tlbMisses() - before;
    }

    private int entries() {
        var entries = new AtomicInteger();
        guest.smmu.tlbEntries(_ -> entries.incrementAndGet());
        return entries.get();
    }

    @Test
    void manyPagesInUseComeToStay() {
        assertThat(visitAll()).isEqualTo(MANY);
        for (int round = 0; round < 4; round++) {
            visitAll();
        }
        assertThat(visitAll()).isZero();
        assertThat(entries()).isEqualTo(MANY);
    }

    @Test
    void invalidationFindsWhatTheLargerOneHolds() {
        for (int round = 0; round < 5; round++) {
            visitAll();
        }
        remap(7, MOVED);
        assertThat(guest.output(SID, address(7))).isEqualTo(OUTPUT + address(7));
        guest.smmu.invalidation().tlbOfVa(0, ASID, TlbRange.single(address(7), true));
        assertThat(guest.output(SID, address(7))).isEqualTo(MOVED + address(7));
        guest.smmu.invalidation().tlbOfAsid(0, ASID);
        assertThat(entries()).isZero();
    }

    @Test
    void neverHoldsMoreThanItsSize() {
        var small = new SmmuTranslator(Guest.VIRT, guest.memory, (_, _) -> {}, new CacheSizes(13, 12));
        small.configure(guest.smmu.configuration());
        for (int round = 0; round < 6; round++) {
            for (int page = 0; page < MANY; page++) {
                Translation answer = small.translate(new TestContext(), TransactionAttributes.ofRequester(SID),
                        address(page), AccessKind.READ);
                assertThat(answer).isInstanceOf(Translation.Mapped.class);
            }
        }
        var entries = new AtomicInteger();
        small.tlbEntries(_ -> entries.incrementAndGet());
        assertThat(entries.get()).isEqualTo(1 << 13);
    }
}
