package dev.backplane.gicv3.its;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.device.RestoreException;
import dev.backplane.gicv3.fake.FakeBoard;
import dev.backplane.gicv3.fake.Guest;
import dev.backplane.memory.TransactionAttributes;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Writes to GITS_TRANSLATER (IHI 0069, chapter 5 and GITS_TRANSLATER). */
class ItsDoorbellTest {
    private static final int DEVICE = 0x100;
    private static final TransactionAttributes REQUESTER = TransactionAttributes.ofRequester(DEVICE);

    private static Guest ready() {
        var guest = new Guest(2).withLpis().withIts();
        guest.mapc(0, 1, true);
        guest.mapd(DEVICE, Guest.ITT, 4, true);
        guest.mapti(DEVICE, 3, 8300, 0);
        return guest;
    }

    @Test
    void aMessageMakesItsLpiPendingOnce() {
        var guest = ready();
        guest.msi(DEVICE, 3);
        guest.msi(DEVICE, 3);
        assertThat(guest.pending()).containsExactly("1:8300");
    }

    @Test
    void theRegisterTakesSixteenBitsToo() {
        var guest = ready();
        guest.write(REQUESTER, 0x10040, 2, 3);
        assertThat(guest.pending()).containsExactly("1:8300");
    }

    static Stream<Arguments> dropped() {
        return Stream.of(
                drop("WRONG_SIZE", guest -> guest.write(REQUESTER, 0x10040, 8, 3)),
                drop("WRONG_SIZE", guest -> guest.write(REQUESTER, 0x10040, 1, 3)),
                drop("WRONG_SIZE", guest -> guest.write(REQUESTER, 0x10044, 4, 3)),
                drop("NO_DEVICE_ID", guest -> guest.write(TransactionAttributes.NONE, 0x10040, 4, 3)),
                drop("ITS_DISABLED", guest -> {
                    guest.its(0, 4, 0);
                    guest.msi(DEVICE, 3);
                }),
                drop("DEVICE_OUT_OF_RANGE", guest -> guest.msi(0x2000, 3)),
                drop("DEVICE_UNMAPPED", guest -> guest.msi(0x108, 3)),
                drop("EVENT_OUT_OF_RANGE", guest -> guest.msi(DEVICE, 16)),
                drop("EVENT_OUT_OF_RANGE", guest -> guest.msi(DEVICE, 0x10003)),
                drop("EVENT_OUT_OF_RANGE", guest -> guest.msi(DEVICE, 0xFFFF_FFFFL)),
                drop("EVENT_UNMAPPED", guest -> guest.msi(DEVICE, 2)),
                drop("COLLECTION_UNMAPPED", guest -> {
                    guest.mapti(DEVICE, 5, 8305, 7);
                    guest.msi(DEVICE, 5);
                }),
                drop("NOT_TAKEN", guest -> {
                    guest.gicr(1, 0, 4, 0);
                    guest.msi(DEVICE, 3);
                }),
                drop("TABLE_FAULT", guest -> {
                    guest.mapd(0x108, FakeBoard.RAM_END, 2, true);
                    guest.msi(0x108, 0);
                }));
    }

    private static Arguments drop(String reason, Consumer<Guest> message) {
        return Arguments.of(reason, message);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dropped")
    void aMessageThatLeadsNowhereIsDroppedAndCounted(String reason, Consumer<Guest> message) {
        for (boolean cached : new boolean[] {false, true}) {
            var guest = ready();
            if (cached) {
                guest.msi(DEVICE, 3);
                guest.onEvent(0x04, DEVICE, 3);
            }
            message.accept(guest);
            assertThat(guest.pending()).isEmpty();
            assertThat(guest.errors(reason)).isOne();
            assertThat(guest.board.messages()).hasSize(1);
        }
    }

    @Test
    void everyReasonIsReachedByTheTable() {
        assertThat(dropped().map(row -> (String) row.get()[0]))
                .contains(Stream.of(DropReason.values()).map(Enum::name).toArray(String[]::new));
    }

    @Test
    void otherOffsetsOfTheTranslationFrameAreReserved() {
        var guest = ready();
        guest.write(REQUESTER, 0x10048, 4, 3);
        guest.write(REQUESTER, 0x10000, 4, 3);
        assertThat(guest.pending()).isEmpty();
    }

    @Test
    void theRouteIsExplainedStepByStep() {
        var route = ready().its.route(DEVICE, 3);
        assertThat(route.intid()).hasValue(8300);
        assertThat(route.processor()).hasValue(1);
        assertThat(route.explanation().children())
                .extracting(node -> node.note())
                .containsExactly(
                        "DeviceID 0x100: ITT at 0x41000000, 4 EventID bits",
                        "EventID 0x3: INTID 8300, ICID 0",
                        "processor 1");
        assertThat(ready().its.route(DEVICE, 4).explanation().child("dropped").value())
                .isEqualTo("EVENT_UNMAPPED");
        assertThat(ready().its.route(-1, -1).intid()).isEmpty();
    }

    @Test
    void aSuccessorGoesOnWithRegistersAndTheTablesInMemory() throws RestoreException {
        var guest = ready();
        guest.mapd(0x110, Guest.ITT + 0x1000, 2, true);
        guest.msi(0x108, 0);
        guest.its(0, 4, 0);
        guest.mapti(0x110, 1, 8301, 0);
        guest.its(0, 4, 1);
        var state = guest.its.save();

        guest.newIts(0).restore(state);
        guest.its.resume();

        assertThat(guest.its(0x90)).isEqualTo(guest.tail());
        assertThat(guest.errors("DEVICE_UNMAPPED")).isOne();
        guest.msi(DEVICE, 3);
        guest.msi(0x110, 1);
        assertThat(guest.pending()).containsExactly("1:8300", "1:8301");
        guest.mapd(0x110, Guest.ITT + 0x1000, 2, true);
        assertThat(guest.route(0x110, 1)).as("generations go on").isEqualTo("dropped");
        assertThat(guest.its.save().fields().keySet()).isEqualTo(state.fields().keySet());
    }

    @Test
    void hardwareCollectionsAreSaved() throws RestoreException {
        var guest = new Guest(2, 1, 2).withLpis().withIts();
        guest.mapc(1, 1, true);
        guest.mapd(DEVICE, Guest.ITT, 4, true);
        guest.mapti(DEVICE, 3, 8300, 1);
        var state = guest.its.save();
        guest.newIts(2).restore(state);
        assertThat(guest.route(DEVICE, 3)).isEqualTo("1:8300");
    }
}
