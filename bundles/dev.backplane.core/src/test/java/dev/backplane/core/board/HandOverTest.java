package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.Slot;
import dev.backplane.core.board.FakeDevice.Callback;
import dev.backplane.core.board.FakeDevice.Fault;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.ResetKind;
import dev.backplane.memory.TransactionResult;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class HandOverTest {
    private static final long DEVICE = 0x0A00_2000L;
    private static final int STATE = 0x5A5A_0000;
    private final Bench bench = new Bench();
    private FakeDevice.Factory oldFactory;
    private FakeDevice.Factory newFactory;
    private Offer oldOffer;
    private Board board;
    private Slot slot;

    @AfterEach
    void close() {
        Stream.of(oldFactory, newFactory)
                .filter(factory -> factory != null)
                .forEach(factory -> factory.releaseHung.countDown());
        bench.close();
    }

    private void boardWithState() {
        oldFactory = bench.factory("plain");
        oldOffer = bench.offer(oldFactory, 0, 1);
        board = bench.completeBoard(Bench.device("plain", "dev"));
        slot = board.slot("dev").orElseThrow();
        assertThat(board.why()).isEmpty();
        Bench.write(board, DEVICE, STATE);
        newFactory = bench.factory("plain");
    }

    private Offer betterOffer() {
        Offer offer = bench.offer(newFactory, 10, 2);
        bench.settled(board);
        return offer;
    }

    @Test
    void stateGoesToTheBetterOffer() {
        boardWithState();
        betterOffer();
        assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[2]"));
        assertThat(slot.handOvers()).isEqualTo(1);
        assertThat(Bench.read(board, DEVICE)).isEqualTo(STATE);
    }

    @Test
    void anEquallyRankedOfferWaitsForItsTurn() {
        boardWithState();
        Offer second = bench.offer(newFactory, 0, 2);
        bench.settled(board);
        assertThat(slot.handOvers()).isZero();
        bench.change(second, 1);
        bench.settled(board);
        assertThat(slot.handOvers()).isEqualTo(1);
    }

    static Stream<Arguments> faultsOfEitherSide() {
        return Stream.of(
                        Callback.PROPERTIES,
                        Callback.CREATE,
                        Callback.DESCRIBE,
                        Callback.REALIZE,
                        Callback.RESTORE,
                        Callback.RESUME,
                        Callback.QUIESCE,
                        Callback.SAVE)
                .flatMap(callback -> Stream.of(Fault.values()).map(fault -> Arguments.of(callback, fault)));
    }

    @ParameterizedTest
    @MethodSource("faultsOfEitherSide")
    void theOldProviderGoesOnWhenAHandOverFails(Callback callback, Fault fault) {
        boardWithState();
        boolean ofOld = callback == Callback.QUIESCE || callback == Callback.SAVE;
        (ofOld ? oldFactory : newFactory).faults.put(callback, fault);
        betterOffer();
        oldFactory.faults.clear();
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[1]"));
        assertThat(Bench.read(board, DEVICE)).isEqualTo(STATE);
        assertThat(slot.history())
                .anySatisfy(entry -> {
                    assertThat(entry.event()).isEqualTo(ofOld ? "HAND_OVER_FAILED" : "REFUSED");
                    assertThat(entry.detail()).contains("[2]", callback.name().toLowerCase());
                });
        assertThat(slot.aborts()).isZero();
    }

    @Test
    void aNewcomerThatTheOldModelKeptOutHasItsTurnWhenThatOneGoes() {
        boardWithState();
        oldFactory.faults.put(Callback.SAVE, Fault.THROWS);
        betterOffer();
        assertThat(newFactory.created).hasValue(1);
        bench.offer(bench.factory("other"));
        bench.settled(board);
        assertThat(newFactory.created).as("not tried again on every change").hasValue(1);
        bench.withdraw(oldOffer);
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[2]"));
    }

    @Test
    void aRefusedStateKeepsTheOldModel() {
        boardWithState();
        oldFactory.stateVersion = 2;
        betterOffer();
        assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[1]"));
        assertThat(Bench.read(board, DEVICE)).isEqualTo(STATE);
        assertThat(slot.history().getLast().detail()).contains("layout version 2");
    }

    @Test
    void aRefusedOfferIsNotTriedAgainUntilItChanges() {
        boardWithState();
        newFactory.faults.put(Callback.REALIZE, Fault.THROWS);
        Offer refused = betterOffer();
        bench.offer(bench.factory("other"));
        bench.settled(board);
        assertThat(newFactory.created).hasValue(1);
        newFactory.faults.clear();
        bench.change(refused, 11);
        bench.settled(board);
        assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[2]"));
    }

    @Test
    void aSlotWhoseProviderLeftIsParkedAndComesBackAsItWas() {
        boardWithState();
        bench.withdraw(oldOffer);
        assertThat(slot.state()).isEqualTo(Slot.State.PARKED);
        assertThat(slot.why().getFirst().reason()).contains("no bundle provides device type plain");
        assertThat(Bench.outcome(board, DEVICE)).isEqualTo(TransactionResult.Fault.SLOT_TIMEOUT);
        assertThat(slot.aborts()).isEqualTo(1);
        assertThat(Bench.read(board, FakeMachine.RAM)).isZero();
        bench.offer(newFactory);
        bench.settled(board);
        assertThat(Bench.read(board, DEVICE)).isEqualTo(STATE);
        assertThat(board.isComplete()).isTrue();
    }

    @Test
    void aTransactionThatMeetsAParkedSlotIsDoneWhenTheNextProviderComes() throws Exception {
        oldFactory = bench.factory("plain");
        oldOffer = bench.offer(oldFactory, 0, 1);
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        board = bench.registry.create(new BoardDefinition(
                "b", "fake", Map.of("slot-timeout", "30000"), List.of(Bench.device("plain", "dev"))));
        bench.settled(board);
        Bench.write(board, DEVICE, STATE);
        bench.withdraw(oldOffer);
        TransactionResult result = board.systemPort("test").read(board.epochs().context(), DEVICE, 4);
        assertThat(result).isInstanceOf(TransactionResult.Pending.class);
        var ended = new CountDownLatch(1);
        ((TransactionResult.Pending) result).ticket().whenDone((context, how) -> {
            if (how.isDone() && context.data() == STATE) {
                ended.countDown();
            }
        });
        bench.offer(bench.factory("plain"));
        assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
    }

    static Stream<Arguments> faultsOfLeaving() {
        return Stream.of(Callback.QUIESCE, Callback.SAVE, Callback.UNREALIZE)
                .flatMap(callback -> Stream.of(Fault.values()).map(fault -> Arguments.of(callback, fault)));
    }

    @ParameterizedTest
    @MethodSource("faultsOfLeaving")
    void aFaultyProviderCannotKeepItsBundleFromStopping(Callback callback, Fault fault) {
        boardWithState();
        oldFactory.faults.put(callback, fault);
        bench.withdraw(oldOffer);
        assertThat(slot.state()).isEqualTo(Slot.State.PARKED);
        assertThat(slot.provider()).isEmpty();
        Bench.write(board, FakeMachine.TIMER, 4);
        bench.offer(newFactory);
        bench.settled(board);
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(Bench.read(board, DEVICE)).isEqualTo(callback == Callback.SAVE ? 0 : STATE);
    }

    @Test
    void whoUsesAModelKeepsItUntilDone() throws Exception {
        boardWithState();
        var inside = new CountDownLatch(1);
        var leave = new CountDownLatch(1);
        var user = Thread.ofPlatform().start(() -> slot.with(FakeDevice.class, model -> {
            inside.countDown();
            try {
                leave.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return model;
        }));
        inside.await();
        bench.offer(newFactory, 10, 2);
        leave.countDown();
        user.join();
        bench.settled(board);
        assertThat(slot.handOvers()).isEqualTo(1);
    }

    @Test
    void aModelThatThrowsInARegisterAccessIsCutOff() {
        boardWithState();
        oldFactory.faults.put(Callback.READ, Fault.THROWS);
        assertThat(Bench.outcome(board, DEVICE)).isEqualTo(TransactionResult.Fault.DEVICE_FAILED);
        bench.settled(board);
        assertThat(slot.state()).isEqualTo(Slot.State.FAILED);
        assertThat(slot.why().getFirst().reason()).contains("planted at READ");
        assertThat(Bench.outcome(board, DEVICE)).isEqualTo(TransactionResult.Fault.DEVICE_FAILED);
        assertThat(Bench.read(board, FakeMachine.RAM)).isZero();
        bench.offer(newFactory);
        bench.settled(board);
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(Bench.read(board, DEVICE)).isZero();
    }

    @Test
    void aCommandThatDoesNotReturnRefusesTheHandOverButNotTheDeparture() throws Exception {
        boardWithState();
        var inside = new CountDownLatch(1);
        var leave = new CountDownLatch(1);
        Thread user = Thread.ofPlatform().daemon().start(() -> slot.with(FakeDevice.class, model -> {
            inside.countDown();
            try {
                leave.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return model;
        }));
        inside.await();
        betterOffer();
        assertThat(slot.handOvers()).isZero();
        assertThat(slot.history().getLast().detail()).contains("the slot is in use");
        bench.registry.withdraw(offer -> offer.type().equals("plain"));
        assertThat(slot.state()).isEqualTo(Slot.State.PARKED);
        leave.countDown();
        user.join();
    }

    @Test
    void aReplacementOfAModelThatFailsInAResetIsNotDrawnIntoIt() {
        boardWithState();
        var journal = new CopyOnWriteArrayList<String>();
        newFactory = new FakeDevice.Factory("plain", journal);
        bench.offer(newFactory, -1, 2);
        oldFactory.faults.put(Callback.RESET, Fault.THROWS);
        board.reset(ResetKind.COLD);
        bench.settled(board);
        assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[2]"));
        assertThat(journal.stream().filter(line -> line.startsWith("RESET")))
                .containsExactly("RESET dev ENTER", "RESET dev HOLD", "RESET dev EXIT");
    }

    @Test
    void aDeviceThatFailsWhileOthersAreBeingResetStaysCutOff() throws Exception {
        oldFactory = bench.factory("plain");
        newFactory = bench.factory("timer");
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        bench.offer(bench.factory("controller"));
        bench.offer(newFactory);
        bench.offer(oldFactory);
        board = bench.registry.create(
                new BoardDefinition("b", "fake", Map.of(), List.of(Bench.device("plain", "dev"))));
        bench.settled(board);
        oldFactory.faults.put(Callback.READ, Fault.THROWS);
        newFactory.faults.put(Callback.QUIESCE, Fault.HANGS);
        bench.journal.clear();
        Thread resetting = Thread.ofPlatform().start(() -> board.reset(ResetKind.COLD));
        await().until(() -> bench.journal.contains("QUIESCE timer"));
        assertThat(Bench.outcome(board, DEVICE)).isEqualTo(TransactionResult.Fault.DEVICE_FAILED);
        newFactory.releaseHung.countDown();
        resetting.join();
        bench.settled(board);
        var dev = (DeviceSlot) board.slot("dev").orElseThrow();
        assertThat(dev.state()).isEqualTo(Slot.State.FAILED);
        assertThat(dev.gate().state()).isEqualTo(DeviceGate.State.FAILED);
        assertThat(dev.history()).noneMatch(entry -> entry.event().equals("RESET"));
    }

    @Test
    void anMsiControllerThatThrowsWhenAskedForItsDoorbellIsRefused() {
        newFactory = bench.factory("controller");
        newFactory.faults.put(Callback.DOORBELL, Fault.THROWS);
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        bench.offer(newFactory, 10, 2);
        bench.offer(bench.factory("controller"), 0, 1);
        bench.offer(bench.factory("timer"));
        board = bench.registry.create(new BoardDefinition("b", "fake", Map.of(), List.of()));
        bench.settled(board);
        slot = board.slot("gic").orElseThrow();
        assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[1]"));
        assertThat(slot.history().getFirst().detail()).contains("planted at DOORBELL");
        assertThat(board.isComplete()).isTrue();
    }

    @Test
    void nothingIsPluggedIntoABoardThatIsBeingDestroyed() throws Exception {
        board = bench.completeBoard();
        oldFactory = bench.factory("plain");
        newFactory = bench.factory("pci-card");
        oldFactory.faults.put(Callback.CREATE, Fault.HANGS);
        bench.offer(oldFactory);
        bench.offer(newFactory);
        var refusal = new AtomicReference<Throwable>();
        Thread first = Thread.ofPlatform().start(() -> plug(Bench.device("plain", "dev"), new AtomicReference<>()));
        await().until(() -> oldFactory.created.get() == 1);
        Thread end = Thread.ofPlatform().start(() -> bench.registry.destroy("b"));
        await().until(() -> end.getState() == Thread.State.WAITING);
        Thread late = Thread.ofPlatform().start(() -> plug(Bench.device("pci-card", "card"), refusal));
        await().until(() -> late.getState() == Thread.State.WAITING);
        oldFactory.releaseHung.countDown();
        first.join();
        end.join();
        late.join();
        assertThat(refusal.get()).hasMessageContaining("gone");
        assertThat(newFactory.created).hasValue(0);
    }

    private void plug(DeviceRequest request, AtomicReference<Throwable> refusal) {
        try {
            board.plug(request);
        } catch (Exception refused) {
            refusal.set(refused);
        }
    }

    @Test
    void softwareResetsAFunctionsModelThroughItsBridge() throws Exception {
        bench.offer(bench.factory("pci-card"), 0, 1);
        board = bench.completeBoard(Bench.device("pci-card", "card"));
        bench.journal.clear();
        ((BoardEngine) board).resetFunctions(Set.of("card"), ResetKind.FUNCTION_LEVEL);
        bench.settled(board);
        assertThat(bench.journal)
                .containsExactly(
                        "QUIESCE card", "RESET card ENTER", "RESET card HOLD", "RESET card EXIT", "RESUME card");
    }

    @Test
    void interruptsThatMeetAParkedControllerAreDeliveredOnce() {
        FakeDevice.Factory controller = bench.factory("controller");
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        Offer controllerOffer = bench.offer(controller);
        bench.offer(bench.factory("timer"));
        board = bench.registry.create(new BoardDefinition(
                "b", "fake", Map.of(), List.of()));
        bench.settled(board);
        bench.withdraw(controllerOffer);
        Bench.write(board, FakeMachine.TIMER, 1);
        Bench.write(board, FakeMachine.TIMER, 0);
        Bench.write(board, FakeMachine.TIMER, 1);
        bench.offer(bench.factory("controller"));
        bench.settled(board);
        assertThat(Bench.read(board, FakeMachine.CONTROLLER)).isEqualTo(1);
    }

    @Test
    void inputsDrivenFromOutsideLatchWhileTheControllerIsParked() {
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        Offer controllerOffer = bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        board = bench.registry.create(new BoardDefinition("b", "fake", Map.of(), List.of()));
        bench.settled(board);
        board.driveInput("gic", 33, true);
        board.driveInput("gic", 33, false);
        assertThat(Bench.read(board, FakeMachine.CONTROLLER)).isEqualTo(1);
        bench.withdraw(controllerOffer);
        board.driveInput("gic", 34, true);
        board.driveInput("gic", 34, false);
        board.driveInput("gic", 34, true);
        board.drivePrivateInput("gic", 0, 27, true);
        bench.offer(bench.factory("controller"));
        bench.settled(board);
        assertThat(Bench.read(board, FakeMachine.CONTROLLER)).as("one before, one edge, one private").isEqualTo(3);
    }

    @Test
    void inputsThatAreNotThereAreRefused() {
        board = bench.completeBoard();
        assertThatThrownBy(() -> board.driveInput("pic", 40, true)).hasMessageContaining("no slot 'pic'");
        assertThatThrownBy(() -> board.driveInput("timer", 40, true))
                .hasMessageContaining("slot timer holds no interrupt controller but timer");
        assertThatThrownBy(() -> board.driveInput("gic", 31, true)).hasMessageContaining("INTID 31: expected 32");
        assertThatThrownBy(() -> board.drivePrivateInput("gic", -1, 27, true)).hasMessageContaining("processor -1");
        assertThatThrownBy(() -> board.drivePrivateInput("gic", 0, 32, true)).hasMessageContaining("16 to 31");
    }

    @Test
    void initiatorsCloseBeforeTheirTargets() {
        board = bench.completeBoard(Bench.device("pci-card", "card"));
        Offer card = bench.offer(bench.factory("pci-card"));
        bench.settled(board);
        assertThat(board.why()).isEmpty();
        bench.journal.clear();
        bench.registry.withdraw(offer -> true);
        assertThat(bench.journal.stream().filter(line -> line.startsWith("QUIESCE")))
                .containsExactly("QUIESCE card", "QUIESCE timer", "QUIESCE gic");
        assertThat(bench.journal.indexOf("QUIESCE gic")).isLessThan(bench.journal.indexOf("SAVE card"));
        assertThat(card.factory()).isNotNull();
    }

    @Test
    void nothingOfADepartedFactoryIsKept() throws Exception {
        WeakReference<Object> departed = departedFactory();
        awaitCollected(departed);
        assertThat(slot.state()).isEqualTo(Slot.State.PARKED);
    }

    private static void awaitCollected(WeakReference<?> departed) throws InterruptedException {
        for (int i = 0; i < 50 && departed.get() != null; i++) {
            System.gc();
            Thread.onSpinWait();
            new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
        }
        assertThat(departed.get()).isNull();
    }

    /** It knows the class loader of its bundle. */
    @ParameterizedTest
    @EnumSource(names = {"REALIZE", "RESTORE"})
    void whatARefusedSuccessorOfAFunctionWasGivenIsNotKept(Callback refusing) throws Exception {
        bench.offer(bench.factory("pci-card"), 0, 1);
        board = bench.completeBoard(Bench.device("pci-card", "card"));
        slot = board.slot("card").orElseThrow();
        newFactory = bench.factory("pci-card");
        newFactory.faults.put(refusing, Fault.THROWS);
        betterOffer();
        assertThat(slot.history()).anyMatch(entry -> entry.event().equals("REFUSED"));
        awaitCollected(newFactory.door);
        assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[1]"));
    }

    private WeakReference<Object> departedFactory() {
        boardWithState();
        newFactory = null;
        var reference = new WeakReference<Object>(oldFactory);
        bench.withdraw(oldOffer);
        oldFactory = null;
        oldOffer = null;
        return reference;
    }

    @Test
    void aPciFunctionKeepsItsAddressAndConfigurationOverAHandOver() {
        bench.offer(bench.factory("pci-card"), 0, 1);
        board = bench.completeBoard(Bench.device("pci-card", "card"));
        slot = board.slot("card").orElseThrow();
        var address = slot.pciAddress().orElseThrow();
        var context = board.epochs().context();
        board.pci().writeConfig(context, address, 0x10, 4, 0x1000_0000);
        board.pci().writeConfig(context, address, 4, 2, 6);
        Bench.write(board, 0x1000_0000L, STATE);
        bench.offer(bench.factory("pci-card"), 10, 2);
        bench.settled(board);
        assertThat(slot.handOvers()).isEqualTo(1);
        assertThat(slot.pciAddress()).hasValue(address);
        assertThat(Bench.read(board, 0x1000_0000L)).isEqualTo(STATE);
    }
}
