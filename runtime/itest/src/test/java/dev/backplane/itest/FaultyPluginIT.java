package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.board.Slot.State;
import dev.backplane.device.ResetKind;
import dev.backplane.itest.faulty.Fault;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/**
 * Plugins that fail in one callback each, while another device's DMA flows through the SMMU: the fault is contained and
 * told, the old provider or a parked or failed slot remains, and the rest of the board goes on.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class FaultyPluginIT {
    private static final long RAM = 0x4000_0000L;
    private static final long BAR = 0x1800_0000L;
    private static final long TRAPS = BAR + 0x100;
    private static final long SCRATCH = 0x1234_5678L;
    private static final String LATE = " did not return within 1000 ms";
    private static final String HANGS = "has not returned for";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    private Bundles bundles;
    private Machine machine;
    private SmmuDriver smmu;
    private Load load;
    private Slot slot;
    private int stream;

    @Configuration
    public Option[] shipped() throws Exception {
        FaultyBundles.build();
        return options(
                ShippedFeatures.provision(
                        "backplane-core", "backplane-virt", "backplane-smmuv3-emulated", "backplane-gicv3",
                        "backplane-devices"),
                frameworkProperty("backplane.callback-limit").value("1000"),
                frameworkProperty("backplane.transaction-limit").value("500"));
    }

    @Before
    public void makeBoard() throws Exception {
        System.clearProperty(Fault.RELEASE);
        bundles = new Bundles(context);
        Board board = boards.create(new BoardDefinition(
                "faults",
                "virt",
                Map.of("gic-version", "3", "iommu", "smmuv3", "clock", "manual", "memory", "64M"),
                List.of(new DeviceRequest("edu", "edu0", "", "", Map.of("dma_mask", "0xffffffff")))));
        assertThat(board.awaitComplete(PATIENCE)).as("board complete; why: %s", board.why()).isTrue();
        machine = new Machine(board);
        program();
    }

    /** Brings SMMU and edu to work after a reset, and starts the load. */
    private void program() {
        smmu = new SmmuDriver(machine, 0x0905_0000L, RAM + 0x10_0000);
        smmu.enable();
        var edu = new EduDriver(machine, "edu0", 0x1000_0000L);
        smmu.attach(edu.streamId());
        smmu.map(edu.streamId(), 0x10_0000, RAM + 0x80_0000);
        startLoad(edu);
    }

    private void startLoad(EduDriver edu) {
        load = new Load();
        load.start("transfers", number -> {
            machine.write(RAM + 0x80_0000, 8, number);
            edu.transfer(0x10_0000, 0, 8, false);
            machine.write(RAM + 0x80_0000, 8, -1);
            edu.transfer(0x10_0000, 0, 8, true);
            assertThat(machine.read(RAM + 0x80_0000, 8)).as("transfer %d", number).isEqualTo(number);
        });
    }

    @After
    public void theRestGoesOn() throws Exception {
        try {
            load.awaitProgress(2);
            load.finish();
            assertThat(machine.slot("edu0").aborts()).isZero();
            assertThat(machine.slot("smmu0").aborts()).isZero();
        } finally {
            System.setProperty(Fault.RELEASE, "true");
            load.close();
            boards.destroy("faults");
            for (Bundle bundle : context.getBundles()) {
                if (FaultyBundles.NAME.equals(bundle.getSymbolicName())) {
                    bundle.uninstall();
                }
            }
        }
    }

    /** Installs a version of the provider and plugs its device. */
    private void plug(Fault fault) throws Exception {
        bundles.start(FaultyBundles.jar(fault));
        slot = machine.board().plug(new DeviceRequest("faulty", "f0", "", "", Map.of()));
        var function = slot.pciAddress().orElseThrow();
        stream = function.requesterId();
        machine.config(function, 0x10, 4, (int) BAR);
        machine.config(function, 4, 2, 0x6);
        machine.write(BAR, 8, SCRATCH);
    }

    private List<String> events() {
        return slot.history().stream().map(Slot.HistoryEntry::event).toList();
    }

    private PlugException refusedUpdate(Fault fault) {
        return catchThrowableOfType(
                PlugException.class, () -> machine.board().update("f0", FaultyBundles.jar(fault)));
    }

    // A newcomer that fails: the old one goes on.

    private void theOldGoesOnBeside(Fault newcomer, String... told) throws Exception {
        plug(Fault.NONE);
        PlugException refused = refusedUpdate(newcomer);
        assertThat(refused)
                .as("%s", newcomer)
                .isNotNull()
                .hasMessageContaining("goes on")
                .hasMessageContainingAll(told);
        assertThat(slot.state()).isEqualTo(State.RUNNING);
        assertThat(slot.provider().orElseThrow()).contains("1.0.0");
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
        assertThat(slot.history().toString()).contains(told);
    }

    /** The same fault where nobody serves yet: the device is not plugged, and nothing of it stays. */
    private void isNotPlugged(Fault fault, String... told) throws Exception {
        bundles.start(FaultyBundles.jar(fault));
        PlugException refused = catchThrowableOfType(
                PlugException.class,
                () -> machine.board().plug(new DeviceRequest("faulty", "f0", "", "", Map.of())));
        assertThat(refused).as("%s", fault).isNotNull().hasMessageContainingAll(told);
        assertThat(machine.board().slot("f0")).isEmpty();
    }

    @Test
    public void activationThrows() throws Exception {
        plug(Fault.NONE);
        assertThat(refusedUpdate(Fault.ACTIVATE_THROWS)).hasMessageContaining("goes on");
        assertThat(slot.state()).isEqualTo(State.RUNNING);
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
    }

    @Test
    public void activationHangs() throws Exception {
        plug(Fault.NONE);
        Thread update = Thread.ofPlatform().start(() -> refusedUpdate(Fault.ACTIVATE_HANGS));
        load.awaitProgress(20);
        assertThat(slot.state()).isEqualTo(State.RUNNING);
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
        System.setProperty(Fault.RELEASE, "true");
        assertThat(update.join(PATIENCE)).as("the update ends when the activation does").isTrue();
        assertThat(slot.state()).isEqualTo(State.RUNNING);
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
    }

    @Test
    public void propertiesThrow() throws Exception {
        theOldGoesOnBeside(Fault.PROPERTIES_THROWS, "injected into properties");
    }

    @Test
    public void propertiesAreNull() throws Exception {
        theOldGoesOnBeside(Fault.PROPERTIES_NULL, "properties");
    }

    @Test
    public void createThrows() throws Exception {
        theOldGoesOnBeside(Fault.CREATE_THROWS, "injected into create");
    }

    @Test
    public void createThrowsAtPlug() throws Exception {
        isNotPlugged(Fault.CREATE_THROWS, "injected into create");
    }

    @Test
    public void createHangs() throws Exception {
        theOldGoesOnBeside(Fault.CREATE_HANGS, "create" + LATE);
    }

    @Test
    public void createAnswersNull() throws Exception {
        theOldGoesOnBeside(Fault.CREATE_NULL, "null");
    }

    @Test
    public void describeThrows() throws Exception {
        theOldGoesOnBeside(Fault.DESCRIBE_THROWS, "injected into describe");
    }

    @Test
    public void describeAnswersNull() throws Exception {
        theOldGoesOnBeside(Fault.DESCRIBE_NULL, "describe");
    }

    @Test
    public void describeAnswersAnotherFunction() throws Exception {
        theOldGoesOnBeside(Fault.DESCRIBE_OTHER, "1234:fa02");
    }

    @Test
    public void realizeRefuses() throws Exception {
        theOldGoesOnBeside(Fault.REALIZE_REFUSES, "injected into realize");
    }

    @Test
    public void realizeThrows() throws Exception {
        theOldGoesOnBeside(Fault.REALIZE_THROWS, "injected into realize");
    }

    @Test
    public void realizeThrowsAnError() throws Exception {
        theOldGoesOnBeside(Fault.REALIZE_ERROR, "injected into realize");
    }

    @Test
    public void realizeHangs() throws Exception {
        theOldGoesOnBeside(Fault.REALIZE_HANGS, "realize" + LATE);
    }

    @Test
    public void realizeHangsAtPlug() throws Exception {
        isNotPlugged(Fault.REALIZE_HANGS, "realize" + LATE);
    }

    @Test
    public void restoreRefuses() throws Exception {
        theOldGoesOnBeside(Fault.RESTORE_REFUSES, "injected into restore");
    }

    @Test
    public void restoreThrows() throws Exception {
        theOldGoesOnBeside(Fault.RESTORE_THROWS, "injected into restore");
    }

    @Test
    public void restoreHangs() throws Exception {
        theOldGoesOnBeside(Fault.RESTORE_HANGS, "restore" + LATE);
    }

    // After the switch the state is kept: the slot waits for one that can.

    private void theStateIsKeptFromOneThatCannotResume(Fault newcomer) throws Exception {
        plug(Fault.NONE);
        assertThat(refusedUpdate(newcomer)).as("%s", newcomer).hasMessageContaining("resume");
        await().atMost(PATIENCE).untilAsserted(() ->
                assertThat(slot.state()).as("%s", slot.history()).isEqualTo(State.RUNNING));
        assertThat(machine.read(BAR, 8)).as("the state, in a model of the old version").isEqualTo(SCRATCH);
        assertThat(events()).contains("REFUSED", "PARKED", "RESUMED");
    }

    @Test
    public void resumeThrows() throws Exception {
        theStateIsKeptFromOneThatCannotResume(Fault.RESUME_THROWS);
    }

    @Test
    public void resumeHangs() throws Exception {
        plug(Fault.NONE);
        assertThat(refusedUpdate(Fault.RESUME_HANGS)).hasMessageContaining("resume" + LATE);
        await().atMost(PATIENCE).untilAsserted(() ->
                assertThat(slot.state()).as("%s", slot.history()).isEqualTo(State.RUNNING));
        assertThat(machine.read(BAR, 8)).as("the state, in a model of the old version").isEqualTo(SCRATCH);
        assertThat(events()).contains("REFUSED");
    }

    // One that serves and fails when it is to leave.

    private void theNewOneDoesNotGetTheState(Fault serving, String told) throws Exception {
        plug(serving);
        assertThat(refusedUpdate(Fault.NONE)).as("%s", serving).hasMessageContaining(told);
        assertThat(slot.history().toString()).contains(told);
    }

    @Test
    public void saveThrows() throws Exception {
        theNewOneDoesNotGetTheState(Fault.SAVE_THROWS, "injected into save");
        assertThat(slot.state()).isEqualTo(State.RUNNING);
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
    }

    @Test
    public void saveAnswersNull() throws Exception {
        theNewOneDoesNotGetTheState(Fault.SAVE_NULL, "save");
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
    }

    @Test
    public void saveHangs() throws Exception {
        theNewOneDoesNotGetTheState(Fault.SAVE_HANGS, "save" + LATE);
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
    }

    @Test
    public void quiesceThrows() throws Exception {
        theNewOneDoesNotGetTheState(Fault.QUIESCE_THROWS, "injected into quiesce");
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
    }

    @Test
    public void quiesceHangs() throws Exception {
        theNewOneDoesNotGetTheState(Fault.QUIESCE_HANGS, "quiesce" + LATE);
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
    }

    @Test
    public void saveThrowsWhenTheBundleStops() throws Exception {
        plug(Fault.SAVE_THROWS);
        bundles.find(FaultyBundles.NAME).stop();
        assertThat(slot.state()).isEqualTo(State.PARKED);
        assertThat(events()).contains("STATE_LOST");
        assertThat(slot.why()).isNotEmpty();
    }

    @Test
    public void quiesceHangsWhenTheBundleStops() throws Exception {
        plug(Fault.QUIESCE_HANGS);
        bundles.find(FaultyBundles.NAME).stop();
        await().atMost(PATIENCE).until(() -> slot.state() == State.PARKED);
        assertThat(events()).contains("QUIESCE_FAILED");
    }

    private void theNewOneServesAllTheSame(Fault serving, String event) throws Exception {
        plug(serving);
        machine.board().update("f0", FaultyBundles.jar(Fault.NONE));
        assertThat(slot.provider().orElseThrow()).contains("1.0.0");
        assertThat(machine.read(BAR, 8)).isEqualTo(SCRATCH);
        assertThat(events()).contains(event);
    }

    @Test
    public void unrealizeThrows() throws Exception {
        theNewOneServesAllTheSame(Fault.UNREALIZE_THROWS, "UNREALIZE_FAILED");
    }

    @Test
    public void unrealizeHangs() throws Exception {
        theNewOneServesAllTheSame(Fault.UNREALIZE_HANGS, "UNREALIZE_FAILED");
    }

    @Test
    public void aThreadIsLeftBehind() throws Exception {
        theNewOneServesAllTheSame(Fault.LEAKS_THREAD, "HANDED_OVER");
        threadIsTold();
    }

    @Test
    public void aThreadIsLeftBehindWhenTheBundleStops() throws Exception {
        plug(Fault.LEAKS_THREAD);
        bundles.find(FaultyBundles.NAME).stop();
        assertThat(slot.state()).isEqualTo(State.PARKED);
        threadIsTold();
    }

    private void threadIsTold() {
        String version = "faulty 1." + Fault.LEAKS_THREAD.ordinal();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(slot.history()).anySatisfy(entry -> {
            assertThat(entry.event()).isEqualTo("THREAD_LEFT");
            assertThat(entry.detail()).contains(version, "left thread left-behind behind", "Fault.hang");
        }));
    }

    @Test
    public void whoLeavesNoThreadBehindIsNotBlamed() throws Exception {
        theNewOneServesAllTheSame(Fault.UNREALIZE_THROWS, "UNREALIZE_FAILED");
        bundles.find(FaultyBundles.NAME).stop();
        await().during(Duration.ofSeconds(1)).atMost(PATIENCE).until(() -> !events().contains("THREAD_LEFT"));
    }

    // Resets.

    private void failsInAReset(Fault fault, String told) throws Exception {
        plug(fault);
        load.finish();
        machine.board().reset(ResetKind.COLD);
        await().atMost(PATIENCE).until(() -> slot.state() == State.FAILED);
        assertThat(slot.why().toString()).contains(told);
        program();
    }

    @Test
    public void resetThrows() throws Exception {
        failsInAReset(Fault.RESET_THROWS, "injected into reset");
    }

    @Test
    public void resetHangs() throws Exception {
        failsInAReset(Fault.RESET_HANGS, "reset");
    }

    // Transactions.

    private void failsInATransaction(String told) {
        await().atMost(PATIENCE).until(() -> slot.state() == State.FAILED);
        assertThat(slot.why().toString()).contains(told);
        assertThat(slot.history()).anySatisfy(entry -> {
            assertThat(entry.event()).isEqualTo("FAILED");
            assertThat(entry.detail()).contains(told);
        });
        assertThat(access(BAR, false)).as("an access to the failed device").isInstanceOf(TransactionResult.Fault.class);
    }

    /** {@return how an access of software ends} */
    private TransactionResult access(long address, boolean write) {
        DmaPort port = machine.board().systemPort("trap");
        TransactionContext thread = machine.board().epochs().context();
        return Machine.end(thread, write ? port.write(thread, address, 8, 0) : port.read(thread, address, 8)).result();
    }

    /** Makes an access that hangs, on a thread of its own, and waits until the engine has cut the device off. */
    private Thread hangingAccess(long address, boolean write, long value) {
        return Thread.ofPlatform().daemon().start(() -> {
            DmaPort port = machine.board().systemPort("trap");
            TransactionContext thread = machine.board().epochs().context();
            if (write) {
                port.write(thread, address, 8, value);
            } else {
                port.read(thread, address, 4);
            }
        });
    }

    private void letGo(Thread hung) throws InterruptedException {
        System.setProperty(Fault.RELEASE, "true");
        assertThat(hung.join(PATIENCE)).as("the thread comes back").isTrue();
    }

    @Test
    public void registerReadThrows() throws Exception {
        plug(Fault.NONE);
        assertThat(access(TRAPS, false)).isEqualTo(TransactionResult.Fault.DEVICE_FAILED);
        failsInATransaction("injected into read");
    }

    @Test
    public void registerReadHangs() throws Exception {
        plug(Fault.NONE);
        Thread hung = hangingAccess(TRAPS + 4, false, 0);
        failsInATransaction(HANGS);
        letGo(hung);
    }

    @Test
    public void registerWriteThrows() throws Exception {
        plug(Fault.NONE);
        assertThat(access(TRAPS + 8, true)).isEqualTo(TransactionResult.Fault.DEVICE_FAILED);
        failsInATransaction("injected into write");
    }

    @Test
    public void registerWriteHangs() throws Exception {
        plug(Fault.NONE);
        Thread hung = hangingAccess(TRAPS + 8, true, 1);
        failsInATransaction(HANGS);
        letGo(hung);
    }

    @Test
    public void effectThrows() throws Exception {
        plug(Fault.NONE);
        access(TRAPS + 16, true);
        failsInATransaction("injected into effect");
    }

    @Test
    public void effectHangs() throws Exception {
        plug(Fault.NONE);
        Thread hung = hangingAccess(TRAPS + 16, true, 1);
        failsInATransaction(HANGS);
        letGo(hung);
    }

    @Test
    public void timerThrows() throws Exception {
        plug(Fault.NONE);
        access(TRAPS + 24, true);
        machine.step();
        failsInATransaction("injected into timer");
    }

    @Test
    public void timerHangs() throws Exception {
        plug(Fault.NONE);
        load.finish(); // its thread moves the clock, too, and would be the one that hangs
        machine.write(TRAPS + 24, 8, 1);
        Thread hung = Thread.ofPlatform().daemon().start(machine::stepAlone);
        failsInATransaction(HANGS);
        letGo(hung);
        startLoad(new EduDriver(machine, "edu0", 0x1000_0000L));
    }

    @Test
    public void dmaCompletionThrows() throws Exception {
        plug(Fault.NONE);
        holdDma();
        access(TRAPS + 32, true);
        bundles.find("dev.backplane.smmuv3.emulated").start();
        failsInATransaction("injected into completion");
    }

    @Test
    public void dmaCompletionHangs() throws Exception {
        plug(Fault.NONE);
        holdDma();
        hangingAccess(TRAPS + 32, true, 1).join(PATIENCE);
        bundles.find("dev.backplane.smmuv3.emulated").start();
        failsInATransaction(HANGS);
    }

    /** Parks the SMMU that the device's DMA goes through. */
    private void holdDma() throws Exception {
        smmu.attach(stream);
        smmu.map(stream, 0x10_0000, RAM + 0x90_0000);
        machine.write(BAR + 8, 8, 0x10_0000);
        bundles.find("dev.backplane.smmuv3.emulated").stop();
    }

    @Test
    public void aFailedDeviceIsReplacedByPluggingItAnew() throws Exception {
        plug(Fault.NONE);
        access(TRAPS, false);
        failsInATransaction("injected into read");
        machine.board().unplug("f0");
        for (Bundle bundle : context.getBundles()) {
            if (FaultyBundles.NAME.equals(bundle.getSymbolicName())) {
                bundle.uninstall();
            }
        }
        plug(Fault.NONE);
        assertThat(slot.state()).isEqualTo(State.RUNNING);
    }
}
