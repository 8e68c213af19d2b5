package dev.backplane.gicv3.its;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;

import dev.backplane.register.BitField;

/**
 * The ITS's own format of its tables: 8 bytes an entry. A device table entry has a generation that its interrupt
 * translation entries repeat, so that what an earlier MAPD left in the memory of an ITT is never taken for valid.
 */
final class Entry {
    /** In every kind of entry. */
    static final BitField VALID = bit("V", 63);

    /** In entries of device and interrupt translation tables. */
    static final BitField GENERATION = bits("Generation", 62, 52);

    /** Device: address of the ITT. */
    static final BitField ITT_ADDRESS = bits("ITT_addr", 51, 8);

    /** Device: number of EventID bits minus 1. */
    static final BitField ITT_SIZE = bits("Size", 4, 0);

    /** Interrupt: collection. */
    static final BitField ICID = bits("ICID", 47, 32);

    /** Interrupt: INTID of the LPI. */
    static final BitField INTID = bits("INTID", 31, 0);

    /** Collection: processor number. */
    static final BitField PROCESSOR = bits("RDbase", 15, 0);

    private Entry() {}

    static long device(long generation, long ittAddress, int ittSize) {
        return VALID.mask() | GENERATION.with(0, generation) | ittAddress | ittSize;
    }

    static long interrupt(long generation, int intid, int icid) {
        return VALID.mask() | GENERATION.with(0, generation) | ICID.with(0, icid) | intid;
    }

    static long collection(int processor) {
        return VALID.mask() | processor;
    }

    /** {@return whether an EventID is within the size of a device's ITT} */
    static boolean covers(long device, long eventId) {
        return eventId >>> ITT_SIZE.getInt(device) + 1 == 0;
    }

    /** {@return where the entry of an EventID is} */
    static long interruptAddress(long device, long eventId) {
        return ITT_ADDRESS.inPlace(device) + eventId * ItsRegisters.ENTRY_BYTES;
    }

    /** {@return whether a valid interrupt translation entry belongs to the device entry that leads to it} */
    static boolean isInterruptOf(long device, long interrupt) {
        return GENERATION.get(interrupt) == GENERATION.get(device);
    }
}
