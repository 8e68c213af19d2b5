package dev.backplane.core.slot;

import dev.backplane.device.DeviceFactory;
import java.util.Comparator;

/**
 * A factory on offer.
 *
 * @param serviceId its service ID
 * @param stamp differs for each change of its registration, so that a refusal is remembered until then
 * @param ranking its service ranking
 * @param type device type it makes
 * @param bundleId ID of its bundle
 * @param provider its bundle, as {@code symbolic.name version [id]}
 * @param factory the factory
 * @param when which slots of the type it is there for
 */
public record Offer(
        long serviceId,
        long stamp,
        int ranking,
        String type,
        long bundleId,
        String provider,
        DeviceFactory factory,
        FactoryCondition when) {

    /** Best first: higher ranking, then the service that was there first. */
    public static final Comparator<Offer> BEST_FIRST =
            Comparator.comparingInt(Offer::ranking).reversed().thenComparingLong(Offer::serviceId);
}
