package dev.backplane.core.board;

import dev.backplane.board.PlugException;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.ModelFailure;
import dev.backplane.core.slot.Offer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.zip.ZipException;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.hooks.bundle.CollisionHook;
import org.osgi.framework.startlevel.BundleStartLevel;

/**
 * Two seats for each provider bundle: the bundle as it was installed, and a second one beside it. An update fills the
 * idle seat, lets its factories realize their models beside the serving ones, hands the slots over, and empties the
 * other seat. That the framework is to start the bundle goes from seat to seat with the slots: what was emptied does
 * not come back by itself. Nothing is ever uninstalled, because a framework keeps something of every bundle that it has
 * installed.
 */
final class BundleSeats implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(BundleSeats.class.getName());

    private final BundleContext context;
    private final BoardRegistry registry;
    private final SlotUse use;
    private final BundleSwitch power;
    private final SeatChoice choice;
    private final Map<String, Lock> updates = new ConcurrentHashMap<>();
    private final ThreadLocal<Boolean> filling = new ThreadLocal<>();
    private final ServiceRegistration<CollisionHook> hook;

    BundleSeats(BundleContext context, BoardRegistry registry, Limits limits) {
        this.context = context;
        this.registry = registry;
        use = new SlotUse(registry::engines);
        power = new BundleSwitch(
                context,
                limits,
                bundle -> registry.withdraw(offer -> offer.bundleId() == bundle.getBundleId()));
        choice = new SeatChoice(context, use, power);
        hook = context.registerService(CollisionHook.class, this::allowBothSeats, null);
    }

    /** The seats hold bundles of one symbolic name, perhaps of one version, whoever updates one of them. */
    private void allowBothSeats(int operation, Bundle target, Collection<Bundle> collisions) {
        if (isFilling()) {
            collisions.clear();
        } else if (operation == CollisionHook.UPDATING) {
            collisions.removeIf(other -> SeatChoice.isSeat(target) || SeatChoice.isSeat(other));
        }
    }

    /**
     * Replaces the bundle behind a slot, and with it behind all slots that it serves.
     *
     * @param slot the slot
     * @param file the new version of the bundle
     * @throws PlugException if it cannot serve; the old version goes on
     */
    void update(DeviceSlot slot, Path file) throws PlugException {
        serving(slot); // says so when there is nothing to replace
        String name = symbolicName(file);
        // Updates of other providers do not wait for this one.
        Lock lock = updates.computeIfAbsent(name, any -> new ReentrantLock());
        lock.lock();
        try {
            Bundle old = serving(slot);
            if (!name.equals(old.getSymbolicName())) {
                throw new PlugException("%s is %s: expected another version of bundle %s".formatted(
                        file, name.isEmpty() ? "no bundle" : "bundle " + name, old.getSymbolicName()));
            }
            Bundle seat = fill(slot, old, file);
            replace(List.of(slot), old, seat);
            requireServed(slot, seat);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets a bundle as it was installed serve again, whose content somebody has replaced: it takes the slots over from
     * the bundle beside it. When it cannot serve, that goes on, and the log says why.
     */
    void takeOver(Bundle original) {
        Lock lock = updates.computeIfAbsent(original.getSymbolicName(), any -> new ReentrantLock());
        lock.lock();
        try {
            for (Bundle serving : beside(original)) {
                List<DeviceSlot> slots = use.served(serving);
                replace(slots, serving, original);
                LOGGER.log(
                        System.Logger.Level.INFO,
                        "{0}, whose jar was replaced, serves in place of {1}",
                        SlotUse.label(original),
                        SlotUse.label(serving));
            }
        } catch (PlugException refused) {
            LOGGER.log(
                    System.Logger.Level.WARNING,
                    "{0}, whose jar was replaced, does not serve: {1}",
                    SlotUse.label(original),
                    refused.getMessage());
        } finally {
            lock.unlock();
        }
    }

    /** {@return the bundles that updates have put beside one that was installed, and that are started} */
    List<Bundle> beside(Bundle original) {
        return choice.beside(original);
    }

    /** {@return whether this thread is about to put the content of an update into a bundle} */
    boolean isFilling() {
        return Boolean.TRUE.equals(filling.get());
    }

    private Bundle serving(DeviceSlot slot) throws PlugException {
        Offer serving = slot.offer().orElseThrow(() -> new PlugException(
                "slot %s has no running device whose bundle could be replaced: start its bundle, or use felix:update"
                        .formatted(slot.name())));
        Bundle bundle = context.getBundle(serving.bundleId());
        if (bundle.equals(context.getBundle())) {
            throw new PlugException("slot %s is served by the engine's own bundle %s: update it by a restart"
                    .formatted(slot.name(), bundle.getSymbolicName()));
        }
        return bundle;
    }

    /**
     * Starts a bundle that has its content, and hands over to it what another one serves.
     *
     * @param told slots whose history says what goes wrong
     */
    private void replace(List<DeviceSlot> told, Bundle old, Bundle seat) throws PlugException {
        boolean autostart = old.adapt(BundleStartLevel.class).isPersistentlyStarted();
        try {
            power.start(seat);
            new SlotMoves(registry, old, seat).run();
        } catch (ModelFailure failure) {
            empty(told, seat);
            throw refused(told, "%s: %s goes on".formatted(failure.getMessage(), SlotUse.label(old)));
        } catch (PlugException refused) {
            empty(told, seat);
            throw refused(told, "%s; %s goes on%s".formatted(
                    refused.getMessage(), SlotUse.label(old), use.serves(seat) ? ", and " + use.text(seat) : ""));
        } catch (RuntimeException fault) {
            empty(told, seat);
            throw fault;
        }
        if (autostart) {
            markForAutostart(seat);
        }
        empty(told, old);
    }

    private static PlugException refused(List<DeviceSlot> told, String reason) {
        told.forEach(slot -> slot.updateRefused(reason));
        return new PlugException(reason);
    }

    /** A framework that starts again with its bundles as they are starts the version that served last. */
    private static void markForAutostart(Bundle seat) {
        try {
            seat.start(Bundle.START_ACTIVATION_POLICY);
        } catch (BundleException e) {
            LOGGER.log(
                    System.Logger.Level.WARNING,
                    "{0} will not be started with the framework: {1}",
                    SlotUse.label(seat),
                    e.getMessage());
        }
    }

    private void requireServed(DeviceSlot slot, Bundle seat) throws PlugException {
        if (!registry.slots().contains(slot)) {
            throw new PlugException("slot %s is gone, unplugged or with its board; %s serves what the old bundle served"
                    .formatted(slot.name(), SlotUse.label(seat)));
        }
        Optional<Offer> now = slot.offer();
        if (now.filter(offer -> offer.bundleId() == seat.getBundleId()).isEmpty()) {
            throw new PlugException("slot %s is served by %s, although %s was started for it: board:why %s".formatted(
                    slot.name(), now.map(Offer::provider).orElse("nobody"), SlotUse.label(seat), slot.name()));
        }
    }

    /** {@return the name of the bundle in a file; {@code ""} if there is none} */
    private static String symbolicName(Path file) throws PlugException {
        try (var jar = new JarFile(file.toFile())) {
            Manifest manifest = jar.getManifest();
            String header = manifest == null
                    ? null
                    : manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME);
            return header == null ? "" : header.split(";")[0].strip();
        } catch (ZipException noJar) {
            return "";
        } catch (IOException e) {
            throw new PlugException("cannot read %s: %s".formatted(file, e.getMessage()));
        }
    }

    private Bundle fill(DeviceSlot slot, Bundle old, Path file) throws PlugException {
        for (Bundle seat : choice.idle(old)) {
            if (stopped(List.of(slot), seat)) {
                put(file, in -> seat.update(in));
                return seat;
            }
        }
        String place = choice.place(old);
        put(file, in -> context.installBundle(place, in));
        return context.getBundle(place);
    }

    /** What is done with the content of a bundle. */
    private interface Filling {
        void fill(InputStream content) throws BundleException;
    }

    private void put(Path file, Filling into) throws PlugException {
        filling.set(true);
        try (InputStream in = Files.newInputStream(file)) {
            into.fill(in);
        } catch (BundleException | IOException e) {
            throw new PlugException("%s cannot be installed: %s".formatted(file, e.getMessage()));
        } finally {
            filling.remove();
        }
    }

    /** Stops a bundle, for good. {@return whether it is stopped} */
    private boolean stopped(List<DeviceSlot> told, Bundle bundle) {
        try {
            power.stop(bundle);
        } catch (ModelFailure failure) {
            LOGGER.log(System.Logger.Level.WARNING, failure.getMessage());
            if (failure.isHung()) {
                told.forEach(slot -> slot.stopHangs(failure.getMessage()));
                return false;
            }
        }
        return true;
    }

    /** Stops a seat, for good, and lets go of its classes; unless it serves slots all the same, or hangs. */
    private void empty(List<DeviceSlot> told, Bundle seat) {
        if (use.serves(seat)) {
            LOGGER.log(System.Logger.Level.WARNING, "{0}: it goes on", use.text(seat));
        } else if (power.hangs(seat).isEmpty() && stopped(told, seat)) {
            power.letGo(seat);
        }
    }

    /** {@return whether nobody waits any more for what a bundle does: what it offers is not taken} */
    boolean hasGivenUp(Bundle bundle) {
        return power.hangs(bundle).isPresent();
    }

    @Override
    public void close() {
        hook.unregister();
    }
}
