package dev.backplane.gicv3.gic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.gicv3.fake.FakeBoard;
import dev.backplane.memory.MmioRegion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Registers of distributor and redistributors (IHI 0069, chapter 12). */
class GicRegisterTest {
    private final Machine machine = new Machine("num-cpu", 3L);

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // name, region, offset, size, value after reset
        "GICD_CTLR: ARE and DS, gicd, 0x0000, 4, 0x50",
        "GICD_TYPER: 288 INTIDs MBIS LPIS IDbits 15 A3V, gicd, 0x0004, 4, 0x17b0008",
        "GICD_IIDR, gicd, 0x0008, 4, 0x43b",
        "GICD_TYPER2, gicd, 0x000c, 4, 0x0",
        "GICD_IGROUPR0 is RES0 with affinity routing, gicd, 0x0080, 4, 0x0",
        "GICD_ICFGR2: SPIs are level-sensitive, gicd, 0x0c08, 4, 0x0",
        "GICD_PIDR2, gicd, 0xffe8, 4, 0x3b",
        "GICR_CTLR: CES and IR, gicr, 0x0000, 4, 0x6",
        "GICR_IIDR, gicr, 0x0004, 4, 0x43b",
        "GICR_TYPER of processor 0, gicr, 0x0008, 8, 0x1000021",
        "GICR_TYPER of processor 1, gicr, 0x20008, 8, 0x101000121",
        "GICR_TYPER of processor 2 is Last, gicr, 0x40008, 8, 0x201000231",
        "GICR_TYPER high half, gicr, 0x4000c, 4, 0x2",
        "GICR_WAKER: asleep, gicr, 0x0014, 4, 0x6",
        "GICR_PROPBASER, gicr, 0x0070, 8, 0x0",
        "GICR_SYNCR: not busy, gicr, 0x00c0, 4, 0x0",
        "GICR_PIDR2, gicr, 0xffe8, 4, 0x3b",
        "GICR_ICFGR0: SGIs are edge-triggered, gicr, 0x10c00, 4, 0xaaaaaaaa",
        "GICR_ICFGR1: PPIs, gicr, 0x10c04, 4, 0x0",
    })
    void hasItsValueAfterReset(String name, String region, String offset, int size, String value) {
        assertThat(machine.board.read(machine.gic, region, Long.decode(offset), size))
                .isEqualTo(Long.decode(value));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // name, region, offset, size, what is written, what is read
        "GICD_CTLR: groups only, gicd, 0x0, 4, 0xffffffff, 0x53",
        "GICD_IGROUPR1, gicd, 0x84, 4, 0x12345678, 0x12345678",
        "GICD_IGROUPR9: beyond num-irq, gicd, 0xa4, 4, 0xffffffff, 0x0",
        "GICD_ISENABLER0: private, gicd, 0x100, 4, 0xffffffff, 0x0",
        "GICD_ISENABLER1, gicd, 0x104, 4, 0x80000001, 0x80000001",
        "GICD_ISPENDR1, gicd, 0x204, 4, 0x10, 0x10",
        "GICD_ISACTIVER1, gicd, 0x304, 4, 0x10, 0x10",
        "GICD_IPRIORITYR8: 5 bits, gicd, 0x420, 4, 0xffa1470f, 0xf8a04008",
        "GICD_IPRIORITYR byte, gicd, 0x421, 1, 0xa7, 0xa0",
        "GICD_ITARGETSR8: RES0, gicd, 0x820, 4, 0xffffffff, 0x0",
        "GICD_ICFGR2: upper bit of each pair, gicd, 0xc08, 4, 0xffffffff, 0xaaaaaaaa",
        "GICD_IGRPMODR1: RES0 with DS, gicd, 0xd04, 4, 0xffffffff, 0x0",
        "GICD_NSACR2: RES0 with DS, gicd, 0xe08, 4, 0xffffffff, 0x0",
        "GICD_SGIR: RES0 with affinity routing, gicd, 0xf00, 4, 0xffffffff, 0x0",
        "GICD_IROUTER32, gicd, 0x6100, 8, 0x7fffffffffffffff, 0xff80ffffff",
        "GICD_IROUTER32 low half, gicd, 0x6100, 4, 0x80000001, 0x80000001",
        "GICD_IROUTER32 high half, gicd, 0x6104, 4, 0xffffffff, 0xff",
        "GICD_IROUTER31: private, gicd, 0x60f8, 8, 0x1, 0x0",
        "GICR_CTLR: DPG bits, gicr, 0x0, 4, 0xfffffffe, 0x3000006",
        "GICR_WAKER awake, gicr, 0x14, 4, 0x0, 0x0",
        "GICR_WAKER asleep, gicr, 0x14, 4, 0x2, 0x6",
        "GICR_PROPBASER, gicr, 0x70, 8, 0x7fffffffffffffff, 0x70fffffffffff9f",
        "GICR_PROPBASER as captured, gicr, 0x70, 8, 0x429f078f, 0x429f078f",
        "GICR_PENDBASER as captured, gicr, 0x78, 8, 0x42a00780, 0x42a00780",
        "GICR_IGROUPR0, gicr, 0x10080, 4, 0x12345678, 0x12345678",
        "GICR_ISENABLER0, gicr, 0x10100, 4, 0x80000001, 0x80000001",
        "GICR_IPRIORITYR0 byte, gicr, 0x10403, 1, 0x47, 0x40",
        "GICR_ICFGR0: SGIs stay edge-triggered, gicr, 0x10c00, 4, 0x0, 0xaaaaaaaa",
        "GICR_ICFGR1, gicr, 0x10c04, 4, 0xffffffff, 0xaaaaaaaa",
        "GICR_TYPER is read-only, gicr, 0x8, 8, 0x0, 0x1000021",
    })
    void storesWhatItMay(String name, String region, String offset, int size, String written, String read) {
        machine.board.write(machine.gic, region, Long.decode(offset), size, Long.decode(written));
        assertThat(machine.board.read(machine.gic, region, Long.decode(offset), size))
                .isEqualTo(Long.decode(read));
        assertThat(machine.board.messages()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0x180, 0x100", "0x280, 0x200", "0x380, 0x300"})
    void clearRegistersClearWhatSetRegistersSet(String clear, String set) {
        for (String region : new String[] {"gicd", "gicr"}) {
            long base = region.equals("gicd") ? 4 : 0x10000;
            machine.board.write(machine.gic, region, base + Long.decode(set), 4, 0xFF0);
            machine.board.write(machine.gic, region, base + Long.decode(clear), 4, 0x0F0);
            assertThat(machine.board.read(machine.gic, region, base + Long.decode(set), 4)).isEqualTo(0xF00);
            assertThat(machine.board.read(machine.gic, region, base + Long.decode(clear), 4)).isEqualTo(0xF00);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "gicd, 0x0, 8", "gicd, 0x4, 1", "gicd, 0x84, 2", "gicd, 0x104, 8", "gicd, 0x420, 2", "gicd, 0x6100, 2",
        "gicr, 0x0, 8", "gicr, 0x8, 2", "gicr, 0x10080, 8", "gicr, 0x10400, 2", "gicr, 0x14, 1", "gicr, 0x3000, 8"
    })
    void anAccessOfAnotherSizeIsIgnoredAndNoted(String region, String offset, int size) {
        machine.board.write(machine.gic, region, Long.decode(offset), size, -1L >>> 64 - 8 * size);
        assertThat(machine.board.read(machine.gic, region, Long.decode(offset), size)).isZero();
        assertThat(machine.board.messages()).hasSize(2);
        assertThat(machine.gic.inspect().child("guest errors").value()).isEqualTo("2");
    }

    @ParameterizedTest
    @CsvSource({"true, 0x40", "true, 0x48", "false, 0x40", "false, 0x48", "false, 0x70", "false, 0x78", "false, 0xa0",
        "false, 0xb0"})
    void a64BitRegisterOfWhatIsNotImplementedIsRes0AndTouchingItIsNoError(boolean lpis, String offset) {
        var gic = machine.create("has-lpi", lpis);
        machine.board.write(gic, "gicr", Long.decode(offset), 8, -1L);
        assertThat(machine.board.read(gic, "gicr", Long.decode(offset), 8)).isZero();
        assertThat(machine.board.messages()).isEmpty();
    }

    @Test
    void aRedistributorOfTheSecondRegionIsAsGoodAsOneOfTheFirst() {
        var two = new Machine("num-cpu", 200L, "redist-region-count", 123L);
        two.gicd(0, 2);
        long first = 150 - 123;
        two.board.write(two.gic, "gicr1", first * 0x20000 + 0x14, 4, 0);
        two.gic.setPriorityMask(two.context, 150, 0xFF);
        two.gic.setGroupEnable(two.context, 150, 1, true);
        two.board.write(two.gic, "gicr1", first * 0x20000 + 0x10080, 4, -1);
        two.board.write(two.gic, "gicr1", first * 0x20000 + 0x10100, 4, 1 << 3);
        two.board.write(two.gic, "gicr1", first * 0x20000 + 0x70, 8, Machine.CONFIGURATIONS | 15);
        two.board.write(two.gic, "gicr1", first * 0x20000 + 0x78, 8, Machine.PENDING);
        two.board.write(two.gic, "gicr1", first * 0x20000, 4, 1);
        two.configureLpi(8200, 0x41);
        two.spi(40, 1, 0x60, true, 150);
        two.input(40, true);
        two.gic.sendSgi(two.context, 0, new long[] {0, 0, 1L << 150 - 128}, 1, 3);
        assertThat(two.gic.setPending(two.context, 150, 8200)).isTrue();
        assertThat(two.gic.setPending(two.context, 149, 8200)).as("its LPIs are not enabled").isFalse();
        for (int intid : new int[] {3, 8200, 40}) {
            assertThat(two.ack(150, 1)).isEqualTo(intid);
            two.eoi(150, 1, intid);
        }
        assertThat(two.board.read(two.gic, "gicr", 122 * 0x20000L + 0x10100, 4)).as("the one before").isZero();
    }

    @Test
    void theLastOf512ProcessorsTakesEveryKindOfInterrupt() {
        var many = new Machine("num-cpu", 512L, "redist-region-count", 123L);
        int last = 511;
        long frame = (last - 123) * 0x20000L;
        assertThat(many.board.read(many.gic, "gicr1", frame + 8, 8) >>> 8 & 0xFFFF).isEqualTo(last);
        many.board.write(many.gic, "gicd", 0, 4, 2);
        many.board.write(many.gic, "gicr1", frame + 0x14, 4, 0);
        many.board.write(many.gic, "gicr1", frame + 0x10080, 4, -1);
        many.board.write(many.gic, "gicr1", frame + 0x10100, 4, 1L << 27 | 1 << 3);
        many.board.write(many.gic, "gicd", 0x84, 4, -1);
        many.board.write(many.gic, "gicd", 0x104, 4, 1 << 8);
        many.board.write(many.gic, "gicd", 0x6000 + 40 * 8, 8, last / 16 << 8 | last % 16);
        many.gic.setPriorityMask(many.context, last, 0xFF);
        many.gic.setGroupEnable(many.context, last, 1, true);
        many.gic.sendSgi(many.context, 0, new long[] {0, 0, 0, 0, 0, 0, 0, 1L << 63}, 1, 3);
        many.gic.setPrivateInput(many.context, last, 27, true);
        many.gic.setInput(many.context, 40, true);
        assertThat(many.gic.pending()).extracting(pending -> pending.processor() + ":" + pending.intid())
                .containsExactlyInAnyOrder("511:3", "511:27", "-1:40");
        for (int intid : new int[] {3, 27, 40}) {
            assertThat(many.gic.acknowledge(many.context, last, 1)).isEqualTo(intid);
            many.gic.setPrivateInput(many.context, last, 27, intid < 27);
            many.gic.setInput(many.context, 40, intid < 40);
            many.gic.endOfInterrupt(many.context, last, 1, intid);
        }
        assertThat(many.gic.acknowledge(many.context, last, 1)).isEqualTo(1023);
    }

    @Test
    void redistributorsFillTheFirstRegionThenTheSecond() {
        var gic = machine.create("num-cpu", 200L, "redist-region-count", 123L);
        assertThat(gic.describe().regions())
                .extracting(MmioRegion::name, MmioRegion::size, MmioRegion::concurrent)
                .containsExactly(
                        tuple("gicd", 0x10000L, true),
                        tuple("gicr", 123 * 0x20000L, true),
                        tuple("gicr1", 77 * 0x20000L, true));
        assertThat(machine.board.read(gic, "gicr", 122 * 0x20000L + 8, 8)).isEqualTo(0x70A_0100_7A31L);
        assertThat(machine.board.read(gic, "gicr1", 8, 8)).isEqualTo(0x70B_0100_7B21L);
        assertThat(machine.board.read(gic, "gicr1", 76 * 0x20000L + 8, 8) & 0x10).isEqualTo(0x10);
        assertThat(machine.create("num-cpu", 512L).processors()).isEqualTo(512);
    }

    @Test
    void withoutLpisNothingOfThemIsThere() {
        var gic = machine.create("has-lpi", false);
        assertThat(machine.board.read(gic, "gicd", 4, 4)).isEqualTo(0x0149_0008L);
        assertThat(machine.board.read(gic, "gicr", 8, 8) & 1).isZero();
        machine.board.write(gic, "gicr", 0, 4, 1);
        machine.board.write(gic, "gicr", 0x70, 8, -1L);
        assertThat(machine.board.read(gic, "gicr", 0, 4)).isZero();
        assertThat(machine.board.read(gic, "gicr", 0x70, 8)).isZero();
        assertThat(gic.setPending(machine.context, 0, 8192)).isFalse();
    }

    @Test
    void resetForgetsRegistersAndKeepsTheLevelOfInputs() {
        machine.awake();
        machine.spi(40, 1, 0x80, false, 2);
        machine.input(40, true);
        machine.enableLpis(0);
        machine.gic.setPending(machine.context, 0, 8192);
        for (ResetPhase phase : ResetPhase.values()) {
            machine.gic.reset(ResetKind.COLD, phase);
        }
        assertThat(machine.gicd(0)).isEqualTo(0x50);
        assertThat(machine.gicd(0x104)).isZero();
        assertThat(machine.board.read(machine.gic, "gicd", 0x6000 + 320, 8)).isZero();
        assertThat(machine.gicr(0, 0, 4)).isEqualTo(6);
        assertThat(machine.gicr(0, 0x14, 4)).isEqualTo(6);
        assertThat(machine.gic.setPending(machine.context, 0, 8192)).isFalse();
        assertThat(machine.isPending(40)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "num-cpu, 0", "num-cpu, 513", "num-irq, 32", "num-irq, 1024", "num-irq, 289", "redist-region-count, 0"
    })
    void refusesPropertiesOutOfRange(String name, long value) {
        var properties = FakeBoard.properties(GicConfig.PROPERTIES, name, value);
        assertThatThrownBy(() -> GicConfig.of(properties))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(name + ": " + value);
    }
}
