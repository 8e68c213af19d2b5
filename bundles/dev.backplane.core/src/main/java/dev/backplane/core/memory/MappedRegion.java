package dev.backplane.core.memory;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;

/**
 * A region of a slot. It outlives the models that answer for it: a hand-over puts the new model's region of the same
 * name in while the gate is parked.
 */
public final class MappedRegion {
    private final String slot;
    private final DeviceGate gate;
    private volatile MmioRegion region;

    /**
     * Makes one.
     *
     * @param slot name of the slot, for memory maps and messages
     * @param gate gate of the device that answers
     * @param region the region
     */
    public MappedRegion(String slot, DeviceGate gate, MmioRegion region) {
        this.slot = slot;
        this.gate = gate;
        this.region = region;
    }

    /**
     * Puts the region of a successor in; the caller has parked the gate.
     *
     * @throws IllegalArgumentException if name or size differ
     */
    public void serve(MmioRegion next) {
        if (!next.name().equals(region.name()) || next.size() != region.size()) {
            throw new IllegalArgumentException("slot %s: region %s of 0x%x bytes cannot replace %s of 0x%x bytes"
                    .formatted(slot, next.name(), next.size(), region.name(), region.size()));
        }
        region = next;
    }

    /** Forgets the model's handler, so that nothing of its bundle stays reachable while the slot is parked. */
    public void vacate() {
        MmioRegion now = region;
        region = new MmioRegion(
                now.name(), now.size(), now.minAccess(), now.maxAccess(), now.concurrent(), NobodyHome.HANDLER);
    }

    /** {@return the name of the slot} */
    public String slot() {
        return slot;
    }

    /** {@return the region as it is served now} */
    public MmioRegion region() {
        return region;
    }

    /** {@return the gate of the device that answers} */
    public DeviceGate gate() {
        return gate;
    }

    /**
     * Makes one access of a size and alignment that the region takes; splits and refuses others.
     *
     * @return how it ended, or null when the gate is parked (the context names it)
     */
    TransactionResult access(
            EpochContext context,
            TransactionAttributes attributes,
            AccessKind kind,
            long offset,
            int size,
            long value) {
        if (!gate.isOpen()) {
            return closed(context);
        }
        return passed(context, attributes, kind, offset, size, value);
    }

    /**
     * Makes a further access of a transaction that has begun here: if the gate is parked meanwhile, whoever parks it
     * waits for this epoch, and what was done cannot be done again.
     */
    TransactionResult continued(
            EpochContext context,
            TransactionAttributes attributes,
            AccessKind kind,
            long offset,
            int size,
            long value) {
        TransactionResult refusal = gate.refusal();
        return refusal != null ? refusal : passed(context, attributes, kind, offset, size, value);
    }

    private TransactionResult passed(
            EpochContext context,
            TransactionAttributes attributes,
            AccessKind kind,
            long offset,
            int size,
            long value) {
        MmioRegion target = region;
        if (size < target.minAccess()) {
            return Fault.SLAVE_ERROR;
        }
        int piece = size;
        while (piece > target.maxAccess() || (offset & piece - 1) != 0) {
            piece >>>= 1;
        }
        if (piece < target.minAccess()) {
            return Fault.SLAVE_ERROR;
        }
        if (piece == size) {
            return one(context, attributes, target, kind, offset, size, value);
        }
        long data = 0;
        for (int done = 0; done < size; done += piece) {
            TransactionResult result = one(
                    context,
                    attributes,
                    target,
                    kind,
                    offset + done,
                    piece,
                    value >>> done * 8 & SystemBus.lowBytes(piece));
            if (!result.isDone()) {
                return result;
            }
            data |= (context.data() & SystemBus.lowBytes(piece)) << done * 8;
        }
        context.data(data);
        return TransactionResult.Done.DONE;
    }

    private TransactionResult closed(EpochContext context) {
        TransactionResult refusal = gate.refusal();
        if (refusal == null) {
            context.obstacle(gate);
        }
        return refusal;
    }

    private TransactionResult one(
            EpochContext context,
            TransactionAttributes attributes,
            MmioRegion target,
            AccessKind kind,
            long offset,
            int size,
            long value) {
        if (target.concurrent()) {
            return call(context, attributes, target, kind, offset, size, value);
        }
        DeviceGate.DeviceLock held = gate.lock(context);
        if (held == null) {
            return gate.gaveUp();
        }
        TransactionResult result;
        long data;
        boolean inTime = false;
        try {
            result = call(context, attributes, target, kind, offset, size, value);
            data = context.data();
        } finally {
            inTime = gate.unlock(held, context);
        }
        if (!inTime) {
            return gate.gaveUp();
        }
        // Effects may have used the data bus for transactions of their own.
        context.data(data);
        return result;
    }

    private TransactionResult call(
            EpochContext context,
            TransactionAttributes attributes,
            MmioRegion target,
            AccessKind kind,
            long offset,
            int size,
            long value) {
        int before = context.enterCallback(gate.place());
        TransactionResult result = null;
        Throwable caught = null;
        try {
            if (kind == AccessKind.READ) {
                result = target.handler().read(context, attributes, offset, size);
                context.data(context.data() & SystemBus.lowBytes(size));
            } else {
                result = target.handler().write(context, attributes, offset, size, value & SystemBus.lowBytes(size));
            }
        } catch (Throwable thrown) {
            caught = thrown;
        }
        if (!context.leaveCallback(before)) {
            return gate.gaveUp();
        }
        if (caught != null) {
            return gate.thrown(caught);
        }
        if (result == null || result instanceof TransactionResult.Pending) {
            gate.fail("region %s answered %s to an access at 0x%x: expected done or a fault"
                    .formatted(target.name(), result == null ? "null" : "pending", offset));
            return Fault.DEVICE_FAILED;
        }
        return result;
    }
}
