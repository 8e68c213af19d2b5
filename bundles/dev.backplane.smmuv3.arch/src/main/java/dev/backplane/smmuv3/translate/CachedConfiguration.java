package dev.backplane.smmuv3.translate;

/**
 * A valid entry of the configuration cache.
 *
 * @param streamId StreamID
 * @param substreamId SubstreamID, or {@link dev.backplane.memory.TransactionAttributes#NO_SUBSTREAM}
 * @param kind {@code abort}, {@code bypass}, {@code stage 1}, {@code stage 2} or {@code nested}
 * @param asid ASID, 0 without stage 1
 * @param vmid VMID, 0 when stage 2 is not supported
 */
public record CachedConfiguration(int streamId, int substreamId, String kind, int asid, int vmid) {}
