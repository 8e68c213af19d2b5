package dev.backplane.core.board;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.MachineType;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.Offer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;

/** The boards, and what is on offer for them. */
final class BoardRegistry implements Boards, AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(BoardRegistry.class.getName());

    /** How long a factory that leaves waits for the slots; a second more than they have. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    private final Surroundings surroundings;
    private final Limits limits;
    private final BoardEngine.Updater updater;
    private final MachineTypes machineTypes = new MachineTypes();
    private final Map<String, Entry> boards = new LinkedHashMap<>();
    private final ReturningOffers returning = new ReturningOffers();
    private List<Offer> offers = List.of();

    private volatile Runnable listener = () -> {};

    private record Entry(BoardEngine board, Runnable unpublish) {}

    BoardRegistry(Surroundings surroundings, Limits limits, BoardEngine.Updater updater) {
        this.surroundings = surroundings;
        this.limits = limits;
        this.updater = updater;
    }

    /** Names who is told when boards or slots have come or gone. */
    void onChange(Runnable told) {
        listener = told;
    }

    private void changed() {
        listener.run();
    }

    // Boards

    @Override
    public List<Board> list() {
        return List.copyOf(engines());
    }

    /** {@return the boards} */
    List<BoardEngine> engines() {
        synchronized (boards) {
            return boards.values().stream().map(Entry::board).toList();
        }
    }

    /** {@return the slots of all boards} */
    List<DeviceSlot> slots() {
        return engines().stream().flatMap(board -> board.slots().stream()).map(DeviceSlot.class::cast).toList();
    }

    @Override
    public Optional<Board> find(String name) {
        synchronized (boards) {
            return Optional.ofNullable(boards.get(name)).map(Entry::board);
        }
    }

    @Override
    public Board create(BoardDefinition definition) {
        return create(definition, true);
    }

    /**
     * Makes a board.
     *
     * @param strict whether a definition that the machine type refuses makes no board; else the board says why it is
     *     not composed
     */
    Board create(BoardDefinition definition, boolean strict) {
        String name = definition.name();
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a board needs a name");
        }
        BoardEngine board;
        synchronized (boards) {
            if (boards.containsKey(name)) {
                throw new IllegalArgumentException(
                        "board '%s' exists: destroy it first, or choose another name".formatted(name));
            }
            board = new BoardEngine(definition, machineTypes, this::offers, surroundings, updater, limits, this::changed);
            // The name is taken from here on; others see the board when it is made.
            boards.put(name, new Entry(board, () -> {}));
        }
        try {
            machineTypes.find(definition.machine()).ifPresent(board::define);
        } catch (IllegalArgumentException refused) {
            if (strict) {
                synchronized (boards) {
                    boards.remove(name);
                }
                board.destroy();
                throw refused;
            }
            LOGGER.log(System.Logger.Level.WARNING, refused.getMessage());
        }
        Runnable unpublish = surroundings.publish(Board.class, board, Map.of(Board.NAME, name));
        boolean gone;
        synchronized (boards) {
            gone = boards.replace(name, new Entry(board, unpublish)) == null;
        }
        if (gone) {
            unpublish.run();
        }
        changed();
        return board;
    }

    @Override
    public void destroy(String name) {
        Entry entry;
        synchronized (boards) {
            entry = boards.remove(name);
        }
        if (entry == null) {
            throw new IllegalArgumentException("there is no board '%s'; there are %s"
                    .formatted(name, list().stream().map(Board::name).toList()));
        }
        entry.unpublish().run();
        entry.board().destroy();
        changed();
    }

    @Override
    public void close() {
        list().forEach(board -> destroy(board.name()));
    }

    // What is on offer

    void machineTypeArrived(String name, MachineType type) {
        machineTypes.add(name, type);
        for (BoardEngine board : engines()) {
            if (board.definition().machine().equals(name)) {
                try {
                    board.define(type);
                } catch (IllegalArgumentException refused) {
                    // The board says so when it is asked why it is not complete.
                    LOGGER.log(System.Logger.Level.WARNING, refused.getMessage());
                }
            }
        }
    }

    void machineTypeLeft(String name, MachineType type) {
        machineTypes.remove(name, type);
        awaitAll(board -> board.withdraw(Set.of()));
    }

    /** {@return the offers} */
    List<Offer> offers() {
        synchronized (boards) {
            return offers;
        }
    }

    /** A factory came or changed. */
    void offer(Offer offer) {
        boolean all;
        synchronized (boards) {
            if (returning.isAwaited(offer)) {
                returning.keep(offer);
                if (!returning.isComplete()) {
                    return;
                }
                all = true;
            } else {
                all = false;
            }
        }
        if (all) {
            returned();
            return;
        }
        change(other -> other.serviceId() == offer.serviceId(), offer);
        engines().forEach(BoardEngine::offersChanged);
    }

    /**
     * Factories leave; returns when no slot is served by them any more, or when that has taken too long.
     *
     * @param leaving which
     */
    void withdraw(Predicate<Offer> leaving) {
        synchronized (boards) {
            returning.drop(leaving);
        }
        Set<Long> ids = new HashSet<>();
        offers().stream().filter(leaving).forEach(offer -> ids.add(offer.serviceId()));
        if (ids.isEmpty()) {
            return;
        }
        change(leaving, null);
        awaitAll(board -> board.withdraw(ids));
    }

    /**
     * A refresh takes several bundles: their factories leave together, so that their slots close as one set, and what
     * comes back of them is offered together.
     *
     * @param bundles IDs of the bundles
     */
    void withdrawForRefresh(Set<Long> bundles) {
        synchronized (boards) {
            offers.stream().filter(offer -> bundles.contains(offer.bundleId())).forEach(returning::await);
        }
        withdraw(offer -> bundles.contains(offer.bundleId()));
    }

    /** A refresh has ended, or all that it took is back: offers what has come back, at once. */
    void returned() {
        List<Offer> back;
        synchronized (boards) {
            back = returning.take();
        }
        if (!back.isEmpty()) {
            back.forEach(offer -> change(other -> other.serviceId() == offer.serviceId(), offer));
            engines().forEach(BoardEngine::offersChanged);
        }
    }

    private void change(Predicate<Offer> without, Offer with) {
        synchronized (boards) {
            var next = new ArrayList<>(offers);
            next.removeIf(without);
            if (with != null) {
                next.add(with);
            }
            offers = List.copyOf(next);
        }
    }

    private void awaitAll(Function<BoardEngine, CompletableFuture<Void>> change) {
        List<CompletableFuture<Void>> done = engines().stream().map(change).toList();
        try {
            CompletableFuture.allOf(done.toArray(CompletableFuture[]::new))
                    .get(limits.departure().plus(GRACE).toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException e) {
            LOGGER.log(System.Logger.Level.WARNING, "slots have not left a bundle that stops: {0}", e.toString());
        }
    }

    /** A service arrived that a model may have asked for in vain. */
    void platformOffers(String contract) {
        engines().forEach(board -> board.platformOffers(contract));
    }
}
