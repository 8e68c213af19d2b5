package dev.backplane.core.slot;

/**
 * A user's choice of the bundle that serves a slot.
 *
 * @param text as the user wrote it
 */
public record Pin(String text) {

    /** {@return whether it means the bundle of an offer} */
    public boolean means(Offer offer) {
        if (!text.isEmpty() && text.chars().allMatch(digit -> digit >= '0' && digit <= '9')) {
            return text.equals(Long.toString(offer.bundleId()));
        }
        int colon = text.indexOf(':');
        return colon < 0
                ? offer.provider().startsWith(text + " ")
                : offer.provider().startsWith(text.substring(0, colon) + " " + text.substring(colon + 1) + " ");
    }

    /** {@return the pin of an offer's bundle, whatever its version} */
    static Pin of(Offer offer) {
        return new Pin(Long.toString(offer.bundleId()));
    }
}
