package dev.backplane.core.board;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkListener;
import org.osgi.framework.wiring.FrameworkWiring;

/**
 * Knows which bundles a refresh takes together: all that are wired to a bundle that was updated or uninstalled. The
 * framework stops them one after another and tells nobody before that it will.
 */
final class Refreshes implements AutoCloseable {
    /** The thread on which Felix refreshes; elsewhere a bundle stops for a reason of its own. */
    private static final String THREAD = "FelixFrameworkWiring";

    private final BundleContext context;
    private final FrameworkWiring wiring;
    private final FrameworkListener listener;

    /**
     * Listens to the framework.
     *
     * @param context context of this bundle
     * @param ended told when a refresh has ended
     */
    Refreshes(BundleContext context, Runnable ended) {
        this.context = context;
        wiring = context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).adapt(FrameworkWiring.class);
        listener = event -> {
            if (event.getType() == FrameworkEvent.PACKAGES_REFRESHED) {
                ended.run();
            }
        };
        context.addFrameworkListener(listener);
    }

    /** {@return IDs of the bundles that go together with one that stops on this thread, its own included} */
    Set<Long> takenWith(Bundle stopping) {
        Set<Long> ids = new HashSet<>(Set.of(stopping.getBundleId()));
        if (Thread.currentThread().getName().equals(THREAD)) {
            Collection<Bundle> taken = wiring.getDependencyClosure(wiring.getRemovalPendingBundles());
            if (taken.contains(stopping)) {
                taken.forEach(bundle -> ids.add(bundle.getBundleId()));
            }
        }
        return ids;
    }

    @Override
    public void close() {
        context.removeFrameworkListener(listener);
    }
}
