package dev.backplane.smmuv3.translate;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.EventType;

/**
 * One translation under way, off the hot path: the transaction, the results of its walks, and how it faulted. A step
 * that fails describes the fault here and answers {@code false} or null. Used by one thread.
 */
final class Walk {
    /** Id of the thread that may use it. */
    final long owner;

    private final DmaPort tables;
    TransactionContext context;
    TransactionAttributes attributes;
    int streamId;
    long iova;
    AccessKind access;
    /** Null on the way of a real transaction. */
    final WalkObserver observer;

    /** Under way; looked at by the owner alone. */
    boolean busy;

    /** What walks use and fill of the walk cache; null where they read everything from the tables. */
    WalkCache pointers;

    /** Era that pointers are used and filled in. */
    Era tableEra;

    /** Attributes of the transaction after the overrides of the STE. */
    boolean privileged;

    boolean instruction;

    /** The descriptor or word that the last load returned. */
    long loaded;

    /** Result of the last stage 1 walk. */
    long stage1Output;

    int stage1Shift;
    boolean stage1Readable;
    boolean stage1Writable;
    boolean stage1Global;
    MemoryAttributes stage1Attributes;

    /** Result of the last stage 2 walk. */
    long stage2Output;

    int stage2Shift;
    boolean stage2Readable;
    boolean stage2Writable;
    int stage2MemAttr;
    int stage2Sh;

    /** How the translation faulted. */
    Translation.Terminated how;

    SmmuEvent event;
    boolean recorded;
    /** STE.MEV of the stream, once its STE is found to be valid. */
    boolean mergesEvents;
    String reason;

    Walk(DmaPort tables, long owner) {
        this.tables = tables;
        this.owner = owner;
        this.observer = null;
    }

    /** A walk for one use, by whichever thread. */
    Walk(DmaPort tables, WalkObserver observer) {
        this.tables = tables;
        this.owner = -1;
        this.observer = observer;
    }

    /** Begins the translation of a transaction. */
    Walk begin(
            TransactionContext now, TransactionAttributes transaction, long inputAddress, AccessKind kind) {
        busy = true;
        context = now;
        attributes = transaction;
        streamId = transaction.requesterId();
        iova = inputAddress;
        access = kind;
        privileged = transaction.privileged();
        instruction = transaction.instruction();
        stage1Global = false;
        mergesEvents = false;
        pointers = null;
        return this;
    }

    /** Ends it; the walk can begin again. */
    void end() {
        busy = false;
    }

    /** Sets what permission checks see; writes are always data (IHI 0070 section 13.1.2). */
    void override(AttributeOverrides overrides) {
        privileged = overrides.privileged().apply(attributes.privileged());
        instruction = overrides.instruction().apply(attributes.instruction());
    }

    /** {@return the cached last-level table that resolves an input address of a stage, or null} */
    WalkCache.TablePointer pointer(int stage, TableGeometry geometry, long input) {
        return pointers == null ? null : pointers.find(tableEra, stage, geometry.granule().shift(), input);
    }

    /** Caches where the last-level descriptor of an input address lies, if that was found from another table. */
    void remember(int stage, TableGeometry geometry, int level, long input, long descriptor, long hierarchy) {
        if (pointers != null && level == 3 && geometry.startLevel() != 3) {
            pointers.insert(tableEra, stage, geometry.granule().shift(), input, descriptor, hierarchy);
        }
    }

    /** Reads one aligned 64-bit word into {@link #loaded}; answers whether memory answered. */
    boolean load(long address) {
        if (!tables.load64(context, address).isDone()) {
            return false;
        }
        loaded = context.data();
        return true;
    }

    /** Reads a structure of eight words; answers null when memory does not. */
    long[] loadStructure(long address) {
        long[] words = new long[8];
        for (int i = 0; i < words.length; i++) {
            if (!load(address + 8L * i)) {
                return null;
            }
            words[i] = loaded;
        }
        return words;
    }

    /** Terminates with an abort that the architecture records nothing for. */
    boolean silent(String why) {
        return terminate(Translation.Terminated.ABORT, null, false, why);
    }

    boolean configurationFault(EventType type, boolean record, String why) {
        return configurationFault(type, attributes.substreamId(), record, why);
    }

    boolean configurationFault(EventType type, int substreamId, boolean record, String why) {
        return terminate(
                Translation.Terminated.ABORT, SmmuEvent.configuration(type, streamId, substreamId), record, why);
    }

    boolean fetchFault(EventType type, long address, String why) {
        return terminate(
                Translation.Terminated.ABORT,
                SmmuEvent.fetch(type, streamId, attributes.substreamId(), address),
                true,
                why);
    }

    /** A stage 1 fault: CD.R and CD.A decide (section 5.5). */
    boolean stage1Fault(EventType type, ContextConfig.Stage1 stage1, String why) {
        return terminate(
                stage1.abort() ? Translation.Terminated.ABORT : Translation.Terminated.RAZ_WI,
                translationEvent(type, false, FaultClass.IN, 0),
                stage1.record(),
                why);
    }

    /** The input address exceeds what a bypassed stage 1 can output (section 3.4); recorded in any case. */
    boolean bypassAddressSize() {
        return terminate(
                Translation.Terminated.ABORT,
                translationEvent(EventType.F_ADDR_SIZE, false, FaultClass.IN, 0),
                true,
                "the input address exceeds the address size");
    }

    /** A stage 2 fault: STE.S2R decides, termination is always an abort (section 5.5). */
    boolean stage2Fault(
            EventType type, StreamConfig.Stage2Config stage2, FaultClass faultClass, long ipa, String why) {
        return terminate(
                Translation.Terminated.ABORT,
                translationEvent(type, true, faultClass, ipa & ~0xFFFL),
                stage2.record(),
                why);
    }

    /** An external abort on a descriptor (section 7.3.12). */
    boolean walkAbort(boolean stage2, FaultClass faultClass, long address) {
        SmmuEvent abort = new SmmuEvent(
                EventType.F_WALK_EABT,
                streamId,
                attributes.substreamId(),
                stage2,
                faultClass,
                access.isRead(),
                instruction && access.isRead(),
                privileged,
                iova,
                0,
                address & ~7L,
                false,
                0,
                0);
        return terminate(
                Translation.Terminated.ABORT, abort, true, "reading a stage %d descriptor aborted".formatted(
                        stage2 ? 2 : 1));
    }

    private SmmuEvent translationEvent(EventType type, boolean stage2, FaultClass faultClass, long ipa) {
        return new SmmuEvent(
                type,
                streamId,
                attributes.substreamId(),
                stage2,
                faultClass,
                access.isRead(),
                instruction && access.isRead(),
                privileged,
                iova,
                ipa,
                0,
                false,
                0,
                0);
    }

    private boolean terminate(Translation.Terminated termination, SmmuEvent what, boolean record, String why) {
        how = termination;
        event = what;
        recorded = record;
        reason = why;
        return false;
    }
}
