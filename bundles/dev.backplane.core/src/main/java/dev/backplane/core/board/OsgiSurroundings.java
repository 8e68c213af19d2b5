package dev.backplane.core.board;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.core.slot.PlatformServices;
import java.util.Comparator;
import java.util.Hashtable;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceListener;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;

/** The OSGi framework as boards see it. */
final class OsgiSurroundings implements Surroundings, PlatformServices, AutoCloseable {
    private final BundleContext context;
    private final ProviderAdvice advice;
    private final Consumer<String> arrivals;
    private final Set<String> awaited = ConcurrentHashMap.newKeySet();
    private final ServiceListener listener = this::changed;

    /**
     * Looks around.
     *
     * @param context context of this bundle
     * @param arrivals told the contract of a service that was asked for in vain and is there now
     */
    OsgiSurroundings(BundleContext context, Consumer<String> arrivals) {
        this.context = context;
        this.arrivals = arrivals;
        advice = new ProviderAdvice(context);
    }

    @Override
    public PlatformServices platform() {
        return this;
    }

    @Override
    public <T> Optional<Lease<T>> find(Class<T> contract) {
        Optional<Lease<T>> found = lookUp(contract);
        if (found.isEmpty()) {
            await(contract.getName());
            // It may have come before the listener did.
            found = lookUp(contract);
        }
        return found;
    }

    @Override
    public Optional<Lease<Accelerator>> accelerator(String name) {
        Optional<Lease<Accelerator>> found = lookUpAccelerator(name);
        if (found.isEmpty()) {
            await(Accelerator.class.getName());
            found = lookUpAccelerator(name);
        }
        return found;
    }

    private Optional<Lease<Accelerator>> lookUpAccelerator(String name) {
        try {
            return context.getServiceReferences(Accelerator.class, null).stream()
                    .filter(reference -> name.equals(reference.getProperty(Accelerator.NAME)))
                    .max(Comparator.naturalOrder())
                    .flatMap(this::lease);
        } catch (InvalidSyntaxException e) {
            throw new AssertionError("there is no filter", e);
        }
    }

    private <T> Optional<Lease<T>> lookUp(Class<T> contract) {
        ServiceReference<T> reference = context.getServiceReference(contract);
        return reference == null ? Optional.empty() : lease(reference);
    }

    private <T> Optional<Lease<T>> lease(ServiceReference<T> reference) {
        T service = context.getService(reference);
        if (service == null) {
            return Optional.empty();
        }
        var released = new AtomicBoolean();
        return Optional.of(new Lease<>(service, () -> {
            if (released.compareAndSet(false, true)) {
                context.ungetService(reference);
            }
        }));
    }

    private synchronized void await(String contract) {
        if (awaited.add(contract)) {
            try {
                // Adding a listener again replaces its filter: one listener for all that is awaited.
                var filter = new StringBuilder("(|");
                awaited.forEach(name -> filter.append("(%s=%s)".formatted(Constants.OBJECTCLASS, name)));
                context.addServiceListener(listener, filter.append(')').toString());
            } catch (InvalidSyntaxException e) {
                throw new AssertionError("class names need no escape in a filter", e);
            }
        }
    }

    private void changed(ServiceEvent event) {
        if (event.getType() == ServiceEvent.REGISTERED) {
            for (String contract : (String[]) event.getServiceReference().getProperty(Constants.OBJECTCLASS)) {
                if (awaited.contains(contract)) {
                    arrivals.accept(contract);
                }
            }
        }
    }

    @Override
    public Runnable publish(Class<?> contract, Object service, Map<String, Object> properties) {
        ServiceRegistration<?> registration =
                context.registerService(contract.getName(), service, new Hashtable<>(properties));
        return () -> {
            try {
                registration.unregister();
            } catch (IllegalStateException e) {
                // This bundle has stopped, and the framework has taken the service back.
            }
        };
    }

    @Override
    public String advice(String property, String value) {
        return advice.forService(property, value);
    }

    @Override
    public String factoryAdvice(String type, Map<String, ?> given) {
        return advice.forFactory(type, given);
    }

    @Override
    public void close() {
        context.removeServiceListener(listener);
    }
}
