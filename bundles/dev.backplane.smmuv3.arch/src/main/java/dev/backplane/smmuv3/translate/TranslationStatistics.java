package dev.backplane.smmuv3.translate;

/**
 * Counters since the translator was made. Hits are counted without synchronization and may be a little low.
 *
 * @param tlbHits translations that the TLB answered
 * @param tlbMisses translations that walked tables
 * @param configurationHits TLB misses whose configuration was cached
 * @param configurationMisses configuration fetches
 */
public record TranslationStatistics(
        long tlbHits, long tlbMisses, long configurationHits, long configurationMisses) {}
