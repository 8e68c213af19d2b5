package dev.backplane.gicv3.its;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.gicv3.fake.FakeBoard;
import dev.backplane.gicv3.fake.Guest;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.TransactionAttributes;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** ITS commands (IHI 0069, chapter 5). */
class ItsCommandTest {
    private static final int DEVICE = 0x18;

    /** {@return software with DeviceID 0x18 (2 EventID bits), event 1 at INTID 8200, collections 0 and 1} */
    private static Guest ready() {
        var guest = new Guest(2).withLpis().withIts();
        guest.mapc(0, 0, true);
        guest.mapc(1, 1, true);
        guest.mapd(DEVICE, Guest.ITT, 2, true);
        guest.mapti(DEVICE, 1, 8200, 0);
        return guest;
    }

    @Test
    void maptiRoutesAnEventToTheCollectionsProcessor() {
        var guest = ready();
        guest.msi(DEVICE, 1);
        assertThat(guest.pending()).containsExactly("0:8200");
    }

    @Test
    void mapiUsesTheEventIdAsIntid() {
        var guest = ready();
        guest.mapd(0x20, Guest.ITT + 0x1000, 16, true);
        guest.mapi(0x20, 8333, 1);
        guest.msi(0x20, 8333);
        assertThat(guest.pending()).containsExactly("1:8333");
    }

    @Test
    void moviMovesTheEventAndItsPendingState() {
        var guest = ready();
        guest.msi(DEVICE, 1);
        guest.movi(DEVICE, 1, 1);
        assertThat(guest.pending()).containsExactly("1:8200");
        guest.onEvent(0x04, DEVICE, 1);
        guest.msi(DEVICE, 1);
        assertThat(guest.pending()).containsExactly("1:8200");
    }

    @Test
    void movallMovesAllPendingStateOfAProcessor() {
        var guest = ready();
        guest.mapti(DEVICE, 2, 8300, 0);
        guest.msi(DEVICE, 1);
        guest.msi(DEVICE, 2);
        guest.movall(0, 1);
        assertThat(guest.pending()).containsExactly("1:8200", "1:8300");
    }

    @Test
    void remappingACollectionRedirectsItsEvents() {
        var guest = ready();
        guest.msi(DEVICE, 1);
        guest.onEvent(0x04, DEVICE, 1);
        guest.mapc(0, 1, true);
        guest.msi(DEVICE, 1);
        assertThat(guest.pending()).containsExactly("1:8200");
    }

    @Test
    void unmappingACollectionDropsItsEvents() {
        var guest = ready();
        guest.msi(DEVICE, 1);
        guest.onEvent(0x04, DEVICE, 1);
        guest.mapc(0, 0, false);
        guest.msi(DEVICE, 1);
        assertThat(guest.pending()).isEmpty();
        assertThat(guest.errors("COLLECTION_UNMAPPED")).isOne();
    }

    @Test
    void discardRemovesTheMappingAndThePendingState() {
        var guest = ready();
        guest.msi(DEVICE, 1);
        guest.onEvent(0x0F, DEVICE, 1);
        assertThat(guest.pending()).isEmpty();
        guest.msi(DEVICE, 1);
        assertThat(guest.pending()).isEmpty();
        assertThat(guest.errors("EVENT_UNMAPPED")).isOne();
    }

    @Test
    void intSetsAndClearClearsThePendingState() {
        var guest = ready();
        guest.onEvent(0x03, DEVICE, 1);
        assertThat(guest.pending()).containsExactly("0:8200");
        guest.onEvent(0x04, DEVICE, 1);
        assertThat(guest.pending()).isEmpty();
    }

    @Test
    void unmappingADeviceDropsItsEventsAndMappingItAgainStartsEmpty() {
        var guest = ready();
        guest.msi(DEVICE, 1);
        guest.onEvent(0x04, DEVICE, 1);
        guest.mapd(DEVICE, Guest.ITT, 2, false);
        guest.msi(DEVICE, 1);
        assertThat(guest.errors("DEVICE_UNMAPPED")).isOne();
        guest.mapd(DEVICE, Guest.ITT, 2, true);
        guest.msi(DEVICE, 1);
        assertThat(guest.errors("EVENT_UNMAPPED")).isOne();
        assertThat(guest.pending()).isEmpty();
    }

    @Test
    void maptiOverAMappedEventReplacesIt() {
        var guest = ready();
        guest.msi(DEVICE, 1);
        guest.onEvent(0x04, DEVICE, 1);
        guest.mapti(DEVICE, 1, 8201, 1);
        guest.msi(DEVICE, 1);
        assertThat(guest.pending()).containsExactly("1:8201");
    }

    @Test
    void invMakesTheRedistributorReadTheConfigurationAgain() {
        var guest = ready();
        guest.wake(0);
        guest.msi(DEVICE, 1);
        assertThat(guest.highest(0)).isEqualTo(8200);
        guest.ram.setByte(Guest.CONFIGURATIONS + 8, 0x40);
        assertThat(guest.highest(0)).as("cached").isEqualTo(8200);
        guest.onEvent(0x0C, DEVICE, 1);
        assertThat(guest.highest(0)).isEqualTo(1023);
        assertThat(guest.gic.pending().getFirst().priority()).isEqualTo(0x40);
        guest.ram.setByte(Guest.CONFIGURATIONS + 8, 0x41);
        assertThat(guest.highest(0)).as("cached").isEqualTo(1023);
        guest.invall(0);
        assertThat(guest.highest(0)).isEqualTo(8200);
    }

    @Test
    void aCommandThatTakesAMappingAwayWaitsForMessagesUnderWay() {
        var guest = ready();
        int before = guest.board.gracePeriods();
        guest.mapti(DEVICE, 2, 8300, 0);
        assertThat(guest.board.gracePeriods()).isEqualTo(before);
        guest.movi(DEVICE, 1, 1);
        guest.onEvent(0x0F, DEVICE, 1);
        guest.mapd(DEVICE, Guest.ITT, 2, false);
        guest.mapc(1, 0, true);
        assertThat(guest.board.gracePeriods()).isEqualTo(before + 4);
    }

    static Stream<Arguments> badCommands() {
        return Stream.of(
                bad("MAPD_DEVICE_OOR", 0x010801, guest -> guest.mapd(0x10000, Guest.ITT, 2, true)),
                bad("MAPD_ITTSIZE_OOR", 0x010802, guest -> guest.mapd(0x20, Guest.ITT, 17, true)),
                bad("MAPC_PROCNUM_OOR", 0x010902, guest -> guest.mapc(2, 2, true)),
                bad("MAPC_COLLECTION_OOR", 0x010903, guest -> guest.mapc(0x2000, 0, true)),
                bad("MAPTI_DEVICE_OOR", 0x010A01, guest -> guest.mapti(0x2000, 0, 8192, 0)),
                bad("MAPTI_COLLECTION_OOR", 0x010A03, guest -> guest.mapti(DEVICE, 0, 8192, 0x2000)),
                bad("MAPTI_UNMAPPED_DEVICE", 0x010A04, guest -> guest.mapti(0x20, 0, 8192, 0)),
                bad("MAPTI_ID_OOR", 0x010A05, guest -> guest.mapti(DEVICE, 4, 8192, 0)),
                bad("MAPTI_PHYSICALID_OOR", 0x010A06, guest -> guest.mapti(DEVICE, 0, 8191, 0)),
                bad("MAPTI_PHYSICALID_OOR", 0x010A06, guest -> guest.mapti(DEVICE, 0, 0x10000, 0)),
                bad("MAPTI_PHYSICALID_OOR", 0x010A06, guest -> guest.mapti(DEVICE, 0, 0xFFFF_FFFFL, 0)),
                bad("MAPI_DEVICE_OOR", 0x010B01, guest -> guest.mapi(0x2000, 0, 0)),
                bad("MAPI_COLLECTION_OOR", 0x010B03, guest -> guest.mapi(DEVICE, 0, 0x2000)),
                bad("MAPI_UNMAPPED_DEVICE", 0x010B04, guest -> guest.mapi(0x20, 8192, 0)),
                bad("MAPI_ID_OOR", 0x010B05, guest -> guest.mapi(DEVICE, 8192, 0)),
                bad("MAPI_PHYSICALID_OOR", 0x010B06, guest -> guest.mapi(DEVICE, 0, 0)),
                bad("MOVI_DEVICE_OOR", 0x010101, guest -> guest.movi(0x2000, 1, 1)),
                bad("MOVI_COLLECTION_OOR", 0x010103, guest -> guest.movi(DEVICE, 1, 0x2000)),
                bad("MOVI_UNMAPPED_DEVICE", 0x010104, guest -> guest.movi(0x20, 1, 1)),
                bad("MOVI_ID_OOR", 0x010105, guest -> guest.movi(DEVICE, 4, 1)),
                bad("MOVI_UNMAPPED_INTERRUPT", 0x010107, guest -> guest.movi(DEVICE, 2, 1)),
                bad("MOVI_UNMAPPED_COLLECTION", 0x010109, guest -> guest.movi(DEVICE, 1, 2)),
                bad("INT_DEVICE_OOR", 0x010301, guest -> guest.onEvent(0x03, 0x2000, 1)),
                bad("INT_UNMAPPED_DEVICE", 0x010304, guest -> guest.onEvent(0x03, 0x20, 1)),
                bad("INT_ID_OOR", 0x010305, guest -> guest.onEvent(0x03, DEVICE, 4)),
                bad("INT_UNMAPPED_INTERRUPT", 0x010307, guest -> guest.onEvent(0x03, DEVICE, 2)),
                bad("INT_UNMAPPED_COLLECTION", 0x010309, guest -> {
                    guest.mapti(DEVICE, 3, 8203, 5);
                    guest.onEvent(0x03, DEVICE, 3);
                }),
                bad("CLEAR_DEVICE_OOR", 0x010501, guest -> guest.onEvent(0x04, 0x2000, 1)),
                bad("CLEAR_UNMAPPED_DEVICE", 0x010504, guest -> guest.onEvent(0x04, 0x20, 1)),
                bad("CLEAR_ID_OOR", 0x010505, guest -> guest.onEvent(0x04, DEVICE, 4)),
                bad("CLEAR_UNMAPPED_INTERRUPT", 0x010507, guest -> guest.onEvent(0x04, DEVICE, 2)),
                bad("CLEAR_UNMAPPED_COLLECTION", 0x010509, guest -> {
                    guest.mapti(DEVICE, 3, 8203, 5);
                    guest.onEvent(0x04, DEVICE, 3);
                }),
                bad("INV_DEVICE_OOR", 0x010C01, guest -> guest.onEvent(0x0C, 0x2000, 1)),
                bad("INV_UNMAPPED_DEVICE", 0x010C04, guest -> guest.onEvent(0x0C, 0x20, 1)),
                bad("INV_ID_OOR", 0x010C05, guest -> guest.onEvent(0x0C, DEVICE, 4)),
                bad("INV_UNMAPPED_INTERRUPT", 0x010C07, guest -> guest.onEvent(0x0C, DEVICE, 2)),
                bad("INV_UNMAPPED_COLLECTION", 0x010C09, guest -> {
                    guest.mapti(DEVICE, 3, 8203, 5);
                    guest.onEvent(0x0C, DEVICE, 3);
                }),
                bad("INVALL_COLLECTION_OOR", 0x010D03, guest -> guest.invall(0x2000)),
                bad("INVALL_UNMAPPED_COLLECTION", 0x010D09, guest -> guest.invall(2)),
                bad("MOVALL_PROCNUM_OOR", 0x010E01, guest -> guest.movall(0, 2)),
                bad("MOVALL_PROCNUM_OOR", 0x010E01, guest -> guest.movall(2, 0)),
                bad("DISCARD_DEVICE_OOR", 0x010F01, guest -> guest.onEvent(0x0F, 0x2000, 1)),
                bad("DISCARD_UNMAPPED_DEVICE", 0x010F04, guest -> guest.onEvent(0x0F, 0x20, 1)),
                bad("DISCARD_ID_OOR", 0x010F05, guest -> guest.onEvent(0x0F, DEVICE, 4)),
                bad("DISCARD_UNMAPPED_INTERRUPT", 0x010F07, guest -> guest.onEvent(0x0F, DEVICE, 2)),
                bad("UNKNOWN_COMMAND", 0, guest -> guest.command(0x29, 0, 0, 0)));
    }

    private static Arguments bad(String name, int code, Consumer<Guest> commands) {
        return Arguments.of(name, code, commands);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badCommands")
    void aBadCommandIsCountedByItsCodeAndTheQueueGoesOn(String name, int code, Consumer<Guest> commands) {
        var guest = ready();
        String before = guest.its.devices().toString();
        commands.accept(guest);
        assertThat(guest.errors(name)).isOne();
        assertThat(CommandError.valueOf(name).code()).isEqualTo(code);
        assertThat(guest.its(0x90)).as("GITS_CREADR").isEqualTo(guest.tail());
        assertThat(guest.board.messages()).anyMatch(message -> message.contains(name));
        if (!name.endsWith("UNMAPPED_COLLECTION") || name.startsWith("MOVI") || name.startsWith("INVALL")) {
            assertThat(guest.its.devices().toString()).isEqualTo(before);
        }
        guest.msi(DEVICE, 1);
        assertThat(guest.pending()).containsExactly("0:8200");
    }

    @Test
    void everyErrorCodeIsReachedByTheTable() {
        assertThat(badCommands().map(row -> (String) row.get()[0]))
                .contains(Stream.of(CommandError.values())
                        .filter(error -> error != CommandError.MEMORY_FAULT)
                        .map(Enum::name)
                        .toArray(String[]::new));
    }

    @Test
    void aQueueThatIsNotInMemoryStallsUntilRetry() {
        var guest = new Guest(1).withLpis();
        guest.its(0x80, 8, 1L << 63 | FakeBoard.RAM_END);
        guest.its(0, 4, 1);
        guest.its(0x88, 8, 0x20);
        assertThat(guest.its(0x90)).as("GITS_CREADR").isEqualTo(1);
        assertThat(guest.errors("MEMORY_FAULT")).isOne();
        guest.its(0x88, 8, 0x40);
        assertThat(guest.errors("MEMORY_FAULT")).as("a stalled queue waits").isOne();
        guest.its(0x88, 8, 0x41);
        assertThat(guest.errors("MEMORY_FAULT")).as("Retry starts it again").isEqualTo(2);
        assertThat(guest.its(0x90)).isEqualTo(1);
    }

    @Test
    void aTableThatIsNotInMemoryStallsTheQueueAndRetryGoesOnWhenItIs() {
        var guest = new Guest(1).withLpis();
        guest.ram.word(Guest.DEVICES, 1L << 63 | FakeBoard.RAM_END);
        guest.its(0x80, 8, 1L << 63 | Guest.QUEUE);
        guest.its(0x100, 8, 3L << 62 | Guest.DEVICES);
        guest.its(0, 4, 1);
        guest.mapd(DEVICE, Guest.ITT, 2, true);
        assertThat(guest.its(0x90)).isEqualTo(1);
        guest.ram.word(Guest.DEVICES, 1L << 63 | Guest.DEVICES + 0x1000);
        guest.its(0x88, 8, guest.tail() | 1);
        assertThat(guest.its(0x90)).isEqualTo(guest.tail());
        assertThat(guest.its(0x88)).as("GITS_CWRITER.Retry reads as zero").isEqualTo(guest.tail());
    }

    @Test
    void anIndirectTableHasNoEntryWhereLevelOneIsInvalid() {
        var guest = new Guest(1).withLpis();
        guest.its(0x80, 8, 1L << 63 | Guest.QUEUE);
        guest.its(0x100, 8, 3L << 62 | Guest.DEVICES);
        guest.its(0, 4, 1);
        guest.mapd(DEVICE, Guest.ITT, 2, true);
        assertThat(guest.errors("MAPD_DEVICE_OOR")).isOne();
        guest.ram.word(Guest.DEVICES + 8, 1L << 63 | Guest.DEVICES + 0x1000);
        guest.mapd(0x200 + DEVICE, Guest.ITT, 2, true);
        assertThat(guest.its.devices().children()).hasSize(1);
        assertThat(guest.ram.word(Guest.DEVICES + 0x1000 + DEVICE * 8)).isNegative();
    }

    /** The GIC of a slot as an ITS sees it: there may have been none yet. */
    private static final class LateGic {
        private LpiController served;

        LpiController standIn() {
            return (LpiController) Proxy.newProxyInstance(
                    LateGic.class.getClassLoader(), new Class<?>[] {LpiController.class}, (proxy, method, arguments) ->
                            served != null ? method.invoke(served, arguments)
                                    : method.getReturnType() == int.class ? (Object) 0
                                    : method.getReturnType() == boolean.class ? true : null);
        }
    }

    @Test
    void commandsWaitForAGicThatWasNeverThereYet() {
        var guest = new Guest(2).withLpis();
        var late = new LateGic();
        guest.linkItsTo(late.standIn());
        guest.withIts();
        guest.mapc(0, 1, true);
        guest.mapd(8, Guest.ITT, 2, true);
        guest.mapti(8, 0, 8192, 0);
        guest.onEvent(0x03, 8, 0);
        assertThat(guest.its(0x90)).as("no MAPC can be judged").isZero();
        assertThat(guest.board.messages()).isEmpty();
        late.served = guest.gic;
        assertThat(guest.its(0x90)).as("software that waits sees it go on").isEqualTo(guest.tail());
        assertThat(guest.pending()).containsExactly("1:8192");
        assertThat(guest.board.messages()).isEmpty();
    }

    @Test
    void severalItssOfOneGicHaveTheirOwnMaps() {
        var guest = new Guest(3).withLpis().withIts();
        guest.mapc(0, 1, true);
        guest.mapd(8, Guest.ITT, 2, true);
        guest.mapti(8, 0, 8192, 0);
        var first = guest.its;
        var board = guest.board;
        guest.secondIts();
        guest.mapc(0, 2, true);
        guest.mapd(8, Guest.ITT + 0x1000, 2, true);
        guest.mapti(8, 0, 8193, 0);
        guest.mapti(8, 1, 8194, 0);
        guest.msi(8, 0);
        assertThat(guest.pending()).containsExactly("2:8193");
        FakeBoard.region(first, "its").handler().write(
                board.context(), TransactionAttributes.ofRequester(8), 0x10040, 4, 0);
        assertThat(guest.pending()).containsExactly("1:8192", "2:8193");
        guest.onEvent(0x0F, 8, 0);
        assertThat(guest.pending()).as("DISCARD is about its own ITS").containsExactly("1:8192");
        assertThat(first.route(8, 1).intid()).isEmpty();
        assertThat(guest.route(8, 1)).isEqualTo("2:8194");
    }

    @Test
    void aListingOfForgedTablesEnds() {
        var guest = new Guest(1).withLpis();
        guest.its(0x80, 8, 1L << 63 | Guest.QUEUE);
        guest.its(0x100, 8, 3L << 62 | 2 << 8 | Guest.DEVICES);
        guest.its(0x108, 8, 1L << 63 | Guest.COLLECTIONS);
        guest.its(0, 4, 1);
        for (int page = 0; page < 8; page++) {
            guest.ram.word(Guest.DEVICES + 8 * page, 1L << 63 | Guest.DEVICES + 0x10000);
        }
        guest.mapd(0, Guest.ITT, 16, true);
        long forged = guest.ram.word(Guest.DEVICES + 0x10000);
        for (int device = 1; device < 0x2000; device++) {
            guest.ram.word(Guest.DEVICES + 0x10000 + 8L * device, forged);
        }
        var devices = guest.its.devices().children();
        assertThat(devices).hasSize(17);
        assertThat(devices.getLast().value()).isEqualTo("cut");
    }

    @Test
    void theQueueWraps() {
        var guest = ready();
        for (int i = 0; i < 300; i++) {
            guest.onEvent(i % 2 == 0 ? 0x03 : 0x04, DEVICE, 1);
            assertThat(guest.pending()).hasSize(1 - i % 2);
        }
        assertThat(guest.its(0x90)).isEqualTo(guest.tail());
    }

    @Test
    void collectionsInHardwareNeedNoTable() {
        var guest = new Guest(2, 1, 4).withLpis();
        guest.its(0x80, 8, 1L << 63 | Guest.QUEUE);
        guest.its(0x100, 8, 1L << 63 | Guest.DEVICES);
        guest.its(0, 4, 1);
        assertThat(guest.its(0x08) >>> 24 & 0xFF).as("GITS_TYPER.HCC").isEqualTo(4);
        guest.mapc(3, 1, true);
        guest.mapc(4, 1, true);
        assertThat(guest.errors("MAPC_COLLECTION_OOR")).isOne();
        guest.mapd(DEVICE, Guest.ITT, 2, true);
        guest.mapti(DEVICE, 0, 8192, 3);
        guest.msi(DEVICE, 0);
        assertThat(guest.pending()).containsExactly("1:8192");
    }
}
