package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.BLOCK;
import static dev.backplane.smmuv3.translate.Guest.PAGE;
import static dev.backplane.smmuv3.translate.Guest.S2_BLOCK;
import static dev.backplane.smmuv3.translate.Guest.S2_PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What each invalidation drops (IHI 0070 sections 4.3 and 4.4), and that it drops no more than it must. */
class InvalidationTest {
    private static final long OLD = 0x5000_0000L;
    private static final long NEW = 0x6000_0000L;
    private static final long VA = 0x40_1000L;
    private static final long FAR = 0x4_0000_0000L;

    private final Guest guest = new Guest(Guest.FULL);
    /** What is cached, by a name, and where its descriptor lies. */
    private final Map<String, Cached> cached = new TreeMap<>();

    private record Cached(int streamId, long address, long slot, long leaf) {}

    @BeforeEach
    void fillTheCaches() {
        stage1("asid1 vmid1", 1, 1, 1, PAGE);
        stage1("asid2 vmid1", 2, 2, 1, PAGE);
        stage1("asid1 vmid2", 3, 1, 2, PAGE);
        stage1("global asid3 vmid1", 4, 3, 1, PAGE & ~0x800L);
        stage2("ipa vmid1", 5, 1);
        stage2("ipa vmid2", 6, 2);
        nested("nested asid1 vmid1", 7, 1, 1);
        nested("nested asid1 vmid2", 8, 1, 2);
        for (Cached entry : cached.values()) {
            assertThat(guest.output(entry.streamId, entry.address) & 0xF000_0000L).isEqualTo(OLD);
            guest.memory.store(entry.slot, entry.leaf - OLD + NEW);
        }
    }

    private void stage1(String name, int streamId, int asid, int vmid, long page) {
        Tables tables = guest.tables(12, 39, 1);
        long cd = 0x2000_0000L + streamId * 64;
        guest.cdAt(cd, Guest.with(Guest.cd(tables, asid)));
        guest.ste(streamId, Guest.with(Guest.stage1Ste(cd), Ste.S2VMID, vmid));
        entry(name + " va", streamId, tables, VA, 3, OLD + (streamId << 12) | page);
        entry(name + " far", streamId, tables, FAR, 3, OLD + (streamId << 12) | page);
        entry(name + " block", streamId, tables, 0x4000_0000L, 2, OLD | BLOCK & ~0x800L | page & 0x800);
    }

    private void stage2(String name, int streamId, int vmid) {
        Tables tables = guest.tables(12, 39, 1);
        guest.ste(streamId, Guest.stage2Ste(tables, vmid));
        entry(name + " va", streamId, tables, VA, 3, OLD + (streamId << 12) | S2_PAGE);
        entry(name + " block", streamId, tables, 0x4000_0000L, 2, OLD | S2_BLOCK);
    }

    private void nested(String name, int streamId, int asid, int vmid) {
        Tables first = guest.tables(12, 39, 1);
        Tables second = guest.tables(12, 39, 1);
        long cd = 0x2000_0000L + streamId * 64;
        guest.cdAt(cd, Guest.cd(first, asid));
        guest.ste(streamId, Guest.nestedSte(cd, second, vmid));
        for (long block = 0; block < 4L << 30; block += 1L << 30) {
            guest.map(second, block, 1, block | S2_BLOCK);
        }
        entry(name + " va", streamId, first, VA, 3, OLD + (streamId << 12) | PAGE);
    }

    private void entry(String name, int streamId, Tables tables, long address, int level, long leaf) {
        cached.put(name, new Cached(streamId, address, guest.map(tables, address, level, leaf), leaf));
    }

    private List<String> dropped() {
        List<String> dropped = new ArrayList<>();
        cached.forEach((name, entry) -> {
            if ((guest.output(entry.streamId, entry.address) & 0xF000_0000L) == NEW) {
                dropped.add(name);
            }
        });
        return dropped;
    }

    static Stream<Arguments> commands() {
        return Stream.of(
                named("TLBI_NSNH_ALL (4.4.4.1)", i -> i.tlb(), "."),
                named("TLBI_S12_VMALL vmid1 (4.4.3.2)", i -> i.tlbOfVmid(1), "vmid1"),
                named("TLBI_NH_ALL vmid1 (4.4.2.1)", i -> i.tlbStage1OfVmid(1), "asid. vmid1"),
                named("TLBI_NH_ASID 1 vmid1 (4.4.2.2)", i -> i.tlbOfAsid(1, 1), "asid1 vmid1"),
                named("TLBI_NH_ASID unknown", i -> i.tlbOfAsid(1, 77), "^$"),
                named(
                        "TLBI_NH_VA one page (4.4.2.3)",
                        i -> i.tlbOfVa(1, 1, TlbRange.single(VA, true)),
                        "(asid1|global asid3) vmid1 va"),
                named(
                        "TLBI_NH_VA inside a block",
                        i -> i.tlbOfVa(1, 2, TlbRange.single(0x4012_3000L, true)),
                        "(asid2|global asid3) vmid1 block"),
                named(
                        "TLBI_NH_VA range",
                        i -> i.tlbOfVa(1, 2, TlbRange.of(0x40_0000L, 7, 0, Granule.KIB4, true)),
                        "(asid2|global asid3) vmid1 va"),
                named(
                        "TLBI_NH_VA range just before",
                        i -> i.tlbOfVa(1, 2, TlbRange.of(0x40_0000L, 0, 0, Granule.KIB4, true)),
                        "^$"),
                named(
                        "TLBI_NH_VA large range",
                        i -> i.tlbOfVa(1, 1, TlbRange.of(0, 31, 18, Granule.KIB4, false)),
                        "(asid1|global asid3) vmid1 (va|block|far)"),
                named(
                        "TLBI_NH_VAA one page (4.4.2.4)",
                        i -> i.tlbOfVaAllAsids(1, TlbRange.single(VA, true)),
                        "asid. vmid1 va"),
                named(
                        "TLBI_S2_IPA one page (4.4.3.1)",
                        i -> i.tlbOfIpa(1, TlbRange.single(VA, true)),
                        "(ipa vmid1 va|nested asid1 vmid1)"),
                named(
                        "TLBI_S2_IPA elsewhere",
                        i -> i.tlbOfIpa(2, TlbRange.single(0x7000_0000L, true)),
                        "nested asid1 vmid2"),
                named("CFGI_ALL keeps the TLB (4.3.6)", i -> i.allConfiguration(), "^$"));
    }

    private static Arguments named(String name, Consumer<Invalidation> command, String dropped) {
        return Arguments.of(org.junit.jupiter.api.Named.of(name, command), dropped);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void dropsWhatItNames(Consumer<Invalidation> command, String pattern) {
        assertThat(dropped()).isEmpty();
        command.accept(guest.smmu.invalidation());
        assertThat(dropped()).containsExactlyElementsOf(
                cached.keySet().stream().filter(java.util.regex.Pattern.compile(pattern).asPredicate()).toList());
    }

    @Test
    void aHitAnswersTheCachedInstance() {
        Translation first = guest.read(1, VA);
        assertThat(guest.read(1, VA + 0x123)).isSameAs(first);
        assertThat(guest.write(1, VA + 0xFFF)).isSameAs(first);
    }

    @Test
    void streamsWithEqualConfigurationShareEntries() {
        guest.ste(20, Guest.with(Guest.stage1Ste(0x2000_0000L + 64), Ste.S2VMID, 1));
        assertThat(guest.read(20, VA)).isSameAs(guest.read(1, VA));
    }

    @Test
    void negativeResultsAreNotCached() {
        assertThat(guest.output(1, 0x80_0000L)).isEqualTo(-1);
        Cached entry = cached.get("asid1 vmid1 va");
        guest.memory.store(entry.slot + 8 * 3, NEW | PAGE);
        assertThat(guest.output(1, VA + 0x3000)).isEqualTo(NEW);
    }

    @Test
    void anEntryThatRefusesTheAccessIsWalkedAgain() {
        Cached entry = cached.get("asid1 vmid1 va");
        guest.smmu.invalidation().tlb();
        guest.memory.store(entry.slot, OLD | PAGE | 0x80);
        assertThat(guest.read(1, VA)).isInstanceOf(Translation.Mapped.class);
        guest.memory.store(entry.slot, OLD | PAGE);
        assertThat(guest.write(1, VA)).as("more permission needs no invalidation").isInstanceOf(Translation.Mapped.class);
    }

    @ParameterizedTest
    @MethodSource("configurationCommands")
    void configurationIsFetchedAgainAfter(Consumer<Invalidation> command, boolean again) {
        guest.memory.store(Guest.STREAM_TABLE + 64, 0);
        command.accept(guest.smmu.invalidation());
        assertThat(guest.read(1, VA) == Translation.Terminated.ABORT).isEqualTo(again);
    }

    static Stream<Arguments> configurationCommands() {
        return Stream.of(
                config("CFGI_STE 1 (4.3.1)", i -> i.streamTableEntry(1), true),
                config("CFGI_STE 2", i -> i.streamTableEntry(2), false),
                config("CFGI_STE_RANGE 0, 2 streams (4.3.2)", i -> i.streamTableEntries(0, 0), true),
                config("CFGI_STE_RANGE 2, 2 streams", i -> i.streamTableEntries(2, 0), false),
                config("CFGI_STE_RANGE 3, 4 streams", i -> i.streamTableEntries(3, 1), true),
                config("CFGI_STE_RANGE all", i -> i.streamTableEntries(0x7000, 31), true),
                config("CFGI_STE_RANGE 2^31", i -> i.streamTableEntries(0x7000, 30), true),
                config("CFGI_CD_ALL 1 (4.3.4)", i -> i.contextDescriptors(1), true),
                config("CFGI_CD 1, 0 (4.3.3)", i -> i.contextDescriptor(1, 0), true),
                config("CFGI_CD 1, 5", i -> i.contextDescriptor(1, 5), false),
                config("CFGI_ALL (4.3.6)", i -> i.allConfiguration(), true),
                config("TLBI_NSNH_ALL", i -> i.tlb(), false));
    }

    private static Arguments config(String name, Consumer<Invalidation> command, boolean again) {
        return Arguments.of(org.junit.jupiter.api.Named.of(name, command), again);
    }

    @Test
    void commandsOfAnSmmuWithoutStage2IgnoreTheVmid() {
        var alone = new Guest(SmmuCapabilities.ofIdRegisters(0x0d44101a, 0x02730010, 0x1404, 0x74));
        Tables tables = alone.tables(12, 39, 1);
        alone.cdAt(Guest.CD, Guest.cd(tables, 1));
        alone.ste(1, Guest.stage1Ste(Guest.CD));
        long slot = alone.map(tables, VA, 3, OLD | PAGE);
        alone.read(1, VA);
        alone.memory.store(slot, NEW | PAGE);
        alone.smmu.invalidation().tlbOfVa(9, 1, TlbRange.single(VA, true));
        assertThat(alone.output(1, VA)).isEqualTo(NEW);
    }

    @Test
    void taggedAddressesAreInvalidatedByTheirUntaggedOnes() {
        Tables tables = guest.tables(12, 39, 1);
        guest.cdAt(Guest.CD + 0x1000, Guest.with(Guest.cd(tables, 9), Cd.TBI0, 1));
        guest.ste(30, Guest.stage1Ste(Guest.CD + 0x1000));
        long slot = guest.map(tables, VA, 3, OLD | PAGE);
        long tagged = 0x5A00_0000_0000_0000L | VA;
        assertThat(guest.output(30, tagged)).isEqualTo(OLD);
        guest.memory.store(slot, NEW | PAGE);
        assertThat(guest.output(30, VA)).as("same entry").isEqualTo(OLD);
        guest.smmu.invalidation().tlbOfVa(0, 9, TlbRange.single(VA, true));
        assertThat(guest.output(30, tagged)).isEqualTo(NEW);
    }

    @Test
    void theTlbIsBoundedAndListsItsEntries() {
        Tables tables = guest.tables(12, 39, 1);
        guest.cdAt(Guest.CD + 0x1000, Guest.cd(tables, 9));
        guest.ste(30, Guest.stage1Ste(Guest.CD + 0x1000));
        int pages = 80_000;
        for (long page = 0; page < pages; page++) {
            guest.map(tables, page << 12, 3, OLD + (page << 12) | PAGE);
            guest.read(30, page << 12);
        }
        // It has grown meanwhile.
        for (long page = 0; page < pages; page++) {
            guest.read(30, page << 12);
        }
        List<TlbEntryView> entries = new ArrayList<>();
        guest.smmu.tlbEntries(entries::add);
        assertThat(entries).hasSizeBetween(60_000, 65_536);
        assertThat(entries).filteredOn(e -> e.asid() == 9).allSatisfy(
                e -> assertThat(e.mapped().output()).isEqualTo(OLD + e.mapped().input()));
        assertThat(guest.output(30, 0x123)).isEqualTo(OLD + 0x123);
        guest.read(5, VA);
        guest.read(7, VA);
        List<CachedConfiguration> configurations = new ArrayList<>();
        guest.smmu.cachedConfigurations(configurations::add);
        assertThat(configurations).extracting(CachedConfiguration::kind).contains("stage 1", "stage 2", "nested");
        assertThat(guest.smmu.statistics().tlbMisses()).isGreaterThanOrEqualTo(pages);
    }

    @Test
    void variantsOfOnePageAreKeptApart() {
        Cached entry = cached.get("asid1 vmid1 va");
        guest.smmu.invalidation().tlb();
        guest.memory.store(entry.slot, OLD | PAGE & ~0x40L | 1L << 54);
        var user = TransactionAttributes.ofRequester(1);
        var privileged = user.withPrivileged(true);
        for (int pass = 0; pass < 2; pass++) {
            assertThat(guest.go(privileged, VA, AccessKind.READ)).isInstanceOf(Translation.Mapped.class);
            assertThat(guest.go(privileged.withInstruction(true), VA, AccessKind.READ))
                    .isInstanceOf(Translation.Mapped.class);
            assertThat(guest.go(user, VA, AccessKind.READ)).isEqualTo(Translation.Terminated.ABORT);
            assertThat(guest.go(user.withInstruction(true), VA, AccessKind.READ))
                    .isEqualTo(Translation.Terminated.ABORT);
        }
    }
}
