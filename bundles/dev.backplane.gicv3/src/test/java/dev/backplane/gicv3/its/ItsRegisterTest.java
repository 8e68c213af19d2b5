package dev.backplane.gicv3.its;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import dev.backplane.gicv3.ItsFactory;
import dev.backplane.gicv3.fake.FakeBoard;
import dev.backplane.gicv3.fake.FakeRam;
import dev.backplane.gicv3.fake.Guest;
import dev.backplane.irq.MsiController;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** ITS control registers (IHI 0069, chapter 12). */
class ItsRegisterTest {
    private final Guest guest = new Guest(2);

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // name, offset, size, value after reset
        "GITS_CTLR, 0x0000, 4, 0x80000000",
        "GITS_IIDR, 0x0004, 4, 0x43b",
        "GITS_TYPER, 0x0008, 8, 0x1f0001efb1",
        "GITS_TYPER low, 0x0008, 4, 0x1efb1",
        "GITS_TYPER high, 0x000c, 4, 0x1f",
        "GITS_CBASER, 0x0080, 8, 0x0",
        "GITS_CWRITER, 0x0088, 8, 0x0",
        "GITS_CREADR, 0x0090, 8, 0x0",
        "GITS_BASER0: devices of 8 bytes, 0x0100, 8, 0x0107000000000200",
        "GITS_BASER1: collections of 8 bytes, 0x0108, 8, 0x0407000000000200",
        "GITS_BASER2: not there, 0x0110, 8, 0x0",
        "GITS_PIDR2: GICv3, 0xffe8, 4, 0x3b",
        "GITS_TRANSLATER is write-only, 0x10040, 4, 0x0",
    })
    void hasItsValueAfterReset(String name, String offset, int size, String value) {
        assertThat(guest.board.read(guest.its, "its", Long.decode(offset), size)).isEqualTo(Long.decode(value));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // name, offset, what is written, what is read
        "GITS_CBASER, 0x80, 0xffffffffffffffff, 0xb8effffffffffcff",
        "GITS_CBASER as captured, 0x80, 0xb8000000429c040f, 0xb8000000429c040f",
        "GITS_CREADR is read-only, 0x90, 0xffffffffffffffff, 0x0",
        "GITS_BASER0: Type and Entry_Size are read-only, 0x100, 0xffffffffffffffff, 0xf9e7fffffffffeff",
        "GITS_BASER0 as captured, 0x100, 0xf9070000429d0600, 0xf9070000429d0600",
        "GITS_BASER1 as captured, 0x108, 0xbc070000429e0600, 0xbc070000429e0600",
        "GITS_TYPER is read-only, 0x8, 0x0, 0x1f0001efb1",
    })
    void storesWhatItMay(String name, String offset, String written, String read) {
        guest.its(Long.decode(offset), 8, Long.parseUnsignedLong(written.substring(2), 16));
        assertThat(Long.toHexString(guest.its(Long.decode(offset)))).isEqualTo(read.substring(2));
    }

    @ParameterizedTest
    @CsvSource({
        "GITS_UMSIR, 0x48", "GITS_BASER2, 0x110", "GITS_BASER3, 0x118", "GITS_BASER4, 0x120", "GITS_BASER5, 0x128",
        "GITS_BASER6, 0x130", "GITS_BASER7, 0x138"
    })
    void a64BitRegisterThatHoldsNothingIsRes0AndTouchingItIsNoError(String name, String offset) {
        long at = Long.decode(offset);
        guest.its(at, 8, -1L);
        guest.its(at, 4, -1L);
        guest.its(at + 4, 4, -1L);
        assertThat(guest.its(at)).isZero();
        assertThat(guest.board.read(guest.its, "its", at, 4)).isZero();
        assertThat(guest.board.read(guest.its, "its", at + 4, 4)).isZero();
        assertThat(guest.its(0x108)).as("GITS_BASER1 is another one").isEqualTo(0x0407_0000_0000_0200L);
        assertThat(guest.board.messages()).isEmpty();
    }

    @Test
    void a64BitRegisterTakesHalves() {
        guest.its(0x100, 4, 0x429d_0600);
        guest.its(0x104, 4, 0xf907_0000L);
        assertThat(guest.its(0x100)).isEqualTo(0xf907_0000_429d_0600L);
    }

    @Test
    void queueAndTablesStayWhereTheyAreWhileEnabled() {
        guest.withIts();
        long queue = guest.its(0x80);
        long devices = guest.its(0x100);
        guest.its(0x80, 8, 0);
        guest.its(0x100, 8, 0);
        assertThat(guest.its(0x80)).isEqualTo(queue);
        assertThat(guest.its(0x100)).isEqualTo(devices);
        assertThat(guest.board.messages()).hasSize(2);
    }

    @Test
    void writingTheQueueBaseResetsTheReadPointer() {
        guest.withLpis().withIts();
        guest.mapc(0, 0, true);
        assertThat(guest.its(0x90)).isEqualTo(0x20);
        guest.its(0, 4, 0);
        guest.its(0x80, 8, 1L << 63 | Guest.QUEUE);
        assertThat(guest.its(0x90)).isZero();
    }

    @Test
    void aWritePointerBeyondTheQueueIsIgnored() {
        guest.withIts();
        guest.its(0x88, 8, 0x1000);
        assertThat(guest.its(0x88)).isZero();
        assertThat(guest.board.messages()).anyMatch(message -> message.contains("GITS_CWRITER"));
    }

    @Test
    void commandsWaitUntilTheItsIsEnabled() {
        guest.withLpis().withIts();
        guest.its(0, 4, 0);
        guest.mapc(0, 0, true);
        assertThat(guest.its(0x90)).isZero();
        assertThat(guest.its.commands().children()).hasSize(1);
        assertThat(guest.its.commands().children().getFirst().note()).isEqualTo("waiting");
        guest.its(0, 4, 1);
        assertThat(guest.its(0x90)).isEqualTo(0x20);
        assertThat(guest.its.commands().children().getFirst().value()).isEqualTo("MAPC ICID=0 RDbase=0 V=1");
        assertThat(guest.its.commands().children().getFirst().note()).isEqualTo("done");
    }

    @ParameterizedTest
    @CsvSource({"0x0, 8", "0x4, 2", "0x80, 1", "0x100, 2", "0x2000, 8"})
    void anAccessOfAnotherSizeIsIgnoredAndNoted(String offset, int size) {
        guest.its(Long.decode(offset), size, -1L >>> 64 - 8 * size);
        assertThat(guest.board.read(guest.its, "its", Long.decode(offset), size)).isZero();
        assertThat(guest.board.messages()).hasSize(2);
        assertThat(guest.its(0x80)).isZero();
        assertThat(guest.board.read(guest.its, "its", 0, 4)).isEqualTo(0x8000_0000L);
    }

    @Test
    void resetForgetsRegistersAndCachedTranslations() {
        guest.withLpis().withIts();
        guest.mapc(0, 0, true);
        guest.mapd(8, Guest.ITT, 2, true);
        guest.mapti(8, 0, 8192, 0);
        guest.msi(8, 0);
        for (ResetPhase phase : ResetPhase.values()) {
            guest.its.reset(ResetKind.COLD, phase);
        }
        assertThat(guest.its(0x80)).isZero();
        assertThat(guest.its(0x100)).isEqualTo(0x0107_0000_0000_0200L);
        assertThat(guest.route(8, 0)).isEqualTo("dropped");
        assertThat(guest.its.inspect().child("cached translations").value()).isEqualTo("0");
    }

    @Test
    void declaresOneConcurrentRegionWithTheDoorbell() {
        var region = FakeBoard.region(guest.its, "its");
        assertThat(region.size()).isEqualTo(0x20000);
        assertThat(region.concurrent()).isTrue();
        assertThat(guest.its.doorbell()).isEqualTo(new MsiController.Doorbell("its", 0x10040, "GITS_TRANSLATER"));
    }

    @Test
    void needsAGic() {
        var factory = new ItsFactory();
        var its = (Its) factory.create(FakeBoard.properties(factory.properties()));
        assertThatThrownBy(() -> its.realize(new FakeBoard(new FakeRam(0), null)))
                .isInstanceOf(RealizeException.class)
                .hasMessageContaining("parent-gic");
    }

    @Test
    void refusesMoreHardwareCollectionsThanTheRegisterCanTell() {
        var factory = new ItsFactory();
        assertThatThrownBy(() -> factory.create(
                        FakeBoard.properties(factory.properties(), "hardware-collections", 256L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("hardware-collections: 256");
    }

    @Test
    void restoreRefusesAnotherType() {
        assertThatThrownBy(() -> guest.its.restore(new SavedState("edu", 1, Map.of())))
                .hasMessageContaining("edu");
    }
}
