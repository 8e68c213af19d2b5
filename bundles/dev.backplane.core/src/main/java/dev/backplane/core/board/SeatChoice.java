package dev.backplane.core.board;

import dev.backplane.board.PlugException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/**
 * Which bundle the next version of a provider is put into: the bundle as it was installed or one beside it, never one
 * that serves a slot or hangs. A second one beside it is made only when neither of the two is free, or one is gone.
 */
final class SeatChoice {
    private static final String LOCATION = "backplane-seat:";
    private static final List<String> PLACES = List.of("", "#2");

    private final BundleContext context;
    private final SlotUse use;
    private final BundleSwitch power;

    /** The bundles as they were installed, by name: others of the name are none of our business. */
    private final Map<String, Long> originals = new ConcurrentHashMap<>();

    SeatChoice(BundleContext context, SlotUse use, BundleSwitch power) {
        this.context = context;
        this.use = use;
        this.power = power;
    }

    /** {@return whether a bundle was installed beside another} */
    static boolean isSeat(Bundle bundle) {
        return bundle.getLocation().startsWith(LOCATION);
    }

    /** {@return the bundles that may be filled, those that need not be stopped first before others} */
    List<Bundle> idle(Bundle serving) {
        return seats(serving).stream()
                .filter(seat -> !use.serves(seat) && power.hangs(seat).isEmpty())
                .sorted(Comparator.comparing(seat -> seat.getState() == Bundle.ACTIVE))
                .toList();
    }

    /**
     * {@return where another bundle can be installed}
     *
     * @throws PlugException if there are enough; it says what they do
     */
    String place(Bundle serving) throws PlugException {
        for (String place : PLACES) {
            String location = location(serving, place);
            if (context.getBundle(location) == null) {
                return location;
            }
        }
        String uses = Stream.concat(Stream.of(serving), seats(serving).stream())
                .map(seat -> power.hangs(seat).orElseGet(() -> use.text(seat)))
                .collect(Collectors.joining(", "));
        throw new PlugException("no bundle %s is free for the new version: %s; let one of them serve these slots"
                .formatted(serving.getSymbolicName(), uses));
    }

    /** {@return the bundles beside one that was installed that are started} */
    List<Bundle> beside(Bundle original) {
        return PLACES.stream()
                .map(place -> context.getBundle(location(original, place)))
                .filter(seat -> seat != null && seat.getState() == Bundle.ACTIVE)
                .toList();
    }

    private List<Bundle> seats(Bundle serving) {
        List<Bundle> seats = new ArrayList<>();
        original(serving).ifPresent(seats::add);
        for (String place : PLACES) {
            Bundle seat = context.getBundle(location(serving, place));
            if (seat != null) {
                seats.add(seat);
            }
        }
        seats.remove(serving);
        return seats;
    }

    private static String location(Bundle serving, String place) {
        return LOCATION + serving.getSymbolicName() + place;
    }

    private Optional<Bundle> original(Bundle serving) {
        String name = serving.getSymbolicName();
        if (!isSeat(serving)) {
            originals.put(name, serving.getBundleId());
            return Optional.of(serving);
        }
        Bundle known = originals.containsKey(name) ? context.getBundle(originals.get(name)) : null;
        if (known != null) {
            return Optional.of(known);
        }
        List<Bundle> installed = Stream.of(context.getBundles())
                .filter(bundle -> name.equals(bundle.getSymbolicName()) && !isSeat(bundle))
                .toList();
        return installed.size() == 1 ? Optional.of(installed.getFirst()) : Optional.empty();
    }
}
