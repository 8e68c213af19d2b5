package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.PAGE;
import static dev.backplane.smmuv3.translate.Guest.S2_BLOCK;
import static dev.backplane.smmuv3.translate.Guest.S2_PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Which commands drop pointers to last-level tables (IHI 0070 section 4.4.1, Leaf; DDI 0487 section D8.13). The table
 * descriptor of a region is changed to another table; a page that was never read before tells which one is in use.
 */
class WalkCacheTest {
    private static final long OLD = 0x5000_0000L;
    private static final long NEW = 0x6000_0000L;
    private static final long REGION = 0x40_0000L;
    private static final int STAGE1 = 1;
    private static final int NESTED = 2;

    private final Guest guest = new Guest(Guest.FULL);

    @BeforeEach
    void fill() {
        stream(STAGE1, 1, 1, null);
        Tables second = guest.tables(12, 39, 1);
        for (long block = 0; block < 4L << 30; block += 1L << 30) {
            guest.map(second, block, 1, block | S2_BLOCK);
        }
        stream(NESTED, 2, 2, second);
    }

    private void stream(int streamId, int asid, int vmid, Tables second) {
        Tables tables = guest.tables(12, 39, 1);
        long cd = Guest.CD + streamId * 64;
        guest.cdAt(cd, Guest.cd(tables, asid));
        guest.ste(streamId, second == null
                ? Guest.with(Guest.stage1Ste(cd), Ste.S2VMID, vmid)
                : Guest.nestedSte(cd, second, vmid));
        for (int page = 0; page < 512; page++) {
            guest.map(tables, REGION + page * 4096, 3, OLD + page * 4096 | PAGE);
        }
        assertThat(guest.output(streamId, REGION)).isEqualTo(OLD);
        long next = guest.allocate(4096);
        for (int page = 0; page < 512; page++) {
            guest.memory.store(next + 8 * page, NEW + page * 4096 | PAGE);
        }
        guest.memory.store(guest.slot(tables, REGION, 2), next | 3);
    }

    /** {@return whether a page of the region that the TLB does not hold is found through the new table} */
    private boolean usesNewTable(int streamId) {
        return guest.output(streamId, REGION + 0x7000) == NEW + 0x7000;
    }

    static Stream<Arguments> commands() {
        return Stream.of(
                command("TLBI_NH_VA leaf (4.4.2.3)", i -> i.tlbOfVa(1, 1, TlbRange.single(REGION, true)), false, false),
                command("TLBI_NH_VA", i -> i.tlbOfVa(1, 1, TlbRange.single(REGION, false)), true, false),
                command("TLBI_NH_VA of another ASID", i -> i.tlbOfVa(1, 9, TlbRange.single(REGION, false)), false, false),
                command("TLBI_NH_VA of a range inside",
                        i -> i.tlbOfVa(2, 2, TlbRange.of(REGION, 3, 0, Granule.KIB4, false)), false, true),
                command("TLBI_NH_VAA leaf", i -> i.tlbOfVaAllAsids(2, TlbRange.single(REGION, true)), false, false),
                command("TLBI_NH_VAA (4.4.2.4)", i -> i.tlbOfVaAllAsids(2, TlbRange.single(REGION, false)), false, true),
                command("TLBI_NH_ASID (4.4.2.2)", i -> i.tlbOfAsid(1, 1), true, false),
                command("TLBI_NH_ALL (4.4.2.1)", i -> i.tlbStage1OfVmid(2), false, true),
                command("TLBI_S12_VMALL (4.4.3.2)", i -> i.tlbOfVmid(2), false, true),
                command("TLBI_S2_IPA leaf (4.4.3.1)", i -> i.tlbOfIpa(2, TlbRange.single(OLD, true)), false, true),
                command("TLBI_NSNH_ALL (4.4.4.1)", i -> i.tlb(), true, true),
                command("CFGI_ALL keeps them (4.3.6)", i -> i.allConfiguration(), false, false));
    }

    private static Arguments command(String name, Consumer<Invalidation> command, boolean stage1, boolean nested) {
        return Arguments.of(Named.of(name, command), stage1, nested);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("commands")
    void dropsPointers(Consumer<Invalidation> command, boolean stage1, boolean nested) {
        command.accept(guest.smmu.invalidation());
        assertThat(usesNewTable(STAGE1)).as("stage 1 stream").isEqualTo(stage1);
        assertThat(usesNewTable(NESTED)).as("nested stream").isEqualTo(nested);
    }

    @Test
    void aPointerCarriesWhatStage2MadeOfTheTablesAddress() {
        Tables second = guest.tables(12, 39, 1);
        Tables first = guest.tables(12, 39, 1);
        guest.cdAt(Guest.CD + 0x1000, Guest.cd(first, 3));
        guest.ste(3, Guest.nestedSte(Guest.CD + 0x1000, second, 3));
        guest.identity(second, Guest.CD, 0x2000);
        guest.identity(second, OLD, 0x10_0000);
        guest.map(first, REGION, 3, OLD | PAGE);
        guest.identity(second, first.root(), 0x10_0000);
        assertThat(guest.output(3, REGION)).isEqualTo(OLD);
        long table = guest.slot(first, REGION, 3) & -4096L;
        long moved = guest.allocate(4096);
        guest.memory.store(moved + 8 * 7, OLD + 0x7000 | PAGE);
        guest.map(second, table, 3, moved | S2_PAGE);
        guest.smmu.invalidation().tlbOfIpa(3, TlbRange.single(table, true));
        assertThat(guest.output(3, REGION + 0x7000)).isEqualTo(OLD + 0x7000);
    }

    @Test
    void withoutWalkCacheTablesAreReadEachTime() {
        var alone = new SmmuTranslator(Guest.FULL, guest.memory, (_, _) -> {}, new CacheSizes(2, 0));
        alone.configure(guest.smmu.configuration());
        assertThat(alone.translate(guest.context, TransactionAttributes.ofRequester(STAGE1),
                        REGION + 0x7000, AccessKind.READ))
                .isInstanceOfSatisfying(Translation.Mapped.class,
                        mapped -> assertThat(mapped.output()).isEqualTo(NEW + 0x7000));
    }

    @Test
    void manyContextsDoNotHideTheirEntriesFromInvalidation() {
        for (int round = 0; round < 5000; round++) {
            Tables tables = new Tables(12, 39, 1, guest.tables(12, 39, 1).root());
            guest.cdAt(Guest.CD + 0x2000, Guest.cd(tables, 1));
            guest.ste(9, Guest.stage1Ste(Guest.CD + 0x2000));
            if (round % 500 == 0) {
                long slot = guest.map(tables, REGION, 3, OLD | PAGE);
                assertThat(guest.output(9, REGION)).isEqualTo(OLD);
                guest.memory.store(slot, NEW | PAGE);
                guest.smmu.invalidation().tlbOfAsid(0, 1);
                assertThat(guest.output(9, REGION)).isEqualTo(NEW);
            } else {
                guest.map(tables, REGION, 3, OLD | PAGE);
                guest.read(9, REGION);
            }
        }
    }
}
