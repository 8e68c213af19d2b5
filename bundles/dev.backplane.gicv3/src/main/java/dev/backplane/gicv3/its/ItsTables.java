package dev.backplane.gicv3.its;

import dev.backplane.gicv3.table.TableMemory;
import dev.backplane.memory.TransactionContext;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Devices, events and collections, as the tables in memory hold them; the first collections can be held by the ITS
 * itself (GITS_TYPER.HCC). Readers need no lock; one thread at a time writes.
 */
final class ItsTables {
    /** There is no valid entry. Entries have bit 63 set, so that all of them are below the other two answers. */
    static final long INVALID = 0;

    /** The table has no place for the index. */
    static final long OUT_OF_RANGE = TableGeometry.OUT_OF_RANGE;

    /** A table is not in memory. */
    static final long FAULT = TableGeometry.FAULT;

    private final TableMemory memory;
    private final AtomicLongArray hardwareCollections;
    private volatile TableGeometry devices = TableGeometry.of(0);
    private volatile TableGeometry collections = TableGeometry.of(0);

    ItsTables(TableMemory memory, int hardwareCollections) {
        this.memory = memory;
        this.hardwareCollections = new AtomicLongArray(hardwareCollections);
    }

    /** {@return whether an answer of this class is a valid entry} */
    static boolean isEntry(long answer) {
        return answer < FAULT;
    }

    /** Takes over a GITS_BASERn. */
    void configure(int index, long baser) {
        if (index == ItsRegisters.DEVICES) {
            devices = TableGeometry.of(baser);
        } else {
            collections = TableGeometry.of(baser);
        }
    }

    TableGeometry devices() {
        return devices;
    }

    /** {@return the number of ICIDs that can be mapped} */
    long collectionCount() {
        return Math.min(1 << ItsRegisters.ID_BITS, Math.max(hardwareCollections.length(), collections.capacity()));
    }

    /** {@return a device table entry, {@link #INVALID}, {@link #OUT_OF_RANGE} or {@link #FAULT}} */
    long device(TransactionContext context, long deviceId) {
        return load(context, deviceAddress(context, deviceId));
    }

    private long deviceAddress(TransactionContext context, long deviceId) {
        return deviceId >>> ItsRegisters.ID_BITS != 0 ? OUT_OF_RANGE : devices.entry(context, memory, deviceId);
    }

    /** Stores a device table entry; result as for {@link #device}, {@link #INVALID} when it was stored. */
    long setDevice(TransactionContext context, long deviceId, long entry) {
        return store(context, deviceAddress(context, deviceId), entry);
    }

    /** {@return the entry of an event of a valid device, {@link #INVALID} or {@link #FAULT}} */
    long interrupt(TransactionContext context, long device, long eventId) {
        if (!memory.load(context, Entry.interruptAddress(device, eventId))) {
            return FAULT;
        }
        long entry = context.data();
        return isEntry(entry) && Entry.isInterruptOf(device, entry) ? entry : INVALID;
    }

    /** Stores the entry of an event; {@return whether memory took it} */
    boolean setInterrupt(TransactionContext context, long device, long eventId, long entry) {
        return memory.store(context, Entry.interruptAddress(device, eventId), entry);
    }

    /** {@return a collection table entry, {@link #INVALID}, {@link #OUT_OF_RANGE} or {@link #FAULT}} */
    long collection(TransactionContext context, int icid) {
        if (icid < hardwareCollections.length()) {
            return hardwareCollections.get(icid);
        }
        return load(context, collections.entry(context, memory, icid));
    }

    /** Stores a collection table entry; result as for {@link #setDevice}. */
    long setCollection(TransactionContext context, int icid, long entry) {
        if (icid < hardwareCollections.length()) {
            hardwareCollections.set(icid, entry);
            return INVALID;
        }
        return store(context, collections.entry(context, memory, icid), entry);
    }

    private long load(TransactionContext context, long address) {
        if (address < 0) {
            return address;
        }
        if (!memory.load(context, address)) {
            return FAULT;
        }
        return isEntry(context.data()) ? context.data() : INVALID;
    }

    private long store(TransactionContext context, long address, long entry) {
        if (address < 0) {
            return address;
        }
        return memory.store(context, address, entry) ? INVALID : FAULT;
    }

    /** Forgets what the ITS holds itself. */
    void reset() {
        for (int icid = 0; icid < hardwareCollections.length(); icid++) {
            hardwareCollections.set(icid, INVALID);
        }
    }

    long[] saveHardwareCollections() {
        var saved = new long[hardwareCollections.length()];
        for (int icid = 0; icid < saved.length; icid++) {
            saved[icid] = hardwareCollections.get(icid);
        }
        return saved;
    }

    void restoreHardwareCollections(long[] saved) {
        for (int icid = 0; icid < saved.length; icid++) {
            hardwareCollections.set(icid, saved[icid]);
        }
    }

    int hardwareCollections() {
        return hardwareCollections.length();
    }
}
