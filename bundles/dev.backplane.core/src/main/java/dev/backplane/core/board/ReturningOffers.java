package dev.backplane.core.board;

import dev.backplane.core.slot.Offer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Offers of bundles that a refresh takes and starts again: kept back until all are there. Not thread-safe. */
final class ReturningOffers {
    /** What a bundle offered of a type. */
    private record Source(long bundle, String type) {}

    private final Map<Source, Integer> awaited = new HashMap<>();
    private final List<Offer> kept = new ArrayList<>();

    /** An offer leaves that is expected back. */
    void await(Offer leaving) {
        awaited.merge(source(leaving), 1, Integer::sum);
    }

    private static Source source(Offer offer) {
        return new Source(offer.bundleId(), offer.type());
    }

    /** {@return whether an offer is of a bundle that is expected back} */
    boolean isAwaited(Offer offer) {
        return awaited.keySet().stream().anyMatch(source -> source.bundle() == offer.bundleId());
    }

    void keep(Offer offer) {
        kept.removeIf(other -> other.serviceId() == offer.serviceId());
        kept.add(offer);
    }

    /** Forgets what is kept of factories that leave once more. */
    void drop(Predicate<Offer> leaving) {
        kept.removeIf(leaving);
    }

    /** {@return whether as many offers are back as have left} */
    boolean isComplete() {
        Map<Source, Integer> back = new HashMap<>();
        kept.forEach(offer -> back.merge(source(offer), 1, Integer::sum));
        return awaited.entrySet().stream().allMatch(entry -> back.getOrDefault(entry.getKey(), 0) >= entry.getValue());
    }

    /** {@return what is back; nothing is expected from now on} */
    List<Offer> take() {
        List<Offer> back = List.copyOf(kept);
        kept.clear();
        awaited.clear();
        return back;
    }
}
