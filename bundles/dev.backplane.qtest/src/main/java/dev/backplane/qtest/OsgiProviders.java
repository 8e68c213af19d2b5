package dev.backplane.qtest;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.board.MachineType;
import dev.backplane.device.DeviceFactory;
import dev.backplane.qtest.control.Providers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * Machine types and device factories in the service registry. Bundles that the launcher has left to be started on demand
 * are looked through by their component descriptions, so none is started that is not needed.
 */
final class OsgiProviders implements Providers {
    /** Framework property: locations of bundles that are started on demand, separated by commas. */
    static final String DEFERRED = "backplane.deferred";

    private static final System.Logger LOGGER = System.getLogger(OsgiProviders.class.getName());
    private static final String FACTORY_COMPONENT = "interface=\"" + DeviceFactory.class.getName() + "\"";

    private static final Pattern REFERENCE = Pattern.compile("<reference [^>]*interface=\"([^\"]+)\"");

    private final BundleContext context;
    private final ComponentDescriptions components;

    OsgiProviders(BundleContext context) {
        this.context = context;
        components = new ComponentDescriptions(context);
    }

    @Override
    public List<MachineType> machineTypes() {
        return services(MachineType.class, null, MachineType::name);
    }

    @Override
    public List<DeviceFactory> deviceFactories() {
        start(xml -> xml.contains(FACTORY_COMPONENT));
        return services(DeviceFactory.class, null, DeviceFactory::type);
    }

    @Override
    public Optional<DeviceFactory> deviceFactory(String type) {
        return services(DeviceFactory.class, filter(type), DeviceFactory::type).stream().findFirst();
    }

    private static String filter(String type) {
        return "(%s=%s)".formatted(DeviceFactory.TYPE, type.replaceAll("[\\\\*()\\x00]", "\\\\$0"));
    }

    /** {@return services, the best of each name, by name} */
    private <S> List<S> services(Class<S> contract, String filter, Function<S, String> name) {
        try {
            List<ServiceReference<S>> references = new ArrayList<>(context.getServiceReferences(contract, filter));
            references.sort(null); // the best comes last
            Map<String, S> services = new TreeMap<>();
            for (ServiceReference<S> reference : references) {
                S service = context.getService(reference);
                if (service != null) {
                    services.put(name.apply(service), service);
                }
            }
            return List.copyOf(services.values());
        } catch (InvalidSyntaxException e) {
            return List.of(); // no type has such a name
        }
    }

    @Override
    public void needDevice(String type) {
        try {
            if (context.getServiceReferences(DeviceFactory.class, filter(type)).isEmpty()) {
                start(factoryOf(type));
            }
        } catch (InvalidSyntaxException e) {
            LOGGER.log(System.Logger.Level.DEBUG, "no device type has the name {0}", type);
        }
    }

    private static Predicate<String> factoryOf(String type) {
        return xml -> xml.contains(FACTORY_COMPONENT)
                && xml.contains(DeviceFactory.TYPE)
                && xml.contains("value=\"" + type + "\"");
    }

    @Override
    public List<String> missing(String type) {
        List<String> missing = new ArrayList<>();
        for (String location : locations(context, DEFERRED)) {
            Bundle bundle = context.getBundle(location);
            if (bundle != null) {
                components.of(bundle).stream()
                        .filter(factoryOf(type))
                        .flatMap(xml -> REFERENCE.matcher(xml).results())
                        .map(reference -> reference.group(1))
                        .filter(contract -> context.getServiceReference(contract) == null)
                        .forEach(missing::add);
            }
        }
        return missing;
    }

    /** Starts what provides an accelerator, unless it is there; {@return whether it is} */
    boolean needAccelerator(String name) {
        if (!hasAccelerator(name)) {
            start(xml -> xml.contains("interface=\"" + Accelerator.class.getName() + "\"")
                    && xml.contains(Accelerator.NAME)
                    && xml.contains("value=\"" + name + "\""));
        }
        return hasAccelerator(name);
    }

    private boolean hasAccelerator(String name) {
        try {
            return !context.getServiceReferences(Accelerator.class, "(%s=%s)".formatted(Accelerator.NAME, name)).isEmpty();
        } catch (InvalidSyntaxException e) {
            return false; // no accelerator has such a name
        }
    }

    /** Starts bundles, given by their locations, in this order. */
    void startAll(Collection<String> locations) {
        for (String location : locations) {
            start(context.getBundle(location));
        }
    }

    @Override
    public boolean startModule(String name) {
        for (Bundle bundle : context.getBundles()) {
            if (bundle.getSymbolicName().equals(name) || bundle.getSymbolicName().endsWith("." + name)) {
                start(bundle);
                return bundle.getState() == Bundle.ACTIVE;
            }
        }
        return false;
    }

    /** {@return the locations in a framework property} */
    static List<String> locations(BundleContext context, String property) {
        String text = context.getProperty(property);
        return text == null || text.isEmpty() ? List.of() : Arrays.asList(text.split(","));
    }

    private void start(Predicate<String> wanted) {
        for (String location : locations(context, DEFERRED)) {
            Bundle bundle = context.getBundle(location);
            if (bundle != null && bundle.getState() != Bundle.ACTIVE && hasComponent(bundle, wanted)) {
                start(bundle);
            }
        }
    }

    private static void start(Bundle bundle) {
        try {
            bundle.start(Bundle.START_TRANSIENT | Bundle.START_ACTIVATION_POLICY);
        } catch (BundleException e) {
            LOGGER.log(System.Logger.Level.WARNING, "cannot start {0}: {1}", bundle.getSymbolicName(), e.getMessage());
        }
    }

    private boolean hasComponent(Bundle bundle, Predicate<String> wanted) {
        return components.of(bundle).stream().anyMatch(wanted);
    }
}
