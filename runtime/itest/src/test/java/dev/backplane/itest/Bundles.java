package dev.backplane.itest;

import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;

/** The bundles of a framework under test; it keeps an eye on those that are replaced. */
final class Bundles {
    private final BundleContext context;
    private final List<WeakReference<ClassLoader>> old = new ArrayList<>();

    Bundles(BundleContext context) {
        this.context = context;
    }

    /** {@return the shipped jar of a bundle} */
    static Path shipped(String name) {
        return ShippedFeatures.names().stream()
                .flatMap(feature -> ShippedFeatures.bundleIds(feature).stream())
                .filter(candidate -> candidate.contains(":" + name + ":"))
                .map(ShippedFeatures::file)
                .findFirst()
                .orElseThrow();
    }

    /** {@return the bundle of that name that is at work, else any of that name} */
    Bundle find(String name) {
        List<Bundle> named = Arrays.stream(context.getBundles())
                .filter(candidate -> name.equals(candidate.getSymbolicName()))
                .toList();
        return named.stream()
                .filter(candidate -> candidate.getState() == Bundle.ACTIVE)
                .findFirst()
                .orElseGet(named::getFirst);
    }

    /** Installs and starts a bundle. */
    Bundle start(Path jar) throws Exception {
        try (InputStream in = Files.newInputStream(jar)) {
            Bundle bundle = context.installBundle(jar.toUri().toString(), in);
            bundle.start();
            return bundle;
        }
    }

    /** Remembers the class loader of a bundle that is about to be replaced. */
    void leaving(Bundle bundle) {
        BundleWiring wiring = bundle.adapt(BundleWiring.class);
        if (wiring != null && wiring.getClassLoader() != null) {
            old.add(new WeakReference<>(wiring.getClassLoader()));
        }
    }

    /** As {@code felix:update} does it. */
    void update(Bundle bundle, Path jar) throws Exception {
        leaving(bundle);
        try (InputStream in = Files.newInputStream(jar)) {
            bundle.update(in);
        }
    }

    /** As {@code felix:stop} and {@code felix:start} do it. */
    static void restart(Bundle bundle) throws BundleException {
        bundle.stop();
        bundle.start();
    }

    /** As {@code felix:uninstall} and {@code felix:install} do it. {@return the new bundle} */
    Bundle reinstall(Bundle bundle, Path jar) throws Exception {
        leaving(bundle);
        bundle.uninstall();
        return start(jar);
    }

    /** As {@code felix:refresh} does it; waits for its end. */
    void refresh(Collection<Bundle> bundles) throws InterruptedException {
        var refreshed = new CountDownLatch(1);
        FrameworkWiring wiring =
                context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).adapt(FrameworkWiring.class);
        wiring.getDependencyClosure(bundles).forEach(this::leaving);
        wiring.refreshBundles(bundles, event -> refreshed.countDown());
        if (!refreshed.await(60, TimeUnit.SECONDS)) {
            throw new AssertionError("the refresh of %s does not end".formatted(bundles));
        }
    }

    /** {@return how many class loaders were left behind} */
    int left() {
        return old.size();
    }

    /** Waits until nothing refers to what was left behind. */
    void assertNothingOldIsReachable() {
        Awaitility.await().atMost(Duration.ofSeconds(90)).untilAsserted(() -> {
            System.gc();
            List<String> alive = new ArrayList<>();
            for (int i = 0; i < old.size(); i++) {
                if (old.get(i).get() != null) {
                    alive.add("number %d: %s".formatted(i, old.get(i).get()));
                }
            }
            if (!alive.isEmpty()) {
                throw new AssertionError("%d of %d class loaders of old bundles are reachable: %s"
                        .formatted(alive.size(), old.size(), alive));
            }
        });
    }
}
