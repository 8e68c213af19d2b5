package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.CD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.inspect.IommuInspection.LeafMapping;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.spec.TableDescriptor;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.ArrayList;
import java.util.List;
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

    /** With AF = 0 and an output that is the table: every entry of every level is the same table again. */
    private void selfPointing() {
        Tables tables = guest.tables(12, 48, 0);
        for (int i = 0; i < 512; i++) {
            guest.memory.store(tables.root() + 8 * i, tables.root() | 3);
        }
        guest.cdAt(CD, Guest.cd(tables, 1));
        guest.ste(SID, Guest.stage1Ste(CD));
    }

    @Test
    void endsWithTablesThatPointAtThemselvesAndMapNothing() {
        selfPointing();
        assertThat(readsOfAListing()).isBetween(1_000_000L, MOST_READS);
    }

    private static List<LeafMapping> listing(Guest guest) {
        var found = new ArrayList<LeafMapping>();
        assertThat(guest.smmu.leafMappings(guest.context, SID, TransactionAttributes.NO_SUBSTREAM, found::add)).isTrue();
        return found;
    }

    /** Nested: 512 GiB in blocks of a gigabyte, of which stage 2 maps the tables and what is added to it. */
    private Tables gigabyteBlocks() {
        Tables first = guest.tables(12, 39, 1);
        Tables second = guest.tables(12, 39, 1);
        guest.identity(second, CD, 0x1000);
        guest.identity(second, first.root(), 0x1000);
        for (int i = 0; i < 512; i++) {
            guest.memory.store(first.root() + 8 * i, (long) i << 30 | Guest.BLOCK);
        }
        guest.cdAt(CD, Guest.cd(first, 1));
        guest.ste(SID, Guest.nestedSte(CD, second, 3));
        return second;
    }

    @Test
    void passesOverWhatStage2DoesNotMapByTheSizeOfItsInvalidDescriptors() {
        Tables second = gigabyteBlocks();
        assertThat(readsOfAListing()).isLessThan(20_000);
        guest.map(second, 100L << 30, 3, 0x5000_0000L | Guest.S2_PAGE);
        assertThat(listing(guest)).last().satisfies(mapping -> {
            assertThat(mapping.iova()).isEqualTo(100L << 30);
            assertThat(mapping.output()).isEqualTo(0x5000_0000L);
            assertThat(mapping.size()).isEqualTo(0x1000);
        });
    }

    /** STE.INSTCFG and PRIVCFG (IHI 0070 section 5.2): an instruction fetch reads by XN, not by S2AP. */
    @Test
    void stage2AloneIsListedAsTheSteOverridesTransactions() {
        var guest = new Guest(Guest.FULL); // overrides permissions
        Tables tables = guest.tables(12, 39, 1);
        long writeOnly = Guest.S2_PAGE & ~TableDescriptor.S2AP_READ.mask();
        guest.map(tables, 0x9_0000, 3, 0x5000_0000L | writeOnly);
        guest.ste(SID, Guest.stage2Ste(tables, 3));
        assertThat(listing(guest)).singleElement().satisfies(mapping -> assertThat(mapping.readable()).isFalse());
        guest.ste(SID, Guest.with(Guest.stage2Ste(tables, 3), Ste.INSTCFG, 3, Ste.PRIVCFG, 3));
        assertThat(listing(guest)).singleElement().satisfies(mapping -> assertThat(mapping.readable()).isTrue());
    }

    @Test
    void tellsWhenThereIsMoreThanItLists() {
        selfPointing();
        assertThat(guest.smmu.leafMappings(guest.context, SID, TransactionAttributes.NO_SUBSTREAM, _ -> { })).isFalse();
    }
}
