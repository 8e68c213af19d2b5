package dev.backplane.smmuv3.translate;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The contexts that something may be cached of, for invalidation to find them. Bounded; thread-safe. */
final class ContextRegistry {
    private static final int MAX_CONTEXTS = 4096;

    private final Runnable beforeForgetting;
    private volatile Set<TranslationContext> contexts = ConcurrentHashMap.newKeySet();

    /**
     * Makes an empty registry.
     *
     * @param beforeForgetting makes fills under way withdraw their entries, which nobody would find any more
     */
    ContextRegistry(Runnable beforeForgetting) {
        this.beforeForgetting = beforeForgetting;
    }

    /** Makes a context known; called before its eras are read for a fill. */
    void register(TranslationContext context) {
        while (context.registry != contexts) {
            if (contexts.size() >= MAX_CONTEXTS) {
                startOver();
            }
            Set<TranslationContext> known = contexts;
            known.add(context);
            // Invalidation did not know the context before.
            context.forget();
            context.registry = known;
        }
    }

    /** Contexts that went out of use pile up; forgets all. */
    private synchronized void startOver() {
        Set<TranslationContext> old = contexts;
        if (old.size() >= MAX_CONTEXTS) {
            contexts = ConcurrentHashMap.newKeySet();
            beforeForgetting.run();
            old.forEach(TranslationContext::forget);
        }
    }

    Set<TranslationContext> contexts() {
        return contexts;
    }
}
