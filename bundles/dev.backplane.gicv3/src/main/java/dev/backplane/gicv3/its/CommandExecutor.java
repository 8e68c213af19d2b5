package dev.backplane.gicv3.its;

import dev.backplane.irq.LpiController;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;

/**
 * Executes commands (IHI 0069, chapter 5). A command that takes a mapping away invalidates the cache and waits until
 * no message uses the mapping any more, so its effects are complete when it returns and SYNC has nothing to wait for.
 * One thread at a time.
 */
final class CommandExecutor {
    private final ItsTables tables;
    private final TranslationCache cache;
    private final LpiController gic;
    private final Epochs epochs;
    private long generation;

    CommandExecutor(ItsTables tables, TranslationCache cache, LpiController gic, Epochs epochs) {
        this.tables = tables;
        this.cache = cache;
        this.gic = gic;
        this.epochs = epochs;
    }

    /** {@return the generation that the last MAPD gave to its device; part of the saved state} */
    long generation() {
        return generation;
    }

    void setGeneration(long value) {
        generation = value & (1L << Entry.GENERATION.width()) - 1;
    }

    /** {@return whether it is known which processors there are; commands wait for that} */
    boolean isReady() {
        return gic.processors() > 0;
    }

    /** {@return null when the command was executed, else why not; nothing is changed then} */
    CommandError execute(TransactionContext context, Command command) {
        Command.Opcode opcode = command.opcode();
        if (opcode == null) {
            return CommandError.UNKNOWN_COMMAND;
        }
        return switch (opcode) {
            case MAPD -> mapDevice(context, command);
            case MAPC -> mapCollection(context, command);
            case MAPTI -> mapInterrupt(context, command, command.pIntid(), MapErrors.MAPTI);
            case MAPI -> mapInterrupt(context, command, command.eventId(), MapErrors.MAPI);
            case MOVI -> moveInterrupt(context, command);
            case MOVALL -> moveAll(context, command);
            case DISCARD -> onInterrupt(context, command, EventErrors.DISCARD);
            case INV -> onInterrupt(context, command, EventErrors.INV);
            case INT -> onInterrupt(context, command, EventErrors.INT);
            case CLEAR -> onInterrupt(context, command, EventErrors.CLEAR);
            case INVALL -> invalidateAll(context, command);
            case SYNC -> null;
        };
    }

    private CommandError mapDevice(TransactionContext context, Command command) {
        long deviceId = command.deviceId();
        if (command.valid() && command.ittSize() >= ItsRegisters.ID_BITS) {
            return CommandError.MAPD_ITTSIZE_OOR;
        }
        long old = tables.device(context, deviceId);
        if (old == ItsTables.OUT_OF_RANGE) {
            return CommandError.MAPD_DEVICE_OOR;
        }
        long entry = ItsTables.INVALID;
        if (command.valid()) {
            setGeneration(generation + 1);
            entry = Entry.device(generation, command.ittAddress(), command.ittSize());
        }
        if (old == ItsTables.FAULT || tables.setDevice(context, deviceId, entry) != ItsTables.INVALID) {
            return CommandError.MEMORY_FAULT;
        }
        if (old != ItsTables.INVALID) {
            cache.invalidateDevice((int) deviceId);
            epochs.synchronize(context);
        }
        return null;
    }

    private CommandError mapCollection(TransactionContext context, Command command) {
        int icid = command.icid();
        if (command.valid() && command.rdBase() >= gic.processors()) {
            return CommandError.MAPC_PROCNUM_OOR;
        }
        long old = tables.collection(context, icid);
        if (old == ItsTables.OUT_OF_RANGE) {
            return CommandError.MAPC_COLLECTION_OOR;
        }
        long entry = command.valid() ? Entry.collection((int) command.rdBase()) : ItsTables.INVALID;
        if (old == ItsTables.FAULT || tables.setCollection(context, icid, entry) != ItsTables.INVALID) {
            return CommandError.MEMORY_FAULT;
        }
        if (old != ItsTables.INVALID && old != entry) {
            // Cached translations do not say which collection they came through.
            cache.invalidateAll();
            epochs.synchronize(context);
        }
        return null;
    }

    /** Errors of the commands that map an event. */
    private enum MapErrors {
        MAPTI(
                CommandError.MAPTI_DEVICE_OOR,
                CommandError.MAPTI_COLLECTION_OOR,
                CommandError.MAPTI_UNMAPPED_DEVICE,
                CommandError.MAPTI_ID_OOR,
                CommandError.MAPTI_PHYSICALID_OOR),
        MAPI(
                CommandError.MAPI_DEVICE_OOR,
                CommandError.MAPI_COLLECTION_OOR,
                CommandError.MAPI_UNMAPPED_DEVICE,
                CommandError.MAPI_ID_OOR,
                CommandError.MAPI_PHYSICALID_OOR);

        private final CommandError deviceOutOfRange;
        private final CommandError collectionOutOfRange;
        private final CommandError unmappedDevice;
        private final CommandError idOutOfRange;
        private final CommandError intidOutOfRange;

        MapErrors(
                CommandError deviceOutOfRange,
                CommandError collectionOutOfRange,
                CommandError unmappedDevice,
                CommandError idOutOfRange,
                CommandError intidOutOfRange) {
            this.deviceOutOfRange = deviceOutOfRange;
            this.collectionOutOfRange = collectionOutOfRange;
            this.unmappedDevice = unmappedDevice;
            this.idOutOfRange = idOutOfRange;
            this.intidOutOfRange = intidOutOfRange;
        }
    }

    private CommandError mapInterrupt(TransactionContext context, Command command, long intid, MapErrors errors) {
        long device = tables.device(context, command.deviceId());
        if (device == ItsTables.OUT_OF_RANGE) {
            return errors.deviceOutOfRange;
        }
        if (command.icid() >= tables.collectionCount()) {
            return errors.collectionOutOfRange;
        }
        if (device == ItsTables.INVALID) {
            return errors.unmappedDevice;
        }
        if (device == ItsTables.FAULT) {
            return CommandError.MEMORY_FAULT;
        }
        if (!Entry.covers(device, command.eventId())) {
            return errors.idOutOfRange;
        }
        if (!isLpi(intid)) {
            return errors.intidOutOfRange;
        }
        long old = tables.interrupt(context, device, command.eventId());
        long entry = Entry.interrupt(Entry.GENERATION.get(device), (int) intid, command.icid());
        if (old == ItsTables.FAULT || !tables.setInterrupt(context, device, command.eventId(), entry)) {
            return CommandError.MEMORY_FAULT;
        }
        if (old != ItsTables.INVALID) {
            unmapped(context, command);
        }
        return null;
    }

    private static boolean isLpi(long intid) {
        return intid >= 8192 && intid < 1 << ItsRegisters.ID_BITS;
    }

    private void unmapped(TransactionContext context, Command command) {
        cache.invalidate((int) command.deviceId(), (int) command.eventId());
        epochs.synchronize(context);
    }

    /** Errors of the commands that name an event. */
    private enum EventErrors {
        MOVI(
                CommandError.MOVI_DEVICE_OOR,
                CommandError.MOVI_UNMAPPED_DEVICE,
                CommandError.MOVI_ID_OOR,
                CommandError.MOVI_UNMAPPED_INTERRUPT,
                CommandError.MOVI_UNMAPPED_COLLECTION),
        INT(
                CommandError.INT_DEVICE_OOR,
                CommandError.INT_UNMAPPED_DEVICE,
                CommandError.INT_ID_OOR,
                CommandError.INT_UNMAPPED_INTERRUPT,
                CommandError.INT_UNMAPPED_COLLECTION),
        CLEAR(
                CommandError.CLEAR_DEVICE_OOR,
                CommandError.CLEAR_UNMAPPED_DEVICE,
                CommandError.CLEAR_ID_OOR,
                CommandError.CLEAR_UNMAPPED_INTERRUPT,
                CommandError.CLEAR_UNMAPPED_COLLECTION),
        INV(
                CommandError.INV_DEVICE_OOR,
                CommandError.INV_UNMAPPED_DEVICE,
                CommandError.INV_ID_OOR,
                CommandError.INV_UNMAPPED_INTERRUPT,
                CommandError.INV_UNMAPPED_COLLECTION),
        /** An event is unmapped whether its collection is mapped or not. */
        DISCARD(
                CommandError.DISCARD_DEVICE_OOR,
                CommandError.DISCARD_UNMAPPED_DEVICE,
                CommandError.DISCARD_ID_OOR,
                CommandError.DISCARD_UNMAPPED_INTERRUPT,
                null);

        private final CommandError deviceOutOfRange;
        private final CommandError unmappedDevice;
        private final CommandError idOutOfRange;
        private final CommandError unmappedInterrupt;
        private final CommandError unmappedCollection;

        EventErrors(
                CommandError deviceOutOfRange,
                CommandError unmappedDevice,
                CommandError idOutOfRange,
                CommandError unmappedInterrupt,
                CommandError unmappedCollection) {
            this.deviceOutOfRange = deviceOutOfRange;
            this.unmappedDevice = unmappedDevice;
            this.idOutOfRange = idOutOfRange;
            this.unmappedInterrupt = unmappedInterrupt;
            this.unmappedCollection = unmappedCollection;
        }
    }

    /** What the tables say about an event, or why they say nothing. */
    private record Event(CommandError error, long device, long interrupt) {
        static Event failed(CommandError error) {
            return new Event(error, 0, 0);
        }

        int intid() {
            return (int) Entry.INTID.get(interrupt);
        }

        int icid() {
            return Entry.ICID.getInt(interrupt);
        }
    }

    private Event find(TransactionContext context, Command command, EventErrors errors) {
        long device = tables.device(context, command.deviceId());
        if (device == ItsTables.OUT_OF_RANGE) {
            return Event.failed(errors.deviceOutOfRange);
        }
        if (device == ItsTables.INVALID) {
            return Event.failed(errors.unmappedDevice);
        }
        if (device == ItsTables.FAULT) {
            return Event.failed(CommandError.MEMORY_FAULT);
        }
        if (!Entry.covers(device, command.eventId())) {
            return Event.failed(errors.idOutOfRange);
        }
        long interrupt = tables.interrupt(context, device, command.eventId());
        if (interrupt == ItsTables.FAULT) {
            return Event.failed(CommandError.MEMORY_FAULT);
        }
        return interrupt == ItsTables.INVALID
                ? Event.failed(errors.unmappedInterrupt)
                : new Event(null, device, interrupt);
    }

    private CommandError onInterrupt(TransactionContext context, Command command, EventErrors kind) {
        Event event = find(context, command, kind);
        if (event.error() != null) {
            return event.error();
        }
        long collection = tables.collection(context, event.icid());
        if (collection == ItsTables.FAULT) {
            return CommandError.MEMORY_FAULT;
        }
        if (kind == EventErrors.DISCARD) {
            return discard(context, command, event, collection);
        }
        if (!ItsTables.isEntry(collection)) {
            return kind.unmappedCollection;
        }
        int processor = Entry.PROCESSOR.getInt(collection);
        switch (kind) {
            case INV -> gic.invalidate(context, processor, event.intid());
            case INT -> gic.setPending(context, processor, event.intid());
            default -> gic.clearPending(context, processor, event.intid());
        }
        return null;
    }

    private CommandError discard(TransactionContext context, Command command, Event event, long collection) {
        if (!tables.setInterrupt(context, event.device(), command.eventId(), ItsTables.INVALID)) {
            return CommandError.MEMORY_FAULT;
        }
        unmapped(context, command);
        if (ItsTables.isEntry(collection)) {
            gic.clearPending(context, Entry.PROCESSOR.getInt(collection), event.intid());
        }
        return null;
    }

    private CommandError moveInterrupt(TransactionContext context, Command command) {
        if (command.icid() >= tables.collectionCount()) {
            return CommandError.MOVI_COLLECTION_OOR;
        }
        Event event = find(context, command, EventErrors.MOVI);
        if (event.error() != null) {
            return event.error();
        }
        long from = tables.collection(context, event.icid());
        long to = tables.collection(context, command.icid());
        if (from == ItsTables.FAULT || to == ItsTables.FAULT) {
            return CommandError.MEMORY_FAULT;
        }
        if (!ItsTables.isEntry(from) || !ItsTables.isEntry(to)) {
            return CommandError.MOVI_UNMAPPED_COLLECTION;
        }
        long entry = Entry.ICID.with(event.interrupt(), command.icid());
        if (!tables.setInterrupt(context, event.device(), command.eventId(), entry)) {
            return CommandError.MEMORY_FAULT;
        }
        unmapped(context, command);
        gic.movePending(context, Entry.PROCESSOR.getInt(from), Entry.PROCESSOR.getInt(to), event.intid());
        return null;
    }

    private CommandError moveAll(TransactionContext context, Command command) {
        if (command.rdBase() >= gic.processors() || command.rdBase2() >= gic.processors()) {
            return CommandError.MOVALL_PROCNUM_OOR;
        }
        gic.moveAllPending(context, (int) command.rdBase(), (int) command.rdBase2());
        return null;
    }

    private CommandError invalidateAll(TransactionContext context, Command command) {
        if (command.icid() >= tables.collectionCount()) {
            return CommandError.INVALL_COLLECTION_OOR;
        }
        long collection = tables.collection(context, command.icid());
        if (collection == ItsTables.FAULT) {
            return CommandError.MEMORY_FAULT;
        }
        if (!ItsTables.isEntry(collection)) {
            return CommandError.INVALL_UNMAPPED_COLLECTION;
        }
        gic.invalidateAll(context, Entry.PROCESSOR.getInt(collection));
        return null;
    }
}
