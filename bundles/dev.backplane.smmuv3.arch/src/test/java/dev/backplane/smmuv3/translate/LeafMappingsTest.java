package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.CD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Whatever the tables are, listing what they map ends soon. */
class LeafMappingsTest {
    private static final int SID = 8;
    /** Reads of descriptors that a listing may take, with some to spare for the structures. */
    private static final long MOST_READS = 80_000_000;

    private final Guest guest = new Guest(Guest.VIRT);

    private long readsOfAListing() {
        var reads = new AtomicLong();
        var port = new TablePort() {
            @Override
            public TransactionResult load64(TransactionContext context, long address) {
                reads.incrementAndGet();
                return guest.memory.load64(context, address);
            }
        };
        var smmu = new SmmuTranslator(Guest.VIRT, port, (_, _) -> { });
        smmu.configure(guest.smmu.configuration());
        smmu.leafMappings(guest.context, SID, TransactionAttributes.NO_SUBSTREAM, _ -> { });
        return reads.get();
    }

    @Test
    void endsWithTablesThatPointAtThemselvesAndMapNothing() {
        // With AF = 0 and an output that is the table: every entry of every level is the same table again.
        Tables tables = guest.tables(12, 48, 0);
        for (int i = 0; i < 512; i++) {
            guest.memory.store(tables.root() + 8 * i, tables.root() | 3);
        }
        guest.cdAt(CD, Guest.cd(tables, 1));
        guest.ste(SID, Guest.stage1Ste(CD));
        assertThat(readsOfAListing()).isBetween(1_000_000L, MOST_READS);
    }

    @Test
    void endsWithLargeBlocksThatStage2MapsNoneOf() {
        Tables first = guest.tables(12, 39, 1);
        Tables second = guest.tables(12, 39, 1);
        guest.identity(second, CD, 0x1000);
        guest.identity(second, first.root(), 0x1000);
        for (int i = 0; i < 512; i++) {
            guest.memory.store(first.root() + 8 * i, (long) (i & 63) << 30 | 0x40_0000_0000L | Guest.BLOCK);
        }
        guest.cdAt(CD, Guest.cd(first, 1));
        guest.ste(SID, Guest.nestedSte(CD, second, 3));
        assertThat(readsOfAListing()).isBetween(1_000_000L, MOST_READS);
    }
}
