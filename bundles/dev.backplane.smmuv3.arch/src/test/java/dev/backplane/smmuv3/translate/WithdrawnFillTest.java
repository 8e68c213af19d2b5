package dev.backplane.smmuv3.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import org.junit.jupiter.api.Test;

/**
 * An invalidation falls between what a fill reads and what it stores. A second transaction that begins after the
 * invalidation meets the stale entry before it is withdrawn, and keeps it in front of the caches: when the fill has
 * ended, nobody may find it there either.
 */
class WithdrawnFillTest {
    private static final int SID = 5;
    private static final long REQUESTER = MicroTlb.requester(TransactionAttributes.ofRequester(SID));

    private final MicroTlb recent = new MicroTlb(4);
    private final TranslationContext space = new TranslationContext(new TranslationContext.Key(null, null, 0, null));
    private final TlbEntry stale = new TlbEntry(space.era(), 0, false, Translation.Mapped.IDENTITY, REQUESTER);

    private boolean isKept() {
        return recent.find(REQUESTER, recent.stamp(), 0, AccessKind.READ) != null;
    }

    @Test
    void ofATranslation() {
        var tlb = new Tlb(4, recent::invalidate);
        long generation = tlb.generation();
        tlb.removeContexts(_ -> false);
        long second = recent.stamp();
        tlb.insert(stale, generation, 0);
        recent.keep(stale, REQUESTER, second, 0);
        assertThat(isKept()).isFalse();
    }

    @Test
    void ofAConfiguration() {
        var configurations = new ConfigurationCache(recent::invalidate);
        long generation = configurations.generation();
        configurations.remove(SID, TransactionAttributes.NO_SUBSTREAM);
        long second = recent.stamp();
        configurations.insert(SID, TransactionAttributes.NO_SUBSTREAM, StreamContext.ABORT, generation);
        assertThat(configurations.find(SID, TransactionAttributes.NO_SUBSTREAM)).isNull();
        recent.keep(stale, REQUESTER, second, 0);
        assertThat(isKept()).isFalse();
    }

    @Test
    void andWithoutAWithdrawalItIsKept() {
        var tlb = new Tlb(4, recent::invalidate);
        tlb.insert(stale, tlb.generation(), 0);
        recent.keep(stale, REQUESTER, recent.stamp(), 0);
        assertThat(isKept()).isTrue();
    }
}
