package dev.backplane.core.slot;

import dev.backplane.board.Cause;
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.device.ResetKind;
import dev.backplane.device.SavedState;
import dev.backplane.irq.MsiController;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciIommu;
import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A slot: its gate, its place on the board, and the model in it, if any. The procedures of the slot engine change it,
 * on the board's executor; everybody may look at it.
 */
public final class DeviceSlot implements Slot {
    private static final System.Logger LOGGER = System.getLogger("dev.backplane.device");

    private volatile SlotDefinition definition;
    private volatile Set<String> userProperties;
    private final SlotHost host;
    private final DeviceGate gate;
    private final DmaPort port;
    private final GuestLog log;
    private final SlotHistory history = new SlotHistory();
    private final SlotLeases leases;
    private final ReentrantReadWriteLock users = new ReentrantReadWriteLock();
    private final Map<Long, String> refusals = Collections.synchronizedMap(new LinkedHashMap<>());
    private final Set<Long> postponed = ConcurrentHashMap.newKeySet();
    private final Set<Long> visitors = ConcurrentHashMap.newKeySet();

    private volatile State state = State.EMPTY;
    private volatile Occupant occupant;
    private volatile Mount mount;
    private volatile Capabilities capabilities;
    private volatile SavedState saved;
    private volatile ResetKind missedReset;
    private volatile Map<String, Object> lastProperties;
    private volatile Set<String> missingContracts = Set.of();
    private volatile String trouble = "";
    private volatile long handOvers;
    private volatile long gateClosedLast;
    private volatile long gateClosedMost;
    private volatile long selectedBundle = -1;
    private volatile Pin pin;
    private volatile boolean machineDone;
    private volatile OptionalLong msiDoorbell = OptionalLong.empty();

    /**
     * Makes an empty slot.
     *
     * @param definition its definition
     * @param userProperties names of the properties that a user gave
     * @param host what the slots of the board share
     * @param timeout how long transactions are held while the slot is parked
     */
    public DeviceSlot(SlotDefinition definition, Set<String> userProperties, SlotHost host, Duration timeout) {
        this.definition = definition;
        this.userProperties = Set.copyOf(userProperties);
        this.host = host;
        gate = new DeviceGate(definition.name(), host.epochs(), timeout);
        port = host.bus().port(definition.name(), gate, TransactionAttributes.NONE);
        leases = new SlotLeases(definition.name());
        log = new GuestLog(name -> System.getLogger(name), host.board() + "/" + definition.name());
        lastProperties = definition.properties();
    }

    @Override
    public SlotDefinition definition() {
        return definition;
    }

    /** {@return names of the properties that a user gave} */
    public Set<String> userProperties() {
        return userProperties;
    }

    SlotHost host() {
        return host;
    }

    /** {@return the gate in front of the device} */
    public DeviceGate gate() {
        return gate;
    }

    DmaPort port() {
        return port;
    }

    GuestLog log() {
        return log;
    }

    /** {@return what the slot holds of the host} */
    SlotLeases leases() {
        return leases;
    }

    /** Closes what the slot holds of the host, except for what was held before; trouble goes to the history. */
    void closeLeases(Set<String> before, ModelThread bundle) {
        try {
            bundle.run("close leases", () -> leases.close(
                    before, (lease, why) -> note("LEASE_LEFT", "%s: %s".formatted(lease, why))));
        } catch (ModelFailure failure) {
            note("LEASE_LEFT", failure.getMessage());
        }
    }

    /** {@return whether the device of the slot has been told that all devices of the machine are there} */
    boolean isMachineDone() {
        return machineDone;
    }

    void machineIsDone() {
        machineDone = true;
    }

    @Override
    public State state() {
        return state;
    }

    @Override
    public Optional<String> provider() {
        Occupant now = occupant;
        return now == null ? Optional.empty() : Optional.of(now.offer().provider());
    }

    @Override
    public Map<String, Object> properties() {
        return lastProperties;
    }

    @Override
    public Optional<Bdf> pciAddress() {
        Mount now = mount;
        return now == null ? Optional.empty() : now.pciAddress();
    }

    @Override
    public List<Cause> why() {
        return state == State.RUNNING ? List.of() : host.why(this);
    }

    /** {@return what last went wrong, or {@code ""}} */
    public String trouble() {
        return trouble;
    }

    @Override
    public List<HistoryEntry> history() {
        return history.entries();
    }

    @Override
    public long handOvers() {
        return handOvers;
    }

    @Override
    public long aborts() {
        return gate.aborts();
    }

    /** {@return how many mistakes of its guest the device noted} */
    public long guestErrors() {
        return log.guestErrors();
    }

    @Override
    public <C, R> Optional<R> with(Class<C> capability, Function<C, R> use) {
        users.readLock().lock();
        try {
            Occupant now = occupant;
            if (now == null || state != State.RUNNING || !gate.isOpen() || !capability.isInstance(now.model())) {
                return Optional.empty();
            }
            return Optional.ofNullable(use.apply(capability.cast(now.model())));
        } finally {
            users.readLock().unlock();
        }
    }

    /** {@return whether a model is there that lacks a capability} */
    public boolean lacks(Class<?> capability) {
        Occupant now = occupant;
        return now != null && !capability.isInstance(now.model());
    }

    /**
     * Keeps users of {@link #with} out while the model changes.
     *
     * @return whether they are out; false when one stays longer than the deadline
     */
    boolean lockUsersOut(Deadline deadline) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return users.writeLock().tryLock(deadline.leftAltogether(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    void letUsersIn() {
        if (users.isWriteLockedByCurrentThread()) {
            users.writeLock().unlock();
        }
    }

    /** {@return the offer that serves the slot, or empty} */
    public Optional<Offer> offer() {
        Occupant now = occupant;
        return now == null ? Optional.empty() : Optional.of(now.offer());
    }

    /** {@return the offers for this slot, best first: those of the pinned, then of the selected bundle before others} */
    public List<Offer> candidates(List<Offer> offers) {
        return candidates(offers, definition);
    }

    /** {@return the offers for this slot if it had another definition, best first} */
    public List<Offer> candidates(List<Offer> offers, SlotDefinition instead) {
        Pin pinned = pin;
        return offers.stream()
                .filter(offer -> offer.type().equals(instead.deviceType()))
                .filter(offer -> offer.when().admits(instead.properties()))
                .sorted(Comparator.<Offer, Boolean>comparing(offer -> pinned == null || !pinned.means(offer))
                        .thenComparing(offer -> offer.bundleId() != selectedBundle)
                        .thenComparing(Offer.BEST_FIRST))
                .toList();
    }

    /** The slot is defined like this from now on; what was refused under the old definition has another chance. */
    void redefine(SlotDefinition next, Set<String> givenByUser) {
        definition = next;
        userProperties = Set.copyOf(givenByUser);
        refusals.clear();
    }

    @Override
    public Optional<String> pin() {
        return Optional.ofNullable(pin).map(Pin::text);
    }

    /** {@return the pin, or null} */
    public Pin pinned() {
        return pin;
    }

    /** Prefers the offers of a bundle over all others, or no longer when null. */
    public void pin(Pin next) {
        pin = next;
    }

    @Override
    public Map<String, Long> counters() {
        Map<String, Long> counters = new LinkedHashMap<>();
        counters.put("aborts", gate.aborts());
        counters.put("time-outs", gate.timeouts());
        counters.put("held", (long) gate.heldTransactions());
        counters.put("hand-overs", handOvers);
        counters.put("gate-closed-last", gateClosedLast);
        counters.put("gate-closed-most", gateClosedMost);
        counters.put("guest-errors", log.guestErrors());
        return counters;
    }

    /** {@return what the closing order needs to know} */
    public ParkOrder.Node node() {
        Occupant now = occupant;
        String bus = now != null && now.model() instanceof PciIommu
                ? String.valueOf(lastProperties.get(PciIommu.PRIMARY_BUS))
                : "";
        return new ParkOrder.Node(
                definition, lastProperties, bus, now != null && now.model() instanceof MsiController);
    }

    /** Prefers the offers of the bundle that a new version of the old one is in; a pin on that follows. */
    public void follow(Offer old, Offer next) {
        selectedBundle = next.bundleId();
        Pin now = pin;
        if (now != null && old != null && now.means(old) && !now.means(next)) {
            pin = Pin.of(next);
        }
    }

    /** {@return whether this offer was refused, and has not changed since; or waits for the end of who serves now} */
    public boolean hasRefused(Offer offer) {
        return refusals.containsKey(offer.stamp()) || postponed.contains(offer.stamp());
    }

    /** Remembers that an offer cannot serve. */
    void refuse(Offer offer, String reason) {
        refusals.put(offer.stamp(), "%s: %s".formatted(offer.provider(), reason));
        trouble = "%s: %s".formatted(offer.provider(), reason);
        note("REFUSED", trouble);
    }

    /** A model of that bundle is about to be made for the slot. */
    void visit(Offer offer) {
        visitors.add(offer.bundleId());
    }

    /** {@return whether models of a bundle have been in the slot, or were to be; asked when the bundle has stopped} */
    public boolean forgetVisitor(long bundle) {
        return visitors.remove(bundle);
    }

    /** Tells what a model that is gone left behind. */
    public void leftBehind(String what) {
        note("THREAD_LEFT", what);
    }

    /** Tells why the bundle that serves the slot was not replaced by another version. */
    public void updateRefused(String reason) {
        note("UPDATE_REFUSED", reason);
    }

    /** Tells of a bundle that served the slot and does not get out of the way. */
    public void stopHangs(String what) {
        note("STOP_HANGS", what);
    }

    /** Remembers that the model that serves cannot be left for this offer. */
    void postpone(Offer offer, String reason) {
        if (occupant != null) {
            postponed.add(offer.stamp());
        }
        note("HAND_OVER_FAILED", "to %s: %s".formatted(offer.provider(), reason));
    }

    /** Forgets refusals of offers that are gone. */
    public void keepRefusalsOf(List<Offer> offers) {
        Set<Long> stamps = offers.stream().map(Offer::stamp).collect(Collectors.toSet());
        synchronized (refusals) {
            refusals.keySet().retainAll(stamps);
        }
    }

    /** {@return reasons why present offers cannot serve} */
    public List<String> refusals() {
        synchronized (refusals) {
            return List.copyOf(refusals.values());
        }
    }

    /**
     * Something arrived on the platform: offers that asked for it in vain may be tried again.
     *
     * @return whether there is one
     */
    public boolean platformOffers(String contract) {
        if (missingContracts.contains(contract)) {
            missingContracts = Set.of();
            refusals.clear();
            return true;
        }
        return false;
    }

    void missing(Set<String> contracts) {
        missingContracts = contracts;
    }

    /** {@return contracts of the platform that a model asked for in vain} */
    public Set<String> missingContracts() {
        return missingContracts;
    }

    void note(String event, String detail) {
        note(event, detail, Duration.ZERO);
    }

    void note(String event, String detail, Duration duration) {
        history.add(event, detail, duration);
        if (!event.equals("HANDED_OVER")) {
            LOGGER.log(
                    event.equals("REALIZED") ? System.Logger.Level.DEBUG : System.Logger.Level.INFO,
                    "{0}/{1}: {2} {3}",
                    host.board(),
                    name(),
                    event,
                    detail);
        }
    }

    Occupant occupant() {
        return occupant;
    }

    Mount mount() {
        return mount;
    }

    Capabilities capabilities() {
        return capabilities;
    }

    SavedState saved() {
        return saved;
    }

    /** {@return how the device was reset since its model has gone, which the next one has to make up for; or null} */
    ResetKind missedReset() {
        return missedReset;
    }

    /** The device is reset while nobody serves. */
    void missReset(ResetKind kind) {
        ResetKind before = missedReset;
        missedReset = before != null && before.compareTo(kind) < 0 ? before : kind;
        note("RESET", "%s while nobody serves: %sthe next device begins as after a reset"
                .formatted(kind, saved == null ? "" : "the kept state is void, "));
    }

    /** The kept state can be taken over by nobody. */
    void loseState(String reason) {
        saved = null;
        note("STATE_LOST", "%s; it was reset, so that the next device needs none".formatted(reason));
    }

    /** Takes the place on the board that the first model needs. */
    void settle(Mount place, Capabilities abilities) {
        mount = place;
        capabilities = abilities;
    }

    /** A model serves from now on; the gate is still closed. */
    void occupy(Occupant next) {
        occupant = next;
        postponed.clear();
        lastProperties = next.properties().asMap();
        msiDoorbell = next.msiDoorbell();
        saved = null;
        missedReset = null;
        trouble = "";
        state = State.RUNNING;
    }

    /** {@return where the device that is or was in the slot takes MSIs, guest-physical; empty when it takes none} */
    public OptionalLong msiDoorbell() {
        return msiDoorbell;
    }

    void countHandOver(long gateClosedNanos) {
        handOvers++;
        gateClosedLast = gateClosedNanos / 1_000;
        gateClosedMost = Math.max(gateClosedMost, gateClosedLast);
    }

    /** Nobody serves from now on. */
    void vacate(State why, SavedState kept, String reason) {
        occupant = null;
        postponed.clear();
        saved = kept;
        missedReset = null;
        trouble = reason;
        state = why;
    }
}
