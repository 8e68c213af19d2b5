package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineType;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.core.board.seat.SeatActivator;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/** The component and the bundle seats in a real framework; the test plays the component runtime. */
class BundleSeatsTest {
    private static final long DEVICE = 0x0A00_2000L;
    private static final List<String> CLASSES =
            List.of("SeatActivator", "SeatActivator$Factory", "SeatActivator$SeatDevice");

    @TempDir
    private Path folder;

    private Framework framework;
    private BoardsComponent boards;
    private ServiceTracker<DeviceFactory, DeviceFactory> tracker;

    @BeforeEach
    void start() throws Exception {
        System.clearProperty(SeatActivator.RELEASE);
        System.clearProperty(SeatActivator.RESTORING);
        framework = ServiceLoader.load(FrameworkFactory.class).findFirst().orElseThrow()
                .newFramework(Map.of(
                        BoardsComponent.CALLBACK_LIMIT, "2000",
                        DeployFolder.FOLDERS, folder.resolve("deploy").toString(),
                        Constants.FRAMEWORK_STORAGE, folder.resolve("cache").toString(),
                        Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA,
                        "dev.backplane.device,dev.backplane.memory,dev.backplane.irq,dev.backplane.time,"
                                + "dev.backplane.pci"));
        framework.start();
        BundleContext context = framework.getBundleContext();
        boards = new BoardsComponent(context);
        tracker = new ServiceTracker<>(context, DeviceFactory.class, new ServiceTrackerCustomizer<>() {
            @Override
            public DeviceFactory addingService(ServiceReference<DeviceFactory> reference) {
                DeviceFactory factory = context.getService(reference);
                boards.addFactory(reference, factory);
                return factory;
            }

            @Override
            public void modifiedService(ServiceReference<DeviceFactory> reference, DeviceFactory factory) {
                boards.updatedFactory(reference, factory);
            }

            @Override
            public void removedService(ServiceReference<DeviceFactory> reference, DeviceFactory factory) {
                boards.removeFactory(reference);
                context.ungetService(reference);
            }
        });
        tracker.open();
        var journal = new ArrayList<String>();
        for (String type : List.of("controller", "timer")) {
            Hashtable<String, Object> properties = new Hashtable<>();
            properties.put(DeviceFactory.TYPE, type);
            context.registerService(DeviceFactory.class, new FakeDevice.Factory(type, journal), properties);
        }
        Hashtable<String, Object> machine = new Hashtable<>();
        machine.put(MachineType.NAME, "fake");
        ServiceReference<MachineType> reference = context.registerService(
                        MachineType.class, new FakeMachine(), machine)
                .getReference();
        boards.addMachine(reference, context.getService(reference));
    }

    @AfterEach
    void stop() throws Exception {
        System.setProperty(SeatActivator.RELEASE, "true");
        boards.deactivate();
        tracker.close();
        framework.stop();
        framework.waitForStop(20_000);
    }

    private Path jar(String name, String version) throws IOException {
        Path file = Files.createTempFile(folder, name, ".jar");
        var manifest = new Manifest();
        Attributes main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.putValue(Constants.BUNDLE_MANIFESTVERSION, "2");
        main.putValue(Constants.BUNDLE_SYMBOLICNAME, name);
        main.putValue(Constants.BUNDLE_VERSION, version);
        main.putValue(Constants.BUNDLE_ACTIVATOR, "dev.backplane.core.board.seat.SeatActivator");
        main.putValue(
                Constants.IMPORT_PACKAGE,
                "dev.backplane.device,dev.backplane.memory,dev.backplane.irq,dev.backplane.time,org.osgi.framework");
        try (var out = new JarOutputStream(Files.newOutputStream(file), manifest)) {
            for (String type : CLASSES) {
                String path = "dev/backplane/core/board/seat/" + type + ".class";
                out.putNextEntry(new JarEntry(path));
                try (InputStream in = getClass().getClassLoader().getResourceAsStream(path)) {
                    in.transferTo(out);
                }
            }
        }
        return file;
    }

    private Board board() throws InterruptedException {
        return board("b", "dev");
    }

    private Board board(String name, String... slots) throws InterruptedException {
        Board board = boards.create(new BoardDefinition(
                name, "fake", Map.of(), Arrays.stream(slots).map(slot -> Bench.device("plain", slot)).toList()));
        assertThat(board.awaitComplete(Duration.ofSeconds(20))).as("%s", board.why()).isTrue();
        return board;
    }

    private Bundle install(String name, String version) throws Exception {
        Bundle bundle = framework.getBundleContext().installBundle(jar(name, version).toUri().toString());
        bundle.start();
        return bundle;
    }

    private static void assertServedBy(Slot slot, String version, Bundle bundle) {
        assertThat(slot.provider()).contains("seat %s [%d]".formatted(version, bundle.getBundleId()));
    }

    private Bundle serving(Slot slot) {
        String provider = slot.provider().orElseThrow();
        return framework.getBundleContext()
                .getBundle(Long.parseLong(provider.substring(provider.indexOf('[') + 1, provider.indexOf(']'))));
    }

    private Bundle seat() {
        return framework.getBundleContext().getBundle("backplane-seat:seat");
    }

    private List<Bundle> active() {
        return Arrays.stream(framework.getBundleContext().getBundles())
                .filter(bundle -> "seat".equals(bundle.getSymbolicName()) && bundle.getState() == Bundle.ACTIVE)
                .toList();
    }

    private static WeakReference<ClassLoader> loader(Slot slot) {
        return new WeakReference<>(slot.with(DeviceModel.class, model -> model.getClass().getClassLoader())
                .orElseThrow());
    }

    @Test
    void updatesAlternateBetweenTwoSeatsAndLeaveNothingBehind() throws Exception {
        install("seat", "1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        Bench.write(board, DEVICE, 77);
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        var stop = new AtomicBoolean();
        var failure = new AtomicReference<Throwable>();
        var reads = new CountDownLatch(1);
        Thread traffic = Thread.ofPlatform().start(() -> {
            try {
                while (!stop.get()) {
                    assertThat(Bench.read(board, DEVICE)).isEqualTo(77);
                    reads.countDown();
                }
            } catch (Throwable thrown) {
                failure.set(thrown);
            }
        });
        assertThat(reads.await(20, TimeUnit.SECONDS)).isTrue();
        for (int round = 1; round <= 6; round++) {
            loaders.add(loader(slot));
            // The same version again, and newer ones.
            board.update("dev", jar("seat", "1." + round / 2 + ".0"));
            assertThat(slot.handOvers()).isEqualTo(round);
            assertThat(slot.provider().orElseThrow()).contains("1." + round / 2 + ".0");
        }
        stop.set(true);
        traffic.join();
        assertThat(failure.get()).isNull();
        assertThat(slot.aborts()).isZero();
        assertThat(framework.getBundleContext().getBundles()).hasSize(3);
        for (int i = 0; i < 100 && loaders.stream().anyMatch(loader -> loader.get() != null); i++) {
            System.gc();
            new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
        }
        assertThat(loaders).allMatch(loader -> loader.get() == null);
    }

    @Test
    void eitherSeatIsUpdatedInPlaceToTheVersionOfTheOther() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        Bench.write(board, DEVICE, 80);
        for (int round = 0; round < 2; round++) {
            board.update("dev", jar("seat", "1." + round + ".0"));
            Bundle serving = Arrays.stream(framework.getBundleContext().getBundles())
                    .filter(bundle -> "seat".equals(bundle.getSymbolicName()) && bundle.getState() == Bundle.ACTIVE)
                    .findFirst()
                    .orElseThrow();
            assertThat(serving.equals(first)).isEqualTo(round == 1);
            Bundle idle = framework.getBundleContext().getBundles()[serving.equals(first) ? 2 : 1];
            try (InputStream in = Files.newInputStream(jar("seat", idle.getVersion().toString()))) {
                serving.update(in);
            }
            assertThat(board.awaitComplete(Duration.ofSeconds(20))).as("%s", board.why()).isTrue();
            assertThat(slot.provider().orElseThrow()).contains("[" + serving.getBundleId() + "]");
            assertThat(Bench.read(board, DEVICE)).isEqualTo(80);
        }
        // A bundle that has nothing to do with the seats is no exception.
        assertThatThrownBy(() -> install("seat", first.getVersion().toString()))
                .isInstanceOf(BundleException.class)
                .hasMessageContaining("not unique");
    }

    @Test
    void anOriginalThatIsStartedAgainIsNoObstacle() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        for (int round = 1; round <= 3; round++) {
            board.update("dev", jar("seat", "1." + round + ".0"));
            assertServedBy(slot, "1." + round + ".0", serving(slot));
            assertThat(active()).containsExactly(serving(slot));
            Bundle other = serving(slot).equals(first) ? seat() : first;
            other.start();
        }
        assertThat(framework.getBundleContext().getBundles()).hasSize(3);
    }

    @Test
    void aTwinThatServesAnotherSlotIsLeftAlone() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board("b", "one", "two", "three");
        Slot one = board.slot("one").orElseThrow();
        Slot two = board.slot("two").orElseThrow();
        Slot three = board.slot("three").orElseThrow();
        board.update("one", jar("seat", "1.1.0"));
        Bundle second = serving(one);
        first.start();
        board.select("two", Long.toString(first.getBundleId()));
        board.update("one", jar("seat", "1.2.0"));
        Bundle third = serving(one);
        assertServedBy(one, "1.2.0", third);
        assertServedBy(two, "1.0.0", first);
        assertServedBy(three, "1.2.0", third);
        second.start();
        board.select("three", Long.toString(second.getBundleId()));
        assertThatThrownBy(() -> board.update("one", jar("seat", "1.3.0")))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("seat 1.0.0 [%d] serves slot two of board b".formatted(first.getBundleId()))
                .hasMessageContaining("seat 1.1.0 [%d] serves slot three of board b".formatted(second.getBundleId()));
        assertServedBy(one, "1.2.0", third);
        assertServedBy(two, "1.0.0", first);
        assertServedBy(three, "1.1.0", second);
    }

    @Test
    void aSeatServesAlsoWhenTheOriginalIsUninstalled() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        board.update("dev", jar("seat", "1.1.0"));
        first.uninstall();
        for (int round = 2; round <= 4; round++) {
            board.update("dev", jar("seat", "1." + round + ".0"));
            assertServedBy(slot, "1." + round + ".0", serving(slot));
            assertThat(active()).containsExactly(serving(slot));
        }
    }

    @Test
    void afterARestartOfTheFrameworkTheVersionThatServedLastStarts() throws Exception {
        install("seat", "1.0.0");
        Board board = board();
        for (int round = 1; round <= 2; round++) {
            board.update("dev", jar("seat", "1." + round + ".0"));
            boards.destroy("b");
            stop();
            start();
            assertThat(active())
                    .extracting(bundle -> bundle.getVersion().toString())
                    .containsExactly("1." + round + ".0");
            board = board();
        }
    }

    @Test
    void aBundleThatCannotServeChangesNothing() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        Bench.write(board, DEVICE, 78);
        assertThatThrownBy(() -> board.update("dev", jar("seat", "9.0.0")))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("does not start")
                .hasMessageContaining("goes on");
        assertThatThrownBy(() -> board.update("dev", jar("other", "1.0.0")))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("expected another version of bundle seat");
        assertThatThrownBy(() -> board.update("dev", folder.resolve("missing.jar")))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("missing.jar");
        Path text = Files.writeString(folder.resolve("text.jar"), "no jar");
        assertThatThrownBy(() -> board.update("dev", text))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("text.jar is no bundle: expected another version of bundle seat");
        assertThat(slot.provider().orElseThrow()).contains("[" + first.getBundleId() + "]");
        assertThat(Bench.read(board, DEVICE)).isEqualTo(78);
        board.update("dev", jar("seat", "2.0.0"));
        assertThat(slot.provider().orElseThrow()).contains("2.0.0");
        assertThat(Bench.read(board, DEVICE)).isEqualTo(78);
    }

    @ParameterizedTest
    @ValueSource(strings = {"8.0.0", "8.1.0"})
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void anActivatorThatDoesNotReturnFromStartIsGivenUp(String version) throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        String reason = "seat %s [2] does not start within 2000 ms: seat 1.0.0 [%d] goes on"
                .formatted(version, first.getBundleId());
        assertThatThrownBy(() -> board.update("dev", jar("seat", version)))
                .isInstanceOf(PlugException.class)
                .hasMessage(reason);
        assertThat(slot.history()).anyMatch(entry ->
                entry.event().equals("UPDATE_REFUSED") && entry.detail().equals(reason));
        assertServedBy(slot, "1.0.0", first);
        board.update("dev", jar("seat", "1.1.0"));
        assertServedBy(slot, "1.1.0", serving(slot));
        System.setProperty(SeatActivator.RELEASE, "true");
        await().until(() -> seat().getState() == Bundle.INSTALLED);
        for (int round = 2; round <= 4; round++) {
            board.update("dev", jar("seat", "1." + round + ".0"));
            assertServedBy(slot, "1." + round + ".0", serving(slot));
            assertThat(active()).containsExactly(serving(slot));
        }
        assertThat(slot.aborts()).isZero();
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void anActivatorThatDoesNotReturnFromStopIsLeftAlone() throws Exception {
        Bundle first = install("seat", "7.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        board.update("dev", jar("seat", "7.1.0"));
        assertServedBy(slot, "7.1.0", seat());
        String late = "seat 7.0.0 [%d] does not stop within 2000 ms".formatted(first.getBundleId());
        assertThat(slot.history()).anyMatch(entry ->
                entry.event().equals("STOP_HANGS") && entry.detail().equals(late));
        board.update("dev", jar("seat", "7.2.0"));
        Bundle third = serving(slot);
        assertServedBy(slot, "7.2.0", third);
        assertThatThrownBy(() -> board.update("dev", jar("seat", "7.3.0")))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining(late)
                .hasMessageContaining("seat 7.1.0 [2] does not stop");
        assertServedBy(slot, "7.2.0", third);
        // Nobody else gets what a bundle offers that is on its way out.
        assertServedBy(board("c", "dev").slot("dev").orElseThrow(), "7.2.0", third);
        System.setProperty(SeatActivator.RELEASE, "true");
        await().until(() -> first.getState() == Bundle.INSTALLED && seat().getState() == Bundle.INSTALLED);
        board.update("dev", jar("seat", "7.4.0"));
        assertServedBy(slot, "7.4.0", serving(slot));
        assertThat(framework.getBundleContext().getBundles()).hasSize(4);
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void updatesOfOtherProvidersDoNotWait() throws Exception {
        install("seat", "1.0.0");
        Board board = board("b", "one", "two");
        Bundle other = install("other", "1.0.0");
        board.select("two", Long.toString(other.getBundleId()));
        Path hanging = jar("seat", "8.0.0");
        Path jar = jar("other", "1.1.0");
        Thread waiting = Thread.ofPlatform().start(() ->
                assertThatThrownBy(() -> board.update("one", hanging)).hasMessageContaining("does not start within"));
        await().until(() -> seat() != null && seat().getState() == Bundle.STARTING);
        board.update("two", jar);
        assertThat(waiting.isAlive()).isTrue();
        assertThat(board.slot("two").orElseThrow().provider().orElseThrow()).contains("other 1.1.0");
        waiting.join();
    }

    /** Begins an update of board b's slot that waits in restore. {@return how it ended} */
    private CompletableFuture<String> restoring(Board board) throws Exception {
        Path jar = jar("seat", "6.0.0");
        var ended = new CompletableFuture<String>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                board.update("dev", jar);
                ended.complete("");
            } catch (Throwable thrown) {
                ended.complete(thrown.toString());
            }
        });
        await().until(() -> Boolean.getBoolean(SeatActivator.RESTORING));
        return ended;
    }

    @Test
    void aBoardThatIsDestroyedMeanwhileIsLeftOut() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        board("c", "dev");
        CompletableFuture<String> update = restoring(board);
        boards.destroy("c");
        System.setProperty(SeatActivator.RELEASE, "true");
        assertThat(update.get(20, TimeUnit.SECONDS)).isEmpty();
        assertServedBy(board.slot("dev").orElseThrow(), "6.0.0", seat());
        assertThat(first.getState()).isEqualTo(Bundle.INSTALLED);
    }

    @Test
    void aSlotThatIsUnpluggedMeanwhileIsNotTaken() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Board other = board("c");
        Slot one = other.plug(Bench.device("plain", "one"));
        Slot two = other.plug(Bench.device("plain", "two"));
        CompletableFuture<String> update = restoring(board);
        other.unplug("one");
        System.setProperty(SeatActivator.RELEASE, "true");
        assertThat(update.get(20, TimeUnit.SECONDS)).isEmpty();
        assertThat(one.provider()).isEmpty();
        assertServedBy(board.slot("dev").orElseThrow(), "6.0.0", seat());
        assertServedBy(two, "6.0.0", seat());
        assertThat(first.getState()).isEqualTo(Bundle.INSTALLED);
    }

    @Test
    void theUpdateSaysSoWhenItsOwnSlotIsGone() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Slot other = board("c", "dev").slot("dev").orElseThrow();
        CompletableFuture<String> update = restoring(board);
        Thread destroying = Thread.ofPlatform().start(() -> boards.destroy("b"));
        await().until(() -> boards.find("b").isEmpty());
        System.setProperty(SeatActivator.RELEASE, "true");
        assertThat(update.get(20, TimeUnit.SECONDS)).contains("slot dev is gone");
        destroying.join();
        assertServedBy(other, "6.0.0", seat());
        assertThat(first.getState()).isEqualTo(Bundle.INSTALLED);
    }

    @Test
    void allSlotsGoBackWhenOneCannotBeServed() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Board other = board("c", "dev");
        Bench.write(board, DEVICE, 12);
        Bench.write(other, DEVICE, 13);
        assertThatThrownBy(() -> other.update("dev", jar("seat", "5.0.0")))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("13 is not welcome")
                .hasMessageEndingWith("; seat 1.0.0 [%d] goes on".formatted(first.getBundleId()));
        assertThat(active()).containsExactly(first);
        assertThat(Bench.read(board, DEVICE)).isEqualTo(12);
        assertThat(Bench.read(other, DEVICE)).isEqualTo(13);
    }

    @Test
    void aSlotThatCannotGoBackKeepsTheSeatAtWork() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Board other = board("c", "dev");
        Bench.write(board, DEVICE, 12);
        Bench.write(other, DEVICE, 13);
        assertThatThrownBy(() -> other.update("dev", jar("seat", "5.1.0")))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("seat 1.0.0 [%d] goes on".formatted(first.getBundleId()))
                .hasMessageContaining("seat 5.1.0 [2] serves slot dev of board b");
        assertThat(active()).containsExactly(first, seat());
        assertThat(Bench.read(board, DEVICE)).isEqualTo(12);
        assertThat(Bench.read(other, DEVICE)).isEqualTo(13);
        other.update("dev", jar("seat", "1.1.0"));
        assertThat(other.slot("dev").orElseThrow().provider().orElseThrow()).contains("1.1.0");
        assertServedBy(board.slot("dev").orElseThrow(), "5.1.0", seat());
        assertThat(Bench.read(board, DEVICE)).isEqualTo(12);
    }

    private static String factory(Slot slot) {
        return slot.with(DeviceModel.class, Object::toString).orElseThrow();
    }

    @Test
    void eachSlotGetsTheFactoryOfTheNewVersionThatIsThereForIt() throws Exception {
        install("seat", "1.0.2");
        Board board = board();
        Slot usual = board.slot("dev").orElseThrow();
        Slot other = board.plug(new DeviceRequest("plain", "other", "", "", Map.of("accel", "on")));
        for (String version : List.of("1.1.2", "1.2.2")) {
            board.update("dev", jar("seat", version));
            assertServedBy(usual, version, serving(usual));
            assertServedBy(other, version, serving(usual));
            assertThat(factory(usual)).isEqualTo("usual");
            assertThat(factory(other)).isEqualTo("other");
        }
        assertThat(usual.handOvers()).isEqualTo(2);
        assertThat(other.handOvers()).isEqualTo(2);
        // One whose factory has gone is no reason to leave the old version.
        assertThatThrownBy(() -> board.update("dev", jar("seat", "1.2.4")))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("offers device type plain only for other property values than slot other has");
        assertServedBy(other, "1.2.2", serving(usual));
    }

    @Test
    void theBestFactoryOfTheNewVersionServes() throws Exception {
        install("seat", "1.0.3");
        Board board = board();
        board.update("dev", jar("seat", "1.1.3"));
        Slot slot = board.slot("dev").orElseThrow();
        assertServedBy(slot, "1.1.3", seat());
        assertThat(factory(slot)).isEqualTo("usual");
        assertThat(slot.handOvers()).isOne();
    }

    @Test
    void aStoppedBundleParksItsSlotAndAStartedOneResumesIt() throws Exception {
        Bundle bundle = install("seat", "1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        Bench.write(board, DEVICE, 79);
        bundle.stop();
        assertThat(slot.state()).isEqualTo(Slot.State.PARKED);
        assertThat(slot.provider()).isEmpty();
        bundle.start();
        assertThat(board.awaitComplete(Duration.ofSeconds(20))).isTrue();
        assertThat(Bench.read(board, DEVICE)).isEqualTo(79);
        for (int i = 0; i < 3; i++) {
            try (InputStream in = Files.newInputStream(jar("seat", "1.0." + i))) {
                bundle.update(in);
            }
            assertThat(board.awaitComplete(Duration.ofSeconds(20))).isTrue();
            assertThat(Bench.read(board, DEVICE)).isEqualTo(79);
        }
    }

    /** As File Install does with a jar that comes. */
    private Bundle deploy(String version) throws Exception {
        Bundle bundle;
        try (InputStream in = Files.newInputStream(jar("seat", version))) {
            bundle = framework.getBundleContext().installBundle(
                    folder.resolve("deploy/seat-%s.jar".formatted(version)).toUri().toString().replace("///", "/"), in);
        }
        refresh(bundle);
        bundle.start();
        return bundle;
    }

    /** As File Install does when a jar is another one. */
    private void redeploy(Bundle bundle, String version) throws Exception {
        bundle.stop(Bundle.STOP_TRANSIENT);
        try (InputStream in = Files.newInputStream(jar("seat", version))) {
            bundle.update(in);
        }
        refresh(bundle);
        if (bundle.adapt(BundleStartLevel.class).isPersistentlyStarted()) {
            bundle.start();
        }
    }

    private void refresh(Bundle bundle) throws InterruptedException {
        var refreshed = new CountDownLatch(1);
        framework.adapt(FrameworkWiring.class).refreshBundles(List.of(bundle), event -> refreshed.countDown());
        assertThat(refreshed.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aJarThatIsReplacedInTheDeployFolderTakesOverFromTheSeat() throws Exception {
        Bundle deployed = deploy("1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        Bench.write(board, DEVICE, 81);
        for (int round = 1; round <= 5; round += 2) {
            board.update("dev", jar("seat", "1." + round + ".0"));
            assertServedBy(slot, "1." + round + ".0", seat());
            String next = "1." + (round + 1) + ".0";
            redeploy(deployed, next);
            await().untilAsserted(() -> {
                assertServedBy(slot, next, deployed);
                assertThat(active()).containsExactly(deployed);
            });
            assertThat(slot.handOvers()).isEqualTo(round + 1);
            assertThat(deployed.adapt(BundleStartLevel.class).isPersistentlyStarted()).isTrue();
        }
        assertThat(Bench.read(board, DEVICE)).isEqualTo(81);
    }

    @Test
    void aJarThatComesBackToTheDeployFolderTakesOverFromTheSeat() throws Exception {
        Bundle deployed = deploy("1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        board.update("dev", jar("seat", "1.1.0"));
        deployed.uninstall();
        assertServedBy(slot, "1.1.0", seat());
        Bundle back = deploy("1.2.0");
        await().untilAsserted(() -> {
            assertServedBy(slot, "1.2.0", back);
            assertThat(active()).containsExactly(back);
        });
        assertThat(slot.handOvers()).isEqualTo(2);
    }

    @Test
    void aJarThatIsReplacedTakesOverWithoutSlots() throws Exception {
        Bundle deployed = deploy("1.0.0");
        board().update("dev", jar("seat", "1.1.0"));
        boards.destroy("b");
        redeploy(deployed, "1.2.0");
        await().untilAsserted(() -> assertThat(active()).containsExactly(deployed));
    }

    @Test
    void aReplacedJarThatCannotServeLeavesTheSeatAtWorkAndTheHistorySaysWhy() throws Exception {
        Bundle deployed = deploy("1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        Bench.write(board, DEVICE, 13);
        board.update("dev", jar("seat", "1.1.0"));
        redeploy(deployed, "9.0.0");
        await().untilAsserted(() -> assertThat(slot.history()).anySatisfy(entry -> {
            assertThat(entry.event()).isEqualTo("UPDATE_REFUSED");
            assertThat(entry.detail()).contains("version 9 does not start").contains("goes on");
        }));
        redeploy(deployed, "5.0.0");
        await().untilAsserted(() -> assertThat(slot.history()).anySatisfy(entry -> {
            assertThat(entry.event()).isEqualTo("UPDATE_REFUSED");
            assertThat(entry.detail()).contains("13 is not welcome").contains("goes on");
        }));
        await().untilAsserted(() -> assertThat(active()).containsExactly(seat()));
        assertServedBy(slot, "1.1.0", seat());
        assertThat(Bench.read(board, DEVICE)).isEqualTo(13);
    }

    /** The user has chosen who serves what. */
    @Test
    void aReplacedJarWhoseBundleIsStartedTakesOverNothing() throws Exception {
        Bundle deployed = deploy("1.0.0");
        Board board = board("b", "one", "two");
        Slot one = board.slot("one").orElseThrow();
        Slot two = board.slot("two").orElseThrow();
        board.update("one", jar("seat", "1.1.0"));
        deployed.start();
        board.select("two", Long.toString(deployed.getBundleId()));
        redeploy(deployed, "1.2.0");
        await().untilAsserted(() -> assertServedBy(two, "1.2.0", deployed));
        assertServedBy(one, "1.1.0", seat());
        assertThat(active()).containsExactly(deployed, seat());
    }

    @Test
    void aBundleFromElsewhereThatIsReplacedStaysStopped() throws Exception {
        Bundle first = install("seat", "1.0.0");
        Board board = board();
        Slot slot = board.slot("dev").orElseThrow();
        board.update("dev", jar("seat", "1.1.0"));
        redeploy(first, "1.2.0");
        board.update("dev", jar("seat", "1.3.0"));
        assertServedBy(slot, "1.3.0", first);
        assertThat(slot.handOvers()).isEqualTo(2);
    }

    @Test
    void boardsAreServices() throws Exception {
        install("seat", "1.0.0");
        board();
        BundleContext context = framework.getBundleContext();
        assertThat(context.getServiceReferences(Board.class, "(backplane.board=b)")).hasSize(1);
        boards.destroy("b");
        assertThat(context.getServiceReferences(Board.class, "(backplane.board=b)")).isEmpty();
    }
}
