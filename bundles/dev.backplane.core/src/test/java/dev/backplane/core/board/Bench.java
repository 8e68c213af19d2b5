package dev.backplane.core.board;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.core.slot.Offer;
import dev.backplane.core.slot.PlatformServices;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A registry of boards with a platform and factories that a test plugs by hand. */
final class Bench implements Surroundings, PlatformServices, AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    final Map<Class<?>, Object> platform = new ConcurrentHashMap<>();
    final List<String> journal = new CopyOnWriteArrayList<>();
    final BoardRegistry registry;

    Bench() {
        this(false);
    }

    Bench(boolean rehearses) {
        var limits = new Limits(
                Duration.ofMillis(1500), Duration.ofMillis(2500), Duration.ofMillis(800), rehearses);
        registry = new BoardRegistry(this, limits, (slot, file) -> {});
    }

    private long ids = 100;
    private long stamps;

    FakeDevice.Factory factory(String type) {
        return new FakeDevice.Factory(type, journal);
    }

    Offer offer(FakeDevice.Factory factory, int ranking, long bundle) {
        var offer = new Offer(
                ids++, stamps++, ranking, factory.type(), bundle, factory.type() + ".bundle 1.0.0 [" + bundle + "]",
                factory, factory.when);
        registry.offer(offer);
        return offer;
    }

    Offer offer(FakeDevice.Factory factory) {
        return offer(factory, 0, ids);
    }

    /** The same service, registered anew with another ranking. */
    Offer change(Offer offer, int ranking) {
        var changed = new Offer(
                offer.serviceId(), stamps++, ranking, offer.type(), offer.bundleId(), offer.provider(),
                offer.factory(), offer.when());
        registry.offer(changed);
        return changed;
    }

    void withdraw(Offer... offers) {
        var leaving = List.of(offers);
        registry.withdraw(offer -> leaving.stream().anyMatch(one -> one.serviceId() == offer.serviceId()));
    }

    /** A machine and factories for its slots; the board is complete. */
    Board completeBoard(DeviceRequest... devices) {
        registry.machineTypeArrived("fake", new FakeMachine());
        offer(factory("controller"));
        offer(factory("timer"));
        Board board = registry.create(new BoardDefinition("b", "fake", Map.of(), List.of(devices)));
        settled(board);
        return board;
    }

    static DeviceRequest device(String type, String id) {
        return new DeviceRequest(type, id, "", "", Map.of());
    }

    /** Waits until the board has done what was posted to it before. */
    void settled(Board board) {
        // A withdrawal of nothing is carried out after everything that was posted.
        try {
            ((BoardEngine) board).withdraw(Set.of()).get(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    static int read(Board board, long address) {
        DmaPort port = board.systemPort("test");
        TransactionContext context = board.epochs().context();
        TransactionResult result = port.read(context, address, 4);
        if (result instanceof TransactionResult.Pending pending) {
            var data = new AtomicReference<Long>();
            result = await(pending, data);
            requireDone(result, address);
            return data.get().intValue();
        }
        requireDone(result, address);
        return (int) context.data();
    }

    static void write(Board board, long address, int value) {
        requireDone(
                finished(board.systemPort("test").write(board.epochs().context(), address, 4, value)), address);
    }

    /** How a read ends, waited for. */
    static TransactionResult outcome(Board board, long address) {
        return finished(board.systemPort("test").read(board.epochs().context(), address, 4));
    }

    private static void requireDone(TransactionResult result, long address) {
        if (!result.isDone()) {
            throw new AssertionError("access to 0x%x ended as %s".formatted(address, result));
        }
    }

    private static TransactionResult finished(TransactionResult result) {
        return result instanceof TransactionResult.Pending pending ? await(pending, new AtomicReference<>()) : result;
    }

    private static TransactionResult await(TransactionResult.Pending pending, AtomicReference<Long> data) {
        var ended = new CountDownLatch(1);
        var result = new AtomicReference<TransactionResult>();
        pending.ticket().whenDone((context, how) -> {
            data.set(context.data());
            result.set(how);
            ended.countDown();
        });
        try {
            if (!ended.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("a held transaction has not ended");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return result.get();
    }

    @Override
    public PlatformServices platform() {
        return this;
    }

    @Override
    public <T> Optional<Lease<T>> find(Class<T> contract) {
        return Optional.ofNullable(platform.get(contract))
                .map(service -> new Lease<>(contract.cast(service), () -> journal.add("RELEASE")));
    }

    @Override
    public Optional<Lease<Accelerator>> accelerator(String name) {
        return find(Accelerator.class).filter(found -> found.service().name().equals(name));
    }

    @Override
    public Runnable publish(Class<?> contract, Object service, Map<String, Object> properties) {
        return () -> {};
    }

    @Override
    public String advice(String property, String value) {
        return "start the bundle with %s=%s".formatted(property, value);
    }

    @Override
    public void close() {
        registry.close();
    }
}
