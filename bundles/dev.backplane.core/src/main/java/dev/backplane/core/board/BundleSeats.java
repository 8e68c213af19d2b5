package dev.backplane.core.board;

import dev.backplane.board.PlugException;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.Offer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.hooks.bundle.CollisionHook;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.wiring.FrameworkWiring;

/**
 * Two seats for each provider bundle: the bundle as it was installed, and a second one beside it. An update fills the
 * idle seat, lets its factories realize their models beside the serving ones, hands the slots over, and empties the other
 * seat. That the framework is to start the bundle goes from seat to seat with the slots: what was emptied does not come
 * back by itself. Nothing is ever uninstalled, because a framework keeps something of every bundle that it has installed.
 */
final class BundleSeats implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(BundleSeats.class.getName());
    private static final long REFRESH_SECONDS = 10;

    private final BundleContext context;
    private final BoardRegistry registry;
    private final SlotUse use;
    private final SeatChoice choice;
    private final ThreadLocal<Boolean> filling = new ThreadLocal<>();
    private final ServiceRegistration<CollisionHook> hook;

    BundleSeats(BundleContext context, BoardRegistry registry) {
        this.context = context;
        this.registry = registry;
        use = new SlotUse(registry::engines);
        choice = new SeatChoice(context, use);
        hook = context.registerService(CollisionHook.class, this::allowBothSeats, null);
    }

    /** The seats hold bundles of one symbolic name, perhaps of one version, whoever updates one of them. */
    private void allowBothSeats(int operation, Bundle target, Collection<Bundle> collisions) {
        if (Boolean.TRUE.equals(filling.get())) {
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
    synchronized void update(DeviceSlot slot, Path file) throws PlugException {
        Offer serving = slot.offer().orElseThrow(() -> new PlugException(
                "slot %s has no running device whose bundle could be replaced: start its bundle, or use felix:update"
                        .formatted(slot.name())));
        Bundle old = context.getBundle(serving.bundleId());
        String name = old.getSymbolicName();
        if (old.equals(context.getBundle())) {
            throw new PlugException("slot %s is served by the engine's own bundle %s: update it by a restart"
                    .formatted(slot.name(), name));
        }
        requireSameName(name, file);
        Bundle seat = fill(old, file);
        try {
            seat.start(Bundle.START_TRANSIENT | Bundle.START_ACTIVATION_POLICY);
            handOver(old, seat);
        } catch (BundleException e) {
            empty(seat);
            throw new PlugException(
                    "%s does not start: %s; %s goes on".formatted(file, e.getMessage(), SlotUse.label(old)));
        } catch (PlugException refused) {
            empty(seat);
            throw new PlugException("%s; %s goes on".formatted(refused.getMessage(), SlotUse.label(old)));
        }
        passAutostart(old, seat);
        empty(old);
        requireServed(slot, seat);
    }

    /** A framework that starts again with its bundles as they are starts the version that served last. */
    private static void passAutostart(Bundle old, Bundle seat) {
        if (old.adapt(BundleStartLevel.class).isPersistentlyStarted()) {
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
    }

    private static void requireServed(DeviceSlot slot, Bundle seat) throws PlugException {
        Optional<Offer> now = slot.offer();
        if (now.filter(offer -> offer.bundleId() == seat.getBundleId()).isEmpty()) {
            throw new PlugException("slot %s is served by %s, although %s was started for it: board:why %s".formatted(
                    slot.name(), now.map(Offer::provider).orElse("nobody"), SlotUse.label(seat), slot.name()));
        }
    }

    private static void requireSameName(String expected, Path file) throws PlugException {
        try (var jar = new JarFile(file.toFile())) {
            Manifest manifest = jar.getManifest();
            String header = manifest == null
                    ? null
                    : manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME);
            String name = header == null ? "no bundle" : header.split(";")[0].strip();
            if (!name.equals(expected)) {
                throw new PlugException("%s is %s: expected another version of bundle %s"
                        .formatted(file, header == null ? name : "bundle " + name, expected));
            }
        } catch (IOException e) {
            throw new PlugException("cannot read %s: %s".formatted(file, e.getMessage()));
        }
    }

    private Bundle fill(Bundle old, Path file) throws PlugException {
        List<Bundle> idle = choice.idle(old);
        String place = idle.isEmpty() ? choice.place(old) : "";
        filling.set(true);
        try (InputStream in = Files.newInputStream(file)) {
            if (idle.isEmpty()) {
                return context.installBundle(place, in);
            }
            Bundle seat = idle.getFirst();
            seat.stop();
            seat.update(in);
            return seat;
        } catch (BundleException | IOException e) {
            throw new PlugException("%s cannot be installed: %s".formatted(file, e.getMessage()));
        } finally {
            filling.remove();
        }
    }

    /** Stops a seat, for good, and lets go of its classes; unless it serves slots all the same. */
    private void empty(Bundle seat) {
        if (use.serves(seat)) {
            LOGGER.log(System.Logger.Level.WARNING, "{0}: it goes on", use.text(seat));
            return;
        }
        try {
            seat.stop();
        } catch (BundleException e) {
            LOGGER.log(
                    System.Logger.Level.WARNING, "{0} does not stop: {1}", SlotUse.label(seat), e.getMessage());
        }
        var refreshed = new CountDownLatch(1);
        context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION)
                .adapt(FrameworkWiring.class)
                .refreshBundles(List.of(seat), event -> refreshed.countDown());
        try {
            if (!refreshed.await(REFRESH_SECONDS, TimeUnit.SECONDS)) {
                LOGGER.log(System.Logger.Level.WARNING, "{0} is not refreshed yet", SlotUse.label(seat));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One slot's way to the new seat. */
    private record Move(BoardEngine board, DeviceSlot slot, Offer from, Offer to) {}

    private void handOver(Bundle old, Bundle seat) throws PlugException {
        List<Move> moves = moves(old, seat);
        List<Move> done = new ArrayList<>();
        for (Move move : moves) {
            try {
                move.board().handTo(move.slot(), move.to());
                done.add(move);
            } catch (PlugException refused) {
                goBack(done.reversed());
                throw new PlugException("slot %s: %s".formatted(move.slot().name(), refused.getMessage()));
            }
        }
    }

    private static void goBack(List<Move> done) {
        for (Move move : done) {
            try {
                move.board().handTo(move.slot(), move.from());
            } catch (PlugException refused) {
                LOGGER.log(
                        System.Logger.Level.WARNING,
                        "slot {0} does not go back: {1}",
                        move.slot().name(),
                        refused.getMessage());
            }
        }
    }

    private List<Move> moves(Bundle old, Bundle seat) throws PlugException {
        List<Move> moves = new ArrayList<>();
        Map<String, Offer> fresh = new HashMap<>();
        for (Offer offer : registry.offers()) {
            if (offer.bundleId() == seat.getBundleId()) {
                fresh.put(offer.type(), offer);
            }
        }
        for (BoardEngine board : registry.engines()) {
            for (DeviceSlot slot : board.slotsServedBy(old.getBundleId())) {
                Offer to = Optional.ofNullable(fresh.get(slot.definition().deviceType()))
                        .orElseThrow(() -> new PlugException("%s offers no device type %s, which slot %s needs"
                                .formatted(SlotUse.label(seat), slot.definition().deviceType(), slot.name())));
                moves.add(new Move(board, slot, slot.offer().orElseThrow(), to));
            }
        }
        return moves;
    }

    @Override
    public void close() {
        hook.unregister();
    }
}
