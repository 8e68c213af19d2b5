package dev.backplane.board;

import dev.backplane.pci.Bdf;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.osgi.annotation.versioning.ProviderType;

/** A slot of a board. Thread-safe. */
@ProviderType
public interface Slot {

    /** What is in a slot. */
    enum State {
        /** Nothing was ever in it. */
        EMPTY,
        /** A device is at work. */
        RUNNING,
        /** The device's provider left; its state is kept, transactions wait or abort, interrupts latch. */
        PARKED,
        /** The device failed and was cut off. */
        FAILED
    }

    /** {@return the definition} */
    SlotDefinition definition();

    /** {@return the name} */
    default String name() {
        return definition().name();
    }

    /** {@return what is in the slot now} */
    State state();

    /** {@return the bundle that serves it, as {@code symbolic.name version [id]}, or empty} */
    Optional<String> provider();

    /** {@return the bundle that the slot is pinned to, as it was given to {@link Board#select}, or empty} */
    Optional<String> pin();

    /** {@return all property values of the device that is or was in it, by name} */
    Map<String, Object> properties();

    /** {@return the PCI address, or empty when the device is no PCI function} */
    Optional<Bdf> pciAddress();

    /** {@return why the slot has no running device; empty when it has} */
    List<Cause> why();

    /** {@return what happened to the slot, oldest first, bounded} */
    List<HistoryEntry> history();

    /** {@return how many times a device took over the slot from a predecessor} */
    long handOvers();

    /** {@return how many transactions ended as aborts because the slot was parked for too long or had failed} */
    long aborts();

    /**
     * {@return counters of the slot by name: aborts, time-outs, hand-overs, held (transactions held now), guest-errors,
     * gate-closed-last and gate-closed-most (microseconds of hand-overs)}
     */
    Map<String, Long> counters();

    /**
     * Does something with an ability of the device that is at work. The device stays until the function returns; the
     * function must not keep it.
     *
     * @param capability capability interface
     * @param use what to do
     * @return its result, or empty when the slot has no running device with that capability
     * @param <C> the capability
     * @param <R> the result
     */
    <C, R> Optional<R> with(Class<C> capability, Function<C, R> use);

    /**
     * Something that happened.
     *
     * @param at when
     * @param event what: {@code REALIZED}, {@code PARKED}, {@code HANDED_OVER}, {@code REFUSED}, {@code FAILED}, …
     * @param detail more about it, as text
     * @param duration how long it took, from its start to {@code at}; zero for what has no length
     */
    record HistoryEntry(Instant at, String event, String detail, Duration duration) {
        /** Something that has no length. */
        public HistoryEntry(Instant at, String event, String detail) {
            this(at, event, detail, Duration.ZERO);
        }
    }
}
