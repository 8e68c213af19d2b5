package dev.backplane.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.felix.framework.FrameworkFactory;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.wiring.FrameworkWiring;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * The running framework of one instance. Its bundle cache is used again when it still holds what the plan asks for;
 * otherwise it is filled anew. All bundles are resolved in one call, then started in the order of the plan.
 */
final class Platform {

    /** Service property of the console, a {@code Callable<Integer>} that carries out the task and answers its status. */
    static final String CONSOLE = "backplane.console";

    private final Set<String> deferred;
    private final ClassPathBundles onClassPath;
    private final LaunchPlan plan;
    private final Instance instance;
    private final Map<String, String> properties;
    private final InstalledRecord record;
    private Framework framework;

    private Platform(
            LaunchPlan plan,
            Instance instance,
            Map<String, String> properties,
            Set<String> deferred,
            ClassPathBundles onClassPath) {
        this.deferred = Set.copyOf(deferred);
        this.onClassPath = onClassPath;
        this.plan = plan;
        this.instance = instance;
        this.properties = properties;
        this.record = new InstalledRecord(instance.record(), onClassPath);
    }

    /**
     * Starts a framework.
     *
     * @param more framework properties beside those of the plan
     */
    static Platform start(LaunchPlan plan, Instance instance, Map<String, String> more) throws LaunchException {
        return start(plan, instance, more, Set.of(), ClassPathBundles.none());
    }

    /**
     * Starts a framework.
     *
     * @param more framework properties beside those of the plan
     * @param deferred locations of bundles that are installed, and started by others when they need them
     * @param onClassPath bundles that are not copied into the cache and keep the class loader of the launcher
     */
    static Platform start(
            LaunchPlan plan,
            Instance instance,
            Map<String, String> more,
            Set<String> deferred,
            ClassPathBundles onClassPath)
            throws LaunchException {
        Platform platform = new Platform(plan, instance, more, deferred, onClassPath);
        boolean started = false;
        try {
            platform.start();
            started = true;
            return platform;
        } catch (IOException e) {
            throw new LaunchException("cannot start the framework: " + e.getMessage(), e);
        } catch (BundleException e) {
            throw new LaunchException("cannot start the framework: " + e.getMessage()
                    + "; try --clean, or another set of features", e);
        } finally {
            if (!started) {
                platform.abandon();
            }
        }
    }

    /** {@return the console that the features brought along, or empty} */
    Optional<Callable<Integer>> console() {
        return task(CONSOLE);
    }

    /** {@return the task that a feature brought along as a service with this property, or empty} */
    Optional<Callable<Integer>> task(String property) {
        BundleContext context = framework.getBundleContext();
        try {
            for (ServiceReference<?> reference : context.getServiceReferences(
                    Callable.class, "(" + property + "=true)")) {
                if (context.getService(reference) instanceof Callable<?> console) {
                    return Optional.of(() -> (Integer) console.call());
                }
            }
            return Optional.empty();
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits until something stops the framework. */
    void awaitStop() throws InterruptedException {
        framework.waitForStop(0);
    }

    /** Stops all bundles, then the framework. Does nothing when it is stopped. */
    void stop() throws InterruptedException {
        try {
            framework.stop();
        } catch (BundleException e) {
            System.err.println("backplane: stopping: " + e.getMessage());
        }
        framework.waitForStop(0);
    }

    private void abandon() {
        try {
            if (framework != null) {
                framework.stop();
                framework.waitForStop(0);
            }
        } catch (BundleException e) {
            System.err.println("backplane: stopping: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void start() throws IOException, BundleException, LaunchException {
        boolean reuse = record.fits(plan);
        init(reuse);
        if (reuse && !record.fits(framework.getBundleContext())) {
            framework.stop();
            awaitEnd();
            init(false);
            reuse = false;
        }
        if (!reuse) {
            Files.deleteIfExists(instance.record());
            onClassPath.forget();
            install();
            if (!onClassPath.isEmpty()) {
                rehearse();
            }
        }
        framework.start();
        resolve(bundles(!reuse)); // the others were resolvable then; whoever starts one has it resolved
        startBundles(bundles(false));
        if (!reuse) {
            record.write(plan, framework.getBundleContext());
        }
    }

    private void init(boolean reuse) throws BundleException, IOException {
        Map<String, String> all = new HashMap<>(plan.frameworkProperties());
        all.putAll(properties);
        all.put(Constants.FRAMEWORK_STORAGE, instance.cache().toString());
        if (!reuse) {
            all.put(Constants.FRAMEWORK_STORAGE_CLEAN, Constants.FRAMEWORK_STORAGE_CLEAN_ONFIRSTINIT);
        }
        all.put("felix.cm.dir", instance.configuration().toString());
        all.put("felix.cache.locking", "false"); // the instance is locked
        all.put("felix.service.urlhandlers", "false"); // costs start-up time, and nothing here needs it
        // The flight recorder has event classes call a class in here, which no bundle can import.
        all.put(Constants.FRAMEWORK_BOOTDELEGATION, "jdk.jfr.internal.event");
        all.put("felix.resolver.parallelism", "1"); // threads cost more than they save with so few bundles
        all.put("ds.cache.metadata", "true");
        if (reuse && onClassPath.areAllOf(plan)) {
            all.put(Constants.FRAMEWORK_SYSTEMPACKAGES, "org.osgi.framework"); // nobody imports any
        } else {
            // The launcher hands configurations over itself, so it shares this package with Config Admin and its users.
            all.put(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, "org.osgi.service.cm;version=1.6.1");
        }
        // By name: a service loader would open all jars of the class path.
        var factory = new FrameworkFactory();
        framework = onClassPath.isEmpty() ? factory.newFramework(all) : factory.newFramework(all, onClassPath);
        framework.init();
    }

    private void install() throws IOException, LaunchException {
        for (LaunchPlan.PlannedBundle bundle : plan.bundles()) {
            try (InputStream bytes =
                    onClassPath.contains(bundle.location()) ? null : Files.newInputStream(bundle.file())) {
                framework.getBundleContext().installBundle(bundle.location(), bytes);
            } catch (BundleException e) {
                throw new LaunchException("cannot install " + bundle.file() + ": " + e.getMessage()
                        + "; is it an OSGi bundle?", e);
            }
        }
    }

    /** {@return the bundles of the plan, in its order, with or without those that are started on demand} */
    private List<Bundle> bundles(boolean withDeferred) {
        Map<String, Bundle> byLocation = new HashMap<>();
        for (Bundle bundle : framework.getBundleContext().getBundles()) {
            byLocation.put(bundle.getLocation(), bundle);
        }
        List<Bundle> bundles = new ArrayList<>();
        for (LaunchPlan.PlannedBundle planned : plan.bundles()) {
            if (withDeferred || !deferred.contains(planned.location())) {
                bundles.add(byLocation.get(planned.location()));
            }
        }
        return bundles;
    }

    private void resolve(List<Bundle> bundles) throws LaunchException {
        if (framework.adapt(FrameworkWiring.class).resolveBundles(bundles)) {
            return;
        }
        List<String> reasons = new ArrayList<>();
        for (Bundle bundle : bundles) {
            if (bundle.getState() == Bundle.INSTALLED) {
                reasons.add(reason(bundle));
            }
        }
        if (!reasons.isEmpty()) {
            throw new LaunchException("these bundles cannot be resolved; add the features that give what they require:\n  "
                    + String.join("\n  ", reasons));
        }
    }

    private static String reason(Bundle bundle) {
        try {
            bundle.start(Bundle.START_TRANSIENT);
            return bundle.getSymbolicName() + ": resolved after all";
        } catch (BundleException e) {
            return bundle.getSymbolicName() + ": " + e.getMessage();
        }
    }

    /**
     * Starts everything once: what the bundles import is found or missed, and the component runtime writes down what it
     * has read when it is stopped.
     */
    private void rehearse() throws BundleException, IOException, LaunchException {
        framework.start();
        resolve(bundles(true));
        startBundles(bundles(true));
        onClassPath.remember(!onClassPath.areAllOf(plan));
        framework.stop();
        awaitEnd();
        init(true);
    }

    private void awaitEnd() throws BundleException {
        try {
            framework.waitForStop(0);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BundleException("interrupted while the framework stopped", e);
        }
    }

    private void startBundles(List<Bundle> bundles) throws BundleException, IOException {
        boolean configured = false;
        for (Bundle bundle : bundles) {
            // Transient: the cache remembers no start, so each start goes this way, in this order.
            bundle.start(Bundle.START_TRANSIENT | Bundle.START_ACTIVATION_POLICY);
            configured = configured || configure();
        }
        if (!configured && !plan.configurations().isEmpty()) {
            throw new BundleException("the features hold configurations, but none of their bundles is a Config Admin");
        }
    }

    private boolean configure() throws IOException {
        BundleContext context = framework.getBundleContext();
        ServiceReference<ConfigurationAdmin> reference = context.getServiceReference(ConfigurationAdmin.class);
        if (reference == null) {
            return false;
        }
        new FeatureConfigurations(plan.configurations(), instance.featureConfigurations())
                .applyTo(context.getService(reference));
        return true;
    }
}
