package dev.backplane.memory;

/**
 * Memory attributes of a transaction after translation, in the terms of VMSAv8-64 (DDI 0487, chapter D8; IHI 0070
 * chapter 13). Immutable; keep and share instances.
 *
 * @param type memory type
 * @param inner inner cacheability of Normal memory, {@link Cacheability#NON_CACHEABLE} for Device
 * @param outer outer cacheability of Normal memory, {@link Cacheability#NON_CACHEABLE} for Device
 * @param shareability shareability domain; outer shareable for Device
 */
public record MemoryAttributes(
        Type type, Cacheability inner, Cacheability outer, Shareability shareability) {

    /** The attributes of the incoming transaction, unchanged: Normal, write-back, as the client gave them. */
    public static final MemoryAttributes INCOMING =
            new MemoryAttributes(Type.INCOMING, Cacheability.WRITE_BACK, Cacheability.WRITE_BACK, Shareability.NON);

    /** Memory type. */
    public enum Type {
        /** As the client sent it. */
        INCOMING,
        /** Normal memory. */
        NORMAL,
        /** Device-nGnRnE. */
        DEVICE_NGNRNE,
        /** Device-nGnRE. */
        DEVICE_NGNRE,
        /** Device-nGRE. */
        DEVICE_NGRE,
        /** Device-GRE. */
        DEVICE_GRE
    }

    /** Cacheability of Normal memory. */
    public enum Cacheability {
        /** Not cached. */
        NON_CACHEABLE,
        /** Write-through. */
        WRITE_THROUGH,
        /** Write-back. */
        WRITE_BACK
    }

    /** Shareability domain, with its encoding in {@code SH} fields. */
    public enum Shareability {
        /** Non-shareable (0b00). */
        NON,
        /** Outer shareable (0b10). */
        OUTER,
        /** Inner shareable (0b11). */
        INNER
    }
}
