package dev.backplane.smmuv3.accel;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;

/**
 * The address space of what is no assigned device: bridges and root ports. It is translated in software, but never for
 * the StreamID of an assigned device, whose tables only the hardware reads.
 */
final class BridgeSpace implements DmaAddressSpace.Translating {
    private final Assignments assignments;
    private final Counters counters;
    private volatile DmaAddressSpace.Translating translator;

    BridgeSpace(Assignments assignments, Counters counters) {
        this.assignments = assignments;
        this.counters = counters;
    }

    void serve(DmaAddressSpace.Translating newest) {
        translator = newest;
    }

    @Override
    public Translation translate(
            TransactionContext context, TransactionAttributes attributes, long iova, AccessKind access) {
        if (assignments.isAssigned(attributes.requesterId())) {
            counters.forbidden.increment();
            return Translation.Terminated.ABORT;
        }
        return translator.translate(context, attributes, iova, access);
    }
}
