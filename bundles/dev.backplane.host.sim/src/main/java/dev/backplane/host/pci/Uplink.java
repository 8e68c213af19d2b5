package dev.backplane.host.pci;

import dev.backplane.host.memory.HostContext;
import dev.backplane.host.memory.HostPort;
import dev.backplane.host.smmu.PhysicalSmmu;
import dev.backplane.irq.EventFd;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.LongAdder;

/**
 * A device's only way to memory and to the doorbell of the ITS: through the SMMU in front of it, or with ATS past it by
 * an address that the SMMU gave out. Thread-safe.
 */
final class Uplink {
    static final int NO_PASID = TransactionAttributes.NO_SUBSTREAM;
    private static final long PAGE_MASK = 0xFFF;

    private final PhysicalSmmu smmu;
    private final HostPort memory;
    private final HostIts.Device interrupts;
    private final TransactionAttributes plain;
    private final TranslationCache cache = new TranslationCache();
    private final LongAdder translated = new LongAdder();
    private volatile TransactionAttributes withPasid;
    private volatile boolean ats;

    Uplink(PhysicalSmmu smmu, HostPort memory, HostIts.Device interrupts, int streamId) {
        this.smmu = smmu;
        this.memory = memory;
        this.interrupts = interrupts;
        plain = TransactionAttributes.ofRequester(streamId);
    }

    void enableAts(boolean enabled) {
        ats = enabled;
        cache.invalidate();
    }

    boolean isAtsEnabled() {
        return ats;
    }

    TranslationCache cache() {
        return cache;
    }

    /** {@return transactions that went by an address out of the cache} */
    long translated() {
        return translated.sum();
    }

    /**
     * Moves a block that lies in one page.
     *
     * @return whether it was moved
     */
    boolean move(HostContext context, int pasid, long iova, AccessKind access, MemorySegment buffer, int length) {
        TransactionAttributes attributes = attributes(pasid);
        context.enter();
        try {
            if (ats) {
                return moveTranslated(context, attributes, iova, access, buffer, length);
            }
            return switch (smmu.translate(context, attributes, iova, access)) {
                case Translation.Mapped mapped -> carry(context, mapped.apply(iova), access, buffer, length);
                case Translation.Terminated how when how == Translation.Terminated.RAZ_WI -> {
                    if (access.isRead()) {
                        buffer.asSlice(0, length).fill((byte) 0);
                    }
                    yield true;
                }
                default -> false;
            };
        } finally {
            context.leave();
        }
    }

    private boolean moveTranslated(
            HostContext context,
            TransactionAttributes attributes,
            long iova,
            AccessKind access,
            MemorySegment buffer,
            int length) {
        Translation.Mapped found = cache.find(attributes.substreamId(), iova, access);
        if (found == null) {
            int asked = cache.generation();
            found = smmu.translationRequest(context, attributes, iova & ~PAGE_MASK);
            if (found == null || !found.allows(access)) {
                return false;
            }
            cache.insert(asked, attributes.substreamId(), iova, found);
        }
        long address = found.apply(iova);
        if (!smmu.passesTranslated(context, attributes, address, access)) {
            return false;
        }
        translated.increment();
        return carry(context, address, access, buffer, length);
    }

    private boolean carry(HostContext context, long address, AccessKind access, MemorySegment buffer, int length) {
        return access.isRead()
                ? memory.read(context, address, buffer, 0, length).isDone()
                : memory.write(context, address, buffer, 0, length).isDone();
    }

    /**
     * Sends a message: a write of four bytes.
     *
     * @return whether it arrived anywhere
     */
    boolean message(HostContext context, long address, int data) {
        EventFd fired = null;
        context.enter();
        try {
            if (!(smmu.translate(context, plain, address, AccessKind.WRITE) instanceof Translation.Mapped mapped)) {
                return false;
            }
            long target = mapped.apply(address);
            if (target != HostIts.DOORBELL_PAGE + HostIts.TRANSLATER) {
                return memory.write(context, target, 4, data).isDone();
            }
            fired = interrupts.take(data);
        } finally {
            context.leave();
        }
        // Whoever is woken may do anything, so not inside the transaction.
        if (fired != null) {
            fired.signal();
        }
        return fired != null;
    }

    private TransactionAttributes attributes(int pasid) {
        if (pasid == NO_PASID) {
            return plain;
        }
        TransactionAttributes last = withPasid;
        if (last == null || last.substreamId() != pasid) {
            last = plain.withSubstream(pasid);
            withPasid = last;
        }
        return last;
    }
}
