package dev.backplane.smmuv3.control;

import dev.backplane.smmuv3.translate.Granule;
import java.util.EnumSet;
import java.util.Set;

/**
 * What may be chosen about an SMMUv3 when it is made. Immutable.
 *
 * @param stage1 stage 1 is there
 * @param stage2 stage 2 is there
 * @param outputBits output address size: 32, 36, 40, 42, 44, 48 or 52 bits
 * @param rangeInvalidation TLBI commands take ranges
 * @param granules translation granules, at least one
 * @param streamIdBits bits of a StreamID, 1 to 32
 * @param commandQueueBits base-2 logarithm of the most entries of the command queue, 1 to 19
 * @param eventQueueBits base-2 logarithm of the most entries of the event queue, 1 to 19
 */
public record SmmuOptions(
        boolean stage1,
        boolean stage2,
        int outputBits,
        boolean rangeInvalidation,
        Set<Granule> granules,
        int streamIdBits,
        int commandQueueBits,
        int eventQueueBits) {

    /** Nested translation, 44 bits, all granules, 16-bit StreamIDs, the largest queues. */
    public static final SmmuOptions DEFAULT =
            new SmmuOptions(true, true, 44, true, EnumSet.allOf(Granule.class), 16, 19, 19);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a value is outside its range, or values contradict one another
     */
    public SmmuOptions {
        granules = Set.copyOf(granules);
        if (!stage1 && !stage2) {
            throw new IllegalArgumentException("neither stage 1 nor stage 2 is chosen: expected one or both");
        }
        encodedSize(outputBits);
        if (granules.isEmpty()) {
            throw new IllegalArgumentException("no granule is chosen: expected at least one of 4K, 16K, 64K");
        }
        if (outputBits == 52 && !granules.contains(Granule.KIB64)) {
            throw new IllegalArgumentException("oas 52 needs the 64K granule: add it to granules or choose oas 48");
        }
        check("sidsize", streamIdBits, 32);
        check("cmdqs", commandQueueBits, 19);
        check("eventqs", eventQueueBits, 19);
    }

    private static void check(String name, int bits, int most) {
        if (bits < 1 || bits > most) {
            throw new IllegalArgumentException("%s %d is out of range: expected 1 to %d".formatted(name, bits, most));
        }
    }

    /** {@return the encoding of an address size in IDR5.OAS} */
    static int encodedSize(int bits) {
        return switch (bits) {
            case 32 -> 0;
            case 36 -> 1;
            case 40 -> 2;
            case 42 -> 3;
            case 44 -> 4;
            case 48 -> 5;
            case 52 -> 6;
            default -> throw new IllegalArgumentException(
                    "oas %d is no address size: expected 32, 36, 40, 42, 44, 48 or 52".formatted(bits));
        };
    }
}
