package dev.backplane.memory;

/**
 * A region that a device declares; the board or a BAR decides where it is mapped.
 *
 * @param name name of the region, unique in its device; a later version of the same device finds its place by it
 * @param size size in bytes, 1 or more
 * @param minAccess smallest access that reaches the handler, 1, 2, 4 or 8 bytes; a smaller one is a {@link
 *     TransactionResult.Fault#SLAVE_ERROR}
 * @param maxAccess largest access that reaches the handler, {@code minAccess} to 8 bytes; a larger one is split into
 *     accesses of this size
 * @param concurrent whether the handler does its own locking; else the engine calls it under the device's lock
 * @param handler answers the accesses
 */
public record MmioRegion(
        String name, long size, int minAccess, int maxAccess, boolean concurrent, MmioHandler handler) {

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if the size is not positive or an access size is none of 1, 2, 4, 8
     */
    public MmioRegion {
        if (size <= 0) {
            throw new IllegalArgumentException("region %s: size 0x%x: expected 1 byte or more".formatted(name, size));
        }
        if (!isAccessSize(minAccess) || !isAccessSize(maxAccess) || minAccess > maxAccess) {
            throw new IllegalArgumentException("region %s: access sizes %d to %d: expected 1, 2, 4 or 8, smallest first"
                    .formatted(name, minAccess, maxAccess));
        }
    }

    /** {@return a region whose handler runs under the device's lock} */
    public static MmioRegion locked(String name, long size, int minAccess, int maxAccess, MmioHandler handler) {
        return new MmioRegion(name, size, minAccess, maxAccess, false, handler);
    }

    private static boolean isAccessSize(int size) {
        return size == 1 || size == 2 || size == 4 || size == 8;
    }
}
