package dev.backplane.core.board;

import java.io.File;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkListener;
import org.osgi.framework.SynchronousBundleListener;
import org.osgi.framework.startlevel.BundleStartLevel;

/**
 * Jars in the folder that File Install watches. It does not start a bundle again that an update has stopped for good;
 * who replaces the jar wants what is in it to serve, so that it takes the slots over from the seat that has them.
 */
final class DeployFolder implements SynchronousBundleListener, AutoCloseable {
    /** Framework property of File Install: its folders, separated by commas. */
    static final String FOLDERS = "felix.fileinstall.dir";

    private static final System.Logger LOGGER = System.getLogger(DeployFolder.class.getName());
    private static final long REFRESH_SECONDS = 10;
    private static final long QUIET_SECONDS = 1;

    private final BundleContext context;
    private final BundleSeats seats;
    private final List<String> places;

    /** Of those who wait for refreshes to end: File Install refreshes what it has replaced, and stops it on the way. */
    private final List<Semaphore> refreshes = new CopyOnWriteArrayList<>();

    private final FrameworkListener refreshed = this::refreshed;

    /** Watches the bundles of the folders, if there are any. */
    DeployFolder(BundleContext context, BundleSeats seats) {
        this.context = context;
        this.seats = seats;
        String folders = context.getProperty(FOLDERS);
        places = folders == null
                ? List.of()
                : Stream.of(folders.split(",")).map(String::strip).map(DeployFolder::place).toList();
        if (!places.isEmpty()) {
            context.addFrameworkListener(refreshed);
            context.addBundleListener(this);
        }
    }

    /** {@return what the locations of a folder's bundles begin with} */
    private static String place(String folder) {
        File file = new File(folder);
        try {
            file = file.getCanonicalFile(); // as File Install has it
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.DEBUG, "deploy folder " + folder, e);
        }
        String uri = file.toURI().toString();
        return uri.endsWith("/") ? uri : uri + "/";
    }

    @Override
    public void bundleChanged(BundleEvent event) {
        Bundle bundle = event.getBundle();
        if (places.stream().noneMatch(bundle.getLocation()::startsWith) || seats.isFilling()) {
            return;
        }
        switch (event.getType()) {
            case BundleEvent.INSTALLED, BundleEvent.UPDATED -> replaced(bundle);
            case BundleEvent.UNINSTALLED -> removed(bundle);
            default -> { }
        }
    }

    private void replaced(Bundle bundle) {
        // One that is to be started serves what it did before, or what somebody selected.
        if (bundle.adapt(BundleStartLevel.class).isPersistentlyStarted() || seats.beside(bundle).isEmpty()) {
            return;
        }
        var ended = new Semaphore(0);
        refreshes.add(ended);
        Thread.ofPlatform().daemon().name("backplane-deployed").start(() -> {
            try {
                awaitQuiet(ended);
                seats.takeOver(bundle);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (IllegalStateException e) {
                LOGGER.log(System.Logger.Level.DEBUG, "bundle or framework went meanwhile", e);
            } finally {
                refreshes.remove(ended);
            }
        });
    }

    /** Waits for the refresh, and then until none has ended for a while: the first may have been an earlier one. */
    private static void awaitQuiet(Semaphore ended) throws InterruptedException {
        boolean another = ended.tryAcquire(REFRESH_SECONDS, TimeUnit.SECONDS);
        while (another) {
            another = ended.tryAcquire(QUIET_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void refreshed(FrameworkEvent event) {
        if (event.getType() == FrameworkEvent.PACKAGES_REFRESHED) {
            refreshes.forEach(Semaphore::release);
        }
    }

    private void removed(Bundle bundle) {
        for (Bundle seat : seats.beside(bundle)) {
            LOGGER.log(
                    System.Logger.Level.WARNING,
                    "{0} was removed from the deploy folder; {1}, which an update put beside it, goes on: "
                            + "felix:stop {2} ends it",
                    SlotUse.label(bundle),
                    SlotUse.label(seat),
                    Long.toString(seat.getBundleId()));
        }
    }

    @Override
    public void close() {
        context.removeBundleListener(this);
        context.removeFrameworkListener(refreshed);
    }
}
