package dev.backplane.smmuv3.translate;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.Translation;
import dev.backplane.memory.TransactionAttributes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What requesters translated last: a small array in front of configuration cache and TLB, indexed by requester and page,
 * so that a hit need not find out which address space a stream has. Lock-free; a hit and an update allocate nothing.
 *
 * <p>It holds entries of the TLB, each stamped with the number of invalidations before the translation that found it
 * valid began. Every invalidation, whatever it names, raises that number before it begins and when it is done, so an
 * entry with the present number was found valid after all of them; the others find their way back through the caches
 * behind. A fill that withdraws what it stored in these caches raises the number as well: who met that meanwhile may
 * have begun after the invalidation.
 */
final class MicroTlb {
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(TlbEntry[].class);
    private static final VarHandle INVALIDATIONS;
    private static final int MOST_LOG2_ENTRIES = 14;
    private static final int PAGE_SHIFT = 12;
    private static final int SUBSTREAM_SHIFT = 32;
    private static final int PRIVILEGED_BIT = 62;
    private static final int INSTRUCTION_BIT = 63;

    static {
        try {
            INVALIDATIONS = MethodHandles.lookup().findVarHandle(MicroTlb.class, "invalidations", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final TlbEntry[] slots;
    /** Leaves the highest bits of a spread requester: requesters are far apart, whatever the number of entries. */
    private final int spreadShift;
    private volatile long invalidations;

    /** Makes one in front of a TLB of 2^log2Entries entries. */
    MicroTlb(int log2Entries) {
        int bits = Math.min(log2Entries, MOST_LOG2_ENTRIES);
        slots = new TlbEntry[1 << bits];
        spreadShift = Integer.SIZE - bits;
    }

    /** {@return all that a translation depends on beside the address and the kind of access} */
    static long requester(TransactionAttributes attributes) {
        return attributes.requesterId() & 0xFFFF_FFFFL
                | (attributes.substreamId() + 1L) << SUBSTREAM_SHIFT
                | (attributes.privileged() ? 1L << PRIVILEGED_BIT : 0)
                | (attributes.instruction() ? 1L << INSTRUCTION_BIT : 0);
    }

    /** {@return what to look for; taken before anything that a translation depends on is read} */
    long stamp() {
        return invalidations;
    }

    /** Invalidates everything; called before and after each invalidation of what is behind, and after a withdrawal. */
    void invalidate() {
        INVALIDATIONS.getAndAdd(this, 1L);
    }

    /** {@return the answer, or null} */
    Translation.Mapped find(long requester, long stamp, long iova, AccessKind access) {
        TlbEntry entry = (TlbEntry) SLOT.getAcquire(slots, slot(requester, iova));
        if (entry == null || entry.stamp() != stamp || entry.requester() != requester) {
            return null;
        }
        Translation.Mapped mapped = entry.mapped();
        return ((iova ^ mapped.input()) & ~mapped.mask()) == 0 && mapped.allows(access) ? mapped : null;
    }

    /**
     * Remembers what a translation of this requester found or made, unless another requester's entry that counts lies in
     * its place: two devices with such pages would otherwise write the slot in turn, and wait for each other's cache line
     * each time.
     *
     * @param stamp from before the translation
     */
    void keep(TlbEntry entry, long requester, long stamp, long iova) {
        int slot = slot(requester, iova);
        TlbEntry present = (TlbEntry) SLOT.getAcquire(slots, slot);
        boolean taken = present != null && present.requester() != requester && present.stamp() == stamp;
        if (entry.requester() == requester && !taken) {
            entry.stamp(stamp);
            SLOT.setRelease(slots, slot, entry);
        }
    }

    private int slot(long requester, long iova) {
        return (int) (iova >>> PAGE_SHIFT) + (Long.hashCode(requester) * 0x9E37_79B1 >>> spreadShift) & slots.length - 1;
    }
}
