package dev.backplane.core.board;

import dev.backplane.board.PlugException;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.Offer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.osgi.framework.Bundle;

/**
 * The way of the slots of all boards from one bundle to another: all of them, or none. Boards that are destroyed and
 * slots that are unplugged meanwhile are left out.
 */
final class SlotMoves {
    private static final System.Logger LOGGER = System.getLogger(SlotMoves.class.getName());

    private final BoardRegistry registry;
    private final Bundle old;
    private final Bundle seat;
    private final Map<DeviceSlot, Offer> before = new HashMap<>();

    /** One slot's way. */
    private record Move(BoardEngine board, DeviceSlot slot, Offer to) {}

    SlotMoves(BoardRegistry registry, Bundle old, Bundle seat) {
        this.registry = registry;
        this.old = old;
        this.seat = seat;
    }

    /**
     * Hands the slots over.
     *
     * @throws PlugException if one cannot be served; as many as can are served by the old bundle again. So are they
     *     after any other exception
     */
    void run() throws PlugException {
        try {
            // Slots may be plugged meanwhile and get a model of the old bundle.
            for (List<Move> moves = moves(); !moves.isEmpty(); moves = moves()) {
                for (Move move : moves) {
                    hand(move);
                }
            }
        } catch (PlugException refused) {
            goBack();
            throw refused;
        } catch (RuntimeException fault) {
            goBack();
            throw fault;
        }
    }

    private List<Move> moves() throws PlugException {
        List<Move> moves = new ArrayList<>();
        for (BoardEngine board : registry.engines()) {
            for (DeviceSlot slot : board.slotsServedBy(old.getBundleId())) {
                Optional<Offer> now = slot.offer();
                // Once: one that is back already has lost the new model, and would again.
                if (now.isPresent() && before.putIfAbsent(slot, now.get()) == null) {
                    moves.add(new Move(board, slot, successor(slot)));
                }
            }
        }
        return moves;
    }

    private Offer successor(DeviceSlot slot) throws PlugException {
        String type = slot.definition().deviceType();
        List<Offer> offered = offers(seat);
        List<Offer> candidates = slot.candidates(offered);
        if (candidates.isEmpty()) {
            boolean isForOthers = offered.stream().anyMatch(offer -> offer.type().equals(type));
            throw new PlugException((isForOthers
                            ? "%s offers device type %s only for other property values than slot %s has"
                            : "%s offers no device type %s, which slot %s needs")
                    .formatted(SlotUse.label(seat), type, slot.name()));
        }
        return candidates.getFirst();
    }

    private List<Offer> offers(Bundle bundle) {
        return registry.offers().stream()
                .filter(offer -> offer.bundleId() == bundle.getBundleId())
                .toList();
    }

    private static void hand(Move move) throws PlugException {
        try {
            move.board().handTo(move.slot(), move.to());
        } catch (PlugException refused) {
            throw new PlugException("slot %s: %s".formatted(move.slot().name(), refused.getMessage()));
        } catch (RuntimeException fault) {
            LOGGER.log(System.Logger.Level.ERROR, "slot " + move.slot().name() + " was not handed over", fault);
            throw new PlugException("slot %s: %s".formatted(move.slot().name(), fault));
        }
    }

    /** Those as well go back that have taken the new version by themselves. */
    private void goBack() {
        List<Move> back = new ArrayList<>();
        for (BoardEngine board : registry.engines()) {
            for (DeviceSlot slot : board.slotsServedBy(seat.getBundleId())) {
                Optional.ofNullable(before.get(slot))
                        .or(() -> slot.candidates(offers(old)).stream().findFirst())
                        .ifPresent(offer -> back.add(new Move(board, slot, offer)));
            }
        }
        for (Move move : back.reversed()) {
            try {
                hand(move);
            } catch (PlugException refused) {
                LOGGER.log(System.Logger.Level.WARNING, "does not go back: {0}", refused.getMessage());
            }
        }
    }
}
