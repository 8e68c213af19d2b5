package dev.backplane.core.board;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.MachineType;
import dev.backplane.board.PlugException;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.DeviceFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * The boards as a service. Device factories and machine types are taken from the whiteboard: what arrives is posted to
 * the boards; what leaves has been left by all slots when this returns, so that a bundle that stops finds nothing of it
 * at work.
 */
@Component(service = {Boards.class, BoardKeeper.class}, immediate = true)
public final class BoardsComponent implements Boards, BoardKeeper {
    private static final System.Logger LOGGER = System.getLogger(BoardsComponent.class.getName());

    private static final long METRICS_DELAY_MILLIS = 1_000;

    private final BundleContext context;
    private final OsgiSurroundings surroundings;
    private final BoardRegistry registry;
    private final BundleSeats seats;
    private final DeployFolder deployFolder;
    private final Refreshes refreshes;
    private final LeftThreads leftThreads;
    private final Metrics metrics;
    private final AtomicLong stamps = new AtomicLong();

    /**
     * Framework property: milliseconds that a callback of a model may take within a transaction before its slot fails;
     * 0 means for ever, for those who stop models in a debugger. Default 2000.
     */
    static final String TRANSACTION_LIMIT = "backplane.transaction-limit";

    /**
     * Framework property: milliseconds that a callback which changes a device (realize, save, restore …) may take before
     * it is given up. Default 3000.
     */
    static final String CALLBACK_LIMIT = "backplane.callback-limit";

    /** Starts without boards. */
    @Activate
    public BoardsComponent(BundleContext context) {
        this.context = context;
        surroundings = new OsgiSurroundings(context, this::platformOffers);
        Limits limits = limits(context::getProperty);
        registry = new BoardRegistry(surroundings, limits, this::update);
        seats = new BundleSeats(context, registry, limits);
        deployFolder = new DeployFolder(context, seats);
        refreshes = new Refreshes(context, registry::returned);
        leftThreads = new LeftThreads(context, registry::slots);
        metrics = new Metrics(registry::engines, METRICS_DELAY_MILLIS);
        registry.onChange(metrics::changed);
    }

    /** {@return the defaults, but for what framework properties say} */
    static Limits limits(UnaryOperator<String> properties) {
        Limits defaults = Limits.DEFAULT;
        return defaults.withCallback(millis(properties, CALLBACK_LIMIT, defaults.callback(), 1))
                .withTransaction(millis(properties, TRANSACTION_LIMIT, defaults.transaction(), 0));
    }

    private static Duration millis(
            UnaryOperator<String> properties, String name, Duration otherwise, int least) {
        String text = properties.apply(name);
        if (text == null || text.isBlank()) {
            return otherwise;
        }
        try {
            int millis = Integer.parseInt(text.strip());
            if (millis >= least) {
                return Duration.ofMillis(millis);
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        LOGGER.log(
                System.Logger.Level.WARNING,
                "framework property {0} is ''{1}'': expected milliseconds, at least {2}; it is left at {3}",
                name,
                text,
                least,
                otherwise.toMillis());
        return otherwise;
    }

    private void platformOffers(String contract) {
        registry.platformOffers(contract);
    }

    private void update(DeviceSlot slot, Path file) throws PlugException {
        seats.update(slot, file);
    }

    @Deactivate
    void deactivate() {
        metrics.close();
        deployFolder.close();
        registry.close();
        refreshes.close();
        leftThreads.close();
        surroundings.close();
        seats.close();
    }

    @Reference(
            name = "factory",
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            updated = "updatedFactory",
            unbind = "removeFactory")
    void addFactory(ServiceReference<DeviceFactory> reference, DeviceFactory factory) {
        if (!(reference.getProperty(DeviceFactory.TYPE) instanceof String type)) {
            LOGGER.log(
                    System.Logger.Level.WARNING,
                    "a device factory of {0} has no service property {1}: it is left out",
                    reference.getBundle(),
                    DeviceFactory.TYPE);
            return;
        }
        Bundle bundle = reference.getBundle();
        if (seats.hasGivenUp(bundle)) {
            return;
        }
        FactoryCondition when;
        try {
            when = FactoryCondition.of(
                    reference.getProperty(DeviceFactory.WHEN) instanceof String filter ? filter : "");
        } catch (IllegalArgumentException refused) {
            LOGGER.log(
                    System.Logger.Level.WARNING,
                    "a device factory of {0}: service property {1}: {2}: it is left out",
                    bundle,
                    DeviceFactory.WHEN,
                    refused.getMessage());
            return;
        }
        registry.offer(new Offer(
                serviceId(reference),
                stamps.incrementAndGet(),
                reference.getProperty(Constants.SERVICE_RANKING) instanceof Integer ranking ? ranking : 0,
                type,
                bundle.getBundleId(),
                "%s %s [%d]".formatted(bundle.getSymbolicName(), bundle.getVersion(), bundle.getBundleId()),
                factory,
                when));
    }

    void updatedFactory(ServiceReference<DeviceFactory> reference, DeviceFactory factory) {
        addFactory(reference, factory);
    }

    void removeFactory(ServiceReference<DeviceFactory> reference) {
        long id = serviceId(reference);
        Bundle bundle = reference.getBundle();
        if (bundle != null && bundle.getState() != Bundle.ACTIVE) {
            Set<Long> together = refreshes.takenWith(bundle);
            if (together.size() > 1) {
                registry.withdrawForRefresh(together);
            }
            // The whole bundle goes, one service after another: its slots close as one set.
            registry.withdraw(offer -> offer.serviceId() == id || offer.bundleId() == bundle.getBundleId());
        } else {
            registry.withdraw(offer -> offer.serviceId() == id);
        }
    }

    private static long serviceId(ServiceReference<?> reference) {
        return (Long) reference.getProperty(Constants.SERVICE_ID);
    }

    @Reference(
            name = "machine",
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            unbind = "removeMachine")
    void addMachine(ServiceReference<MachineType> reference, MachineType type) {
        if (reference.getProperty(MachineType.NAME) instanceof String name) {
            registry.machineTypeArrived(name, type);
        } else {
            LOGGER.log(
                    System.Logger.Level.WARNING,
                    "a machine type of {0} has no service property {1}: it is left out",
                    reference.getBundle(),
                    MachineType.NAME);
        }
    }

    void removeMachine(ServiceReference<MachineType> reference, MachineType type) {
        if (reference.getProperty(MachineType.NAME) instanceof String name) {
            registry.machineTypeLeft(name, type);
        }
    }

    @Override
    public List<Board> list() {
        return registry.list();
    }

    @Override
    public Optional<Board> find(String name) {
        return registry.find(name);
    }

    @Override
    public Board create(BoardDefinition definition) {
        return registry.create(definition);
    }

    @Override
    public Board keep(BoardDefinition definition) {
        return registry.create(definition, false);
    }

    @Override
    public void destroy(String name) {
        registry.destroy(name);
    }
}
