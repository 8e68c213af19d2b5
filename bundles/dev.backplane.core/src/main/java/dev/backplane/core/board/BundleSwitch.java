package dev.backplane.core.board;

import dev.backplane.core.slot.ModelFailure;
import dev.backplane.core.slot.ModelThread;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.wiring.FrameworkWiring;

/**
 * Starts and stops bundles, on threads of their own and with a deadline: activators are code of bundles. The framework
 * keeps a bundle locked whose activator has not returned; it is left alone until that has, and stopped then.
 */
final class BundleSwitch {
    private static final System.Logger LOGGER = System.getLogger(BundleSwitch.class.getName());
    private static final long REFRESH_SECONDS = 10;

    private final BundleContext context;
    private final Limits limits;
    private final Consumer<Bundle> withdraw;
    private final Map<Long, String> hanging = new ConcurrentHashMap<>();

    /**
     * Makes one.
     *
     * @param withdraw takes back what a bundle offers whose activator hangs
     */
    BundleSwitch(BundleContext context, Limits limits, Consumer<Bundle> withdraw) {
        this.context = context;
        this.limits = limits;
        this.withdraw = withdraw;
    }

    /** {@return what a bundle does not return from, as text, or empty} */
    Optional<String> hangs(Bundle bundle) {
        return Optional.ofNullable(hanging.get(bundle.getBundleId()));
    }

    /**
     * Starts a bundle; the framework will not do so by itself.
     *
     * @throws ModelFailure if it does not start; the message says which bundle does not, and why
     */
    void start(Bundle bundle) throws ModelFailure {
        run(bundle, "start", () -> bundle.start(Bundle.START_TRANSIENT | Bundle.START_ACTIVATION_POLICY));
    }

    /**
     * Stops a bundle, for good.
     *
     * @throws ModelFailure if its activator fails, or has not returned
     */
    void stop(Bundle bundle) throws ModelFailure {
        run(bundle, "stop", bundle::stop);
    }

    /** Lets go of the classes of a bundle that is stopped. */
    void letGo(Bundle bundle) {
        var refreshed = new CountDownLatch(1);
        context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION)
                .adapt(FrameworkWiring.class)
                .refreshBundles(List.of(bundle), event -> refreshed.countDown());
        try {
            if (!refreshed.await(REFRESH_SECONDS, TimeUnit.SECONDS)) {
                LOGGER.log(System.Logger.Level.WARNING, "{0} is not refreshed yet", SlotUse.label(bundle));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(Bundle bundle, String what, ModelThread.Procedure procedure) throws ModelFailure {
        String label = SlotUse.label(bundle);
        var ended = new CompletableFuture<Void>();
        try (var activator = new ModelThread(what + "-" + bundle.getSymbolicName(), limits.forCallbacks())) {
            activator.run(what, () -> {
                try {
                    procedure.run();
                } catch (BundleException e) {
                    throw ModelFailure.of("%s does not %s: %s".formatted(label, what, reason(e)));
                } finally {
                    ended.complete(null);
                }
            });
        } catch (ModelFailure failure) {
            if (!failure.isHung()) {
                throw failure;
            }
            String late = "%s does not %s within %d ms".formatted(label, what, limits.callback().toMillis());
            hanging.put(bundle.getBundleId(), late);
            withdraw.accept(bundle);
            ended.thenRunAsync(() -> returned(bundle), BundleSwitch::onThreadOfItsOwn);
            throw failure.told(late);
        }
    }

    private static String reason(BundleException e) {
        return e.getCause() == null ? e.getMessage() : "%s (%s)".formatted(e.getMessage(), e.getCause().getMessage());
    }

    private static void onThreadOfItsOwn(Runnable task) {
        Thread.ofPlatform().daemon().name("backplane-bundle-returned").start(task);
    }

    private void returned(Bundle bundle) {
        try {
            bundle.stop();
            letGo(bundle);
        } catch (BundleException | IllegalStateException e) {
            LOGGER.log(System.Logger.Level.WARNING, "{0} does not stop: {1}", SlotUse.label(bundle), e.getMessage());
        }
        hanging.remove(bundle.getBundleId());
    }
}
