package dev.backplane.smmuv3.translate;

/**
 * The time between two invalidations of all that is cached of a context. Cached entries carry the era that they were
 * filled in, and only those of the present one count; so giving a context a new era drops all its entries at once, and
 * also those of fills that are under way. Compared by identity.
 */
final class Era {
    final TranslationContext context;

    Era(TranslationContext context) {
        this.context = context;
    }
}
