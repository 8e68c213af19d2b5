package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.BLOCK;
import static dev.backplane.smmuv3.translate.Guest.CD;
import static dev.backplane.smmuv3.translate.Guest.PAGE;
import static dev.backplane.smmuv3.translate.Guest.S2_PAGE;
import static dev.backplane.smmuv3.translate.Guest.VIRT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.StreamTable.L1Std;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.translate.Guest.Tables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where a widely used model of the SMMUv3 departs from the architecture, the architecture counts. Each test names the
 * section and says what that model does.
 */
class ArchitectureOverPeerTest {
    private static final int SID = 8;
    private final Guest guest = new Guest(VIRT);

    private Tables stage1(int granule, int bits, int start) {
        Tables tables = guest.tables(granule, bits, start);
        guest.cdAt(CD, Guest.cd(tables, 1));
        guest.ste(SID, Guest.stage1Ste(CD));
        return tables;
    }

    private Tables stage2(int granule, int bits, int start) {
        Tables tables = guest.tables(granule, bits, start);
        guest.ste(SID, Guest.stage2Ste(tables, 3));
        return tables;
    }

    /** Both stages with 4 KiB pages: stage 2 maps the CD and everything the allocator gave out so far. */
    private Tables[] nested() {
        Tables first = guest.tables(12, 39, 1);
        Tables second = guest.tables(12, 39, 1);
        guest.cdAt(CD, Guest.cd(first, 1));
        guest.ste(SID, Guest.nestedSte(CD, second, 3));
        guest.map(second, CD, 3, CD | S2_PAGE);
        return new Tables[] {first, second};
    }

    @Test
    void ipaOfARecordHasNoLowBits() {
        // 7.3.13: IPA is bits [51:12]; the peer also fills [11:0].
        stage2(12, 40, 1);
        guest.read(SID, 0x1234_5678L);
        assertThat(guest.event().encode()[3]).isEqualTo(0x1234_5000L);
        assertThat(guest.event().encode()[2]).isEqualTo(0x1234_5678L);
    }

    @Test
    void fetchAddressOfACdIsInTheLastWords() {
        // 7.3.10: FetchAddr is bits [247:195]; the peer writes bits [191:128].
        guest.ste(SID, Guest.stage1Ste(0x7777_0040L));
        guest.read(SID, 0);
        assertThat(guest.event().type()).isEqualTo(EventType.F_CD_FETCH);
        assertThat(guest.event().encode()).containsExactly(SID * 0x1_0000_0000L | 0x09, 0, 0, 0x7777_0040L);
    }

    @Test
    void stage2FaultOfAStage1TableNamesTheDescriptorAndStage2() {
        // 7.3.13: S2 = 1, CLASS = TT, IPA is that of the descriptor. The peer records S2 = 0 below the root, lets CD.R
        // decide and reports the IPA of the table.
        Tables[] both = nested();
        guest.identity(both[1], both[0].root(), 4096);
        long iova = 0x40_0060_0000L & (1L << 39) - 1;
        guest.map(both[0], iova, 3, 0x5000_0000L | PAGE);
        guest.cdAt(CD, Guest.with(Guest.cd(both[0], 1), Cd.R, 0));
        long level2 = guest.slot(both[0], iova, 2);

        guest.write(SID, iova);

        SmmuEvent event = guest.event();
        assertThat(event.type()).isEqualTo(EventType.F_TRANSLATION);
        assertThat(event.stage2()).isTrue();
        assertThat(event.faultClass()).isEqualTo(FaultClass.TT);
        assertThat(event.ipa()).isEqualTo(level2 & ~0xFFFL);
        assertThat(event.read()).as("RnW is that of the transaction").isFalse();
        assertThat(event.inputAddress()).isEqualTo(iova);
    }

    @Test
    void stage2FaultOfAWideStage1TableNamesTheDescriptorsPage() {
        // 7.3.13: IPA is the descriptor's address, here 5 pages into a table of 64 KiB. The peer reports the table.
        Tables first = guest.tables(16, 42, 2);
        Tables second = guest.tables(12, 39, 1);
        guest.cdAt(CD, Guest.cd(first, 1));
        guest.ste(SID, Guest.nestedSte(CD, second, 3));
        guest.map(second, CD, 3, CD | S2_PAGE);
        long index = 5 * 512 + 3;

        guest.read(SID, index << 29);

        assertThat(guest.event().ipa()).isEqualTo(first.root() + 5 * 4096);
    }

    @Test
    void abortOfANestedStage1DescriptorIsStage1WithItsPhysicalAddress() {
        // 7.3.12: S2 = 0, CLASS = TT, FetchAddr is the PA. The peer gives the IPA for tables below the root.
        Tables[] both = nested();
        guest.map(both[1], both[0].root(), 3, 0x6666_6000L | S2_PAGE);

        guest.read(SID, 0x4000_0000L);

        SmmuEvent event = guest.event();
        assertThat(event.type()).isEqualTo(EventType.F_WALK_EABT);
        assertThat(event.stage2()).isFalse();
        assertThat(event.faultClass()).isEqualTo(FaultClass.TT);
        assertThat(event.fetchAddress()).isEqualTo(0x6666_6008L);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void badStreamIdIsRecordedOnlyWithRecinvsid(boolean recinvsid) {
        // 7.3.3, 6.3.12: CR2.RECINVSID gates the record; the peer always records.
        guest.enable(3, recinvsid);
        assertThat(guest.read(SID, 0)).isEqualTo(Translation.Terminated.ABORT);
        assertThat(guest.events).hasSize(recinvsid ? 1 : 0);
    }

    @ParameterizedTest(name = "Span {0}, SPLIT 8, StreamID {1}: {2}")
    @CsvSource({
        "0, 0x100, C_BAD_STREAMID",
        "1, 0x100, C_BAD_STE",
        "1, 0x101, C_BAD_STREAMID",
        "4, 0x107, C_BAD_STE",
        "4, 0x108, C_BAD_STREAMID",
        "9, 0x1FF, C_BAD_STE",
        "10, 0x100, C_BAD_STREAMID",
        "12, 0x100, C_BAD_STREAMID",
    })
    void spanHasTwoToTheSpanMinusOneEntries(int span, String streamId, EventType expected) {
        // 5.1, 7.3.3: the peer takes 2^Span entries and reports C_BAD_STE beyond. Entries within are all zero: V = 0.
        long table = guest.allocate(1 << 17);
        guest.memory.store(Guest.STREAM_TABLE + 8, L1Std.SPAN.bits().with(table, span));
        guest.smmu.configure(new SmmuConfiguration(true, 0, Guest.STREAM_TABLE, 16, 8, true, true));
        guest.read(Integer.decode(streamId), 0);
        assertThat(guest.event().type()).isEqualTo(expected);
    }

    @Test
    void formatOfTheStreamTableFollowsTheRegister() {
        // 6.3.25: FMT can go back to linear; the peer stays with two levels until reset.
        long linear = guest.allocate(4096);
        guest.memory.store(linear + 64 * SID, Guest.words(Ste.V, 1, Ste.CONFIG, 4));
        guest.smmu.configure(new SmmuConfiguration(true, 0, linear, 4, 6, true, true));
        guest.read(SID, 0);
        guest.smmu.configure(new SmmuConfiguration(true, 0, linear, 4, 6, false, true));
        assertThat(guest.output(SID, 0x1000)).isEqualTo(0x1000);
    }

    @Test
    void smallestS2t0szFollowsTheInputSizeNotS2ps() {
        // 5.2 STE.S2T0SZ: at least 64 - IAS = 20, whatever S2PS is; the peer takes 64 - S2PS.
        Tables tables = guest.tables(12, 44, 0);
        guest.map(tables, 0xFFF_0000_0000L, 3, 0x5000_0000L | S2_PAGE);
        guest.ste(SID, Guest.with(Guest.stage2Ste(tables, 3), Ste.S2PS, 0));
        assertThat(guest.output(SID, 0xFFF_0000_0123L)).isEqualTo(0x5000_0123L);
    }

    @Test
    void addressSizeFaultComesBeforeAccessFlagAndPermission() {
        // 7.3.22: F_ADDR_SIZE, then F_ACCESS, then F_PERMISSION; the peer checks the address last.
        Tables tables = stage1(12, 39, 1);
        guest.map(tables, 0x1000, 3, 0x1000_0000_0000L | 0x3);
        guest.read(SID, 0x1000);
        assertThat(guest.event().type()).isEqualTo(EventType.F_ADDR_SIZE);
        guest.map(tables, 0x1000, 3, 0x5000_0000L | 0x3);
        guest.read(SID, 0x1000);
        assertThat(guest.event().type()).isEqualTo(EventType.F_ACCESS);
        guest.map(tables, 0x1000, 3, 0x5000_0000L | 0x403);
        guest.read(SID, 0x1000);
        assertThat(guest.event().type()).isEqualTo(EventType.F_PERMISSION);
    }

    @Test
    void tableBeyondTheAddressSizeIsAnAddressSizeFault() {
        // 3.4.3, 7.3.14: the peer fetches from there and reports F_WALK_EABT.
        Tables tables = stage1(12, 39, 1);
        guest.map(tables, 0x1000, 1, 0x1000_0000_0003L);
        guest.read(SID, 0x1000);
        assertThat(guest.event().type()).isEqualTo(EventType.F_ADDR_SIZE);

        Tables second = stage2(12, 39, 1);
        guest.map(second, 0x1000, 1, 0x1000_0000_0003L);
        guest.read(SID, 0x1000);
        assertThat(guest.event().type()).isEqualTo(EventType.F_ADDR_SIZE);
        assertThat(guest.event().stage2()).isTrue();
    }

    @ParameterizedTest(name = "granule 2^{0}, level {2}")
    @CsvSource({"12, 48, 0", "14, 44, 1", "16, 44, 1"})
    void blocksAreReservedAtLevelsWithoutBlocks(int granule, int bits, int level) {
        // DDI 0487 D8.3: reserved, so a Translation fault; the peer takes them as blocks.
        Tables tables = guest.tables(granule, bits, level);
        guest.cdAt(CD, Guest.cd(tables, 1));
        guest.ste(SID, Guest.stage1Ste(CD));
        guest.map(tables, 0x1000, level, BLOCK);
        guest.read(SID, 0x1000);
        assertThat(guest.event().type()).isEqualTo(EventType.F_TRANSLATION);
    }

    @Test
    void faultBelowAReadOnlyTableComesBeforeItsPermissionFault() {
        // 7.3.22: permissions are judged at the leaf; the peer faults at once where APTable[1] is 1.
        Tables tables = stage1(12, 39, 1);
        guest.map(tables, 0x1000, 2, 0);
        long slot = guest.slot(tables, 0x1000, 1);
        guest.memory.store(slot, guest.memory.peek(slot) | 1L << 62);
        guest.write(SID, 0x1000);
        assertThat(guest.event().type()).isEqualTo(EventType.F_TRANSLATION);
    }

    @Test
    void eachHalfHasItsOwnTopByteIgnore() {
        // 5.4 CD.TBI1; the peer tests TBI0 for both halves.
        Tables lower = guest.tables(12, 39, 1);
        Tables upper = guest.tables(12, 39, 1);
        guest.map(lower, 0x1000, 3, 0x5000_1000L | PAGE);
        guest.map(upper, -0x1000L, 3, 0x5000_2000L | PAGE);
        long[] cd = Guest.withUpper(Guest.cd(lower, 1), upper);
        guest.ste(SID, Guest.stage1Ste(CD));

        guest.cdAt(CD, Guest.with(cd, Cd.TBI0, 0, Cd.TBI1, 1));
        assertThat(guest.output(SID, 0xABFF_FFFF_FFFF_F010L)).isEqualTo(0x5000_2010L);
        assertThat(guest.output(SID, 0xAB00_0000_0000_1010L)).isEqualTo(-1);
        assertThat(guest.event().inputAddress()).as("all bits are recorded").isEqualTo(0xAB00_0000_0000_1010L);

        guest.cdAt(CD, Guest.with(cd, Cd.TBI0, 1, Cd.TBI1, 0));
        assertThat(guest.output(SID, 0xABFF_FFFF_FFFF_F010L)).isEqualTo(-1);
        assertThat(guest.output(SID, 0xAB00_0000_0000_1010L)).isEqualTo(0x5000_1010L);
    }

    @ParameterizedTest(name = "{0} input bits from level 1: {1} tables")
    @CsvSource({"39, 1", "40, 2", "41, 4", "42, 8", "43, 16"})
    void concatenatedStage2TablesAreAllReached(int bits, int count) {
        // DDI 0487 D8.2: up to 16 tables; the peer looks every IPA up in the first.
        Tables tables = stage2(12, bits, 1);
        for (int i = 0; i < count; i++) {
            guest.map(tables, (long) i << 39 | 0x4000_0000L, 3, 0x5000_0000L + i * 0x1000L | S2_PAGE);
        }
        for (int i = 0; i < count; i++) {
            assertThat(guest.output(SID, (long) i << 39 | 0x4000_0010L)).isEqualTo(0x5000_0010L + i * 0x1000L);
        }
        if (bits < 44) {
            assertThat(guest.output(SID, 1L << bits)).isEqualTo(-1);
            assertThat(guest.event().stage2()).isTrue();
        }
    }

    @Test
    void stage2InvalidationReachesStage1TableAddresses() {
        // 4.4.3: nothing that stage 2 said survives CMD_TLBI_S2_IPA; the peer keeps the translation of TTB0 until the
        // configuration is invalidated.
        Tables[] both = nested();
        guest.map(both[0], 0x1000, 3, 0x5000_0000L | PAGE);
        guest.identity(both[1], both[0].root(), 0x3000);
        guest.map(both[1], 0x5000_0000L, 3, 0x5000_0000L | S2_PAGE);
        long root = both[0].root();
        long other = guest.allocate(4096);
        for (int i = 0; i < 512; i++) {
            guest.memory.store(other + 8L * i, 0);
        }
        // Without stage 2 for the other tables the first walk must have gone through the real ones.
        guest.identity(both[1], guest.slot(both[0], 0x1000, 2) & ~0xFFFL, 0x1000);
        guest.identity(both[1], guest.slot(both[0], 0x1000, 3) & ~0xFFFL, 0x1000);
        assertThat(guest.output(SID, 0x1000)).isEqualTo(0x5000_0000L);

        guest.map(both[1], root, 3, other | S2_PAGE);
        guest.smmu.invalidation().tlbOfIpa(3, TlbRange.single(root, true));

        assertThat(guest.output(SID, 0x1000)).isEqualTo(-1);
        assertThat(guest.event().type()).isEqualTo(EventType.F_TRANSLATION);
        assertThat(guest.event().stage2()).isFalse();
    }

    @Test
    void eachDescriptorOfAStage1TableIsTranslatedByItself() {
        // DDI 0487 D8.2: a table of 64 KiB that stage 2 maps in scattered pages; the peer translates its base only.
        Tables first = guest.tables(16, 42, 2);
        Tables second = guest.tables(12, 39, 1);
        guest.cdAt(CD, Guest.cd(first, 1));
        guest.ste(SID, Guest.nestedSte(CD, second, 3));
        guest.map(second, CD, 3, CD | S2_PAGE);
        long scattered = guest.allocate(4096);
        long index = 5 * 512 + 3;
        guest.map(second, first.root() + 5 * 4096, 3, scattered | S2_PAGE);
        guest.memory.store(scattered + 3 * 8, 0x4000_0000L | BLOCK);
        guest.map(second, 0x4000_0000L, 3, 0x7000_0000L | S2_PAGE);

        assertThat(guest.output(SID, index << 29)).isEqualTo(0x7000_0000L);
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 7})
    void reservedIpsBehavesAsTheLargest(int ips) {
        // 5.4 CD.IPS: capped to OAS; the peer stops with a failed assertion.
        Tables tables = stage1(12, 39, 1);
        guest.cdAt(CD, Guest.with(Guest.cd(tables, 1), Cd.IPS, ips));
        guest.map(tables, 0x1000, 3, 0xFFF_5000_0000L | PAGE);
        assertThat(guest.output(SID, 0x1000)).isEqualTo(0xFFF_5000_0000L);
    }

    @Test
    void stage2WithAarch32TablesIsABadSte() {
        // 5.2.2: ILLEGAL as AArch32 is not supported; the peer stops with a failed assertion.
        Tables tables = guest.tables(12, 39, 1);
        guest.ste(SID, Guest.with(Guest.stage2Ste(tables, 3), Ste.S2AA64, 0));
        guest.read(SID, 0);
        assertThat(guest.event().type()).isEqualTo(EventType.C_BAD_STE);
    }

    @ParameterizedTest(name = "S2SL0 {0} with {1} bits: {2}")
    @CsvSource({
        "0, 25, good", "0, 34, good", "0, 35, bad",
        "1, 30, bad", "1, 31, good", "1, 43, good", "1, 44, bad",
        "2, 39, bad", "2, 40, good", "2, 44, good", "3, 40, bad",
    })
    void startLevelMustFitTheInputSize(int sl0, int bits, String verdict) {
        // DDI 0487 D8.2 and 5.2 STE.S2SL0: both bounds hold; the peer checks one and shifts by negative counts.
        Tables tables = guest.tables(12, 39, 1);
        guest.ste(SID, Guest.with(Guest.stage2Ste(tables, 3), Ste.S2SL0, sl0, Ste.S2T0SZ, 64 - bits));
        guest.read(SID, 0x1000);
        assertThat(guest.event().type())
                .isEqualTo(verdict.equals("good") ? EventType.F_TRANSLATION : EventType.C_BAD_STE);
    }

    @Test
    void s1cdmaxIsIgnoredWithoutSubstreamIds() {
        // 5.2 STE.S1CDMax: IGNORED when SSIDSIZE is 0; the peer gives C_BAD_STE.
        Tables tables = stage1(12, 39, 1);
        guest.map(tables, 0x1000, 3, 0x5000_0000L | PAGE);
        guest.ste(SID, Guest.with(Guest.stage1Ste(CD), Ste.S1CDMAX, 7, Ste.S1DSS, 0, Ste.S1FMT, 2));
        assertThat(guest.output(SID, 0x1000)).isEqualTo(0x5000_0000L);
    }

    @Test
    void stage1FieldsAreIgnoredByAStage2Stream() {
        // 5.2 STE.S1STALLD: IGNORED when stage 1 is not enabled; the peer gives C_BAD_STE.
        Tables tables = stage2(12, 39, 1);
        guest.map(tables, 0x1000, 3, 0x5000_0000L | S2_PAGE);
        guest.ste(SID, Guest.with(Guest.stage2Ste(tables, 3), Ste.S1STALLD, 1, Ste.S1CDMAX, 9));
        assertThat(guest.output(SID, 0x1000)).isEqualTo(0x5000_0000L);
    }

    @Test
    void hardwareUpdateBitsAreIllegalWithoutHttu() {
        // 5.2.2, 5.4.2: S2HA, S2HD, HA, HD are ILLEGAL when HTTU is 0; the peer ignores those of stage 2.
        Tables tables = stage2(12, 39, 1);
        guest.ste(SID, Guest.with(Guest.stage2Ste(tables, 3), Ste.S2HA, 1));
        guest.read(SID, 0);
        assertThat(guest.event().type()).isEqualTo(EventType.C_BAD_STE);
        stage1(12, 39, 1);
        guest.cdAt(CD, Guest.with(Guest.cd(tables, 1), Cd.HA, 1));
        guest.read(SID, 0);
        assertThat(guest.event().type()).isEqualTo(EventType.C_BAD_CD);
    }

    @Test
    void strwIsIgnoredWithoutHyp() {
        // 5.2.2 IgnoreSTESTRW(): unused when IDR0.HYP is 0.
        Tables tables = stage1(12, 39, 1);
        guest.map(tables, 0x1000, 3, 0x5000_0000L | PAGE);
        guest.ste(SID, Guest.with(Guest.stage1Ste(CD), Ste.STRW, 3));
        assertThat(guest.output(SID, 0x1000)).isEqualTo(0x5000_0000L);
    }

    @Test
    void unprivilegedTrafficIsRefusedPrivilegedPages() {
        // 13.4.1: PnU comes from the client, and PCIe traffic is unprivileged; the peer treats all as privileged.
        Tables tables = stage1(12, 39, 1);
        guest.map(tables, 0x1000, 3, 0x5000_0000L | PAGE & ~0x40L);
        guest.read(SID, 0x1000);
        assertThat(guest.event().type()).isEqualTo(EventType.F_PERMISSION);
        var privileged = TransactionAttributes.ofRequester(SID).withPrivileged(true);
        assertThat(guest.go(privileged, 0x1000, AccessKind.WRITE)).isInstanceOf(Translation.Mapped.class);
        guest.read(SID, 0x1000);
        assertThat(guest.event().type()).as("not from the TLB either").isEqualTo(EventType.F_PERMISSION);
    }

    @Test
    void inputBeyondIasOfAStage2StreamIsAStage1AddressSizeFault() {
        // 3.4: recorded, S2 = 0, CLASS = IN; the peer aborts without a record.
        stage2(12, 40, 1);
        guest.read(SID, 1L << 44);
        assertThat(guest.event()).returns(EventType.F_ADDR_SIZE, SmmuEvent::type).returns(false, SmmuEvent::stage2)
                .returns(FaultClass.IN, SmmuEvent::faultClass);
        guest.read(SID, 1L << 40);
        assertThat(guest.event()).returns(EventType.F_TRANSLATION, SmmuEvent::type).returns(true, SmmuEvent::stage2);
    }

    @Test
    void bypassBeyondTheAddressSizeFaults() {
        // 3.4: an STE bypass records F_ADDR_SIZE, a disabled SMMU aborts silently; the peer lets both pass.
        guest.ste(SID, Guest.words(Ste.V, 1, Ste.CONFIG, 4));
        assertThat(guest.output(SID, (1L << 44) - 1)).isEqualTo((1L << 44) - 1);
        assertThat(guest.read(SID, 1L << 44)).isEqualTo(Translation.Terminated.ABORT);
        assertThat(guest.event().type()).isEqualTo(EventType.F_ADDR_SIZE);

        guest.smmu.configure(SmmuConfiguration.RESET);
        assertThat(guest.output(SID, (1L << 44) - 1)).isEqualTo((1L << 44) - 1);
        assertThat(guest.read(SID, 1L << 44)).isEqualTo(Translation.Terminated.ABORT);
        assertThat(guest.events).isEmpty();
    }

    @Test
    void anUnusedTableBaseIsNotTranslated() {
        // 7.3.22: only the walk of the transaction can fault; the peer translates TTB0 and TTB1 with the CD.
        Tables[] both = nested();
        Tables upper = new Tables(12, 39, 1, 0x66_6666_6000L);
        guest.cdAt(CD, Guest.withUpper(Guest.cd(both[0], 1), upper));
        guest.read(SID, 1L << 45);
        assertThat(guest.event()).returns(EventType.F_TRANSLATION, SmmuEvent::type).returns(false, SmmuEvent::stage2);
    }

    @Test
    void cdBehindStage2FaultsWithClassCd() {
        // 7.3.13: S2 = 1, CLASS = CD, IPA is that of the CD; RnW is that of the transaction, the peer always reads.
        Tables[] both = nested();
        guest.ste(SID, Guest.nestedSte(0x7_0000_0040L, both[1], 3));
        guest.write(SID, 0x1234);
        assertThat(guest.event().encode()).containsExactly(
                SID * 0x1_0000_0000L | 0x10, 1L << 39, 0x1234, 0x7_0000_0000L);
    }
}
