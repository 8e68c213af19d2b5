package dev.backplane.gicv3.its;

import dev.backplane.irq.LpiController;
import dev.backplane.memory.TransactionContext;

/**
 * Turns messages into LPIs (IHI 0069, chapter 5). Called by any thread; a cached translation takes no lock and
 * allocates nothing.
 */
final class Translator {
    private final ItsTables tables;
    private final TranslationCache cache;
    private final LpiController gic;
    private final ItsErrors errors;
    private volatile boolean enabled;

    Translator(ItsTables tables, TranslationCache cache, LpiController gic, ItsErrors errors) {
        this.tables = tables;
        this.cache = cache;
        this.gic = gic;
        this.errors = errors;
    }

    boolean isEnabled() {
        return enabled;
    }

    void setEnabled(boolean enable) {
        enabled = enable;
    }

    /**
     * Delivers a message.
     *
     * @param deviceId DeviceID, 16 bits
     * @param eventId EventID, unsigned 32 bits
     */
    void deliver(TransactionContext context, int deviceId, long eventId) {
        if (!enabled) {
            errors.count(DropReason.ITS_DISABLED, deviceId, (int) eventId);
            return;
        }
        if (eventId >>> ItsRegisters.ID_BITS == 0) {
            long cached = cache.find(deviceId, (int) eventId);
            if (cached != TranslationCache.NONE) {
                int intid = TranslationCache.intid(cached);
                if (!gic.setPending(context, TranslationCache.processor(cached), intid)) {
                    errors.count(DropReason.NOT_TAKEN, deviceId, (int) eventId);
                }
                return;
            }
        }
        DropReason dropped = walkAndDeliver(context, deviceId, eventId);
        if (dropped != null) {
            errors.count(dropped, deviceId, (int) eventId);
        }
    }

    private DropReason walkAndDeliver(TransactionContext context, int deviceId, long eventId) {
        long mark = cache.generation(deviceId, (int) eventId);
        long device = tables.device(context, deviceId);
        if (device == ItsTables.OUT_OF_RANGE) {
            return DropReason.DEVICE_OUT_OF_RANGE;
        }
        if (device == ItsTables.INVALID) {
            return DropReason.DEVICE_UNMAPPED;
        }
        if (device == ItsTables.FAULT) {
            return DropReason.TABLE_FAULT;
        }
        if (!Entry.covers(device, eventId)) {
            return DropReason.EVENT_OUT_OF_RANGE;
        }
        long interrupt = tables.interrupt(context, device, eventId);
        if (interrupt == ItsTables.INVALID) {
            return DropReason.EVENT_UNMAPPED;
        }
        if (interrupt == ItsTables.FAULT) {
            return DropReason.TABLE_FAULT;
        }
        long collection = tables.collection(context, Entry.ICID.getInt(interrupt));
        if (collection == ItsTables.FAULT) {
            return DropReason.TABLE_FAULT;
        }
        if (collection == ItsTables.INVALID || collection == ItsTables.OUT_OF_RANGE) {
            return DropReason.COLLECTION_UNMAPPED;
        }
        int processor = Entry.PROCESSOR.getInt(collection);
        int intid = (int) Entry.INTID.get(interrupt);
        if (!gic.setPending(context, processor, intid)) {
            return DropReason.NOT_TAKEN;
        }
        if (eventId >>> ItsRegisters.ID_BITS == 0) {
            cache.add(mark, deviceId, (int) eventId, processor, intid);
        }
        return null;
    }
}
