package dev.backplane.smmuv3.control;

import dev.backplane.register.BitField;

/**
 * Place and size of a circular queue in memory, and the arithmetic of its indexes (IHI 0070 section 3.5.1): an index
 * register holds the entry number in its low {@code log2size} bits and the wrap flag just above. Immutable.
 *
 * @param base address of the first entry, aligned to the size of the queue
 * @param log2size base-2 logarithm of the number of entries, 0 to 19
 * @param entryBytes bytes of an entry: 16 in the command queue, 32 in the event queue
 */
record QueueGeometry(long base, int log2size, int entryBytes) {
    static final BitField LOG2SIZE = BitField.bits("LOG2SIZE", 4, 0);
    static final BitField ADDR = BitField.bits("ADDR", 55, 5);

    /**
     * {@return the geometry that a queue base register describes}
     *
     * @param baseRegister word of the register
     * @param maxLog2size largest size that the ID registers allow; a larger LOG2SIZE behaves as this one
     */
    static QueueGeometry of(long baseRegister, int maxLog2size, int entryBytes) {
        int log2size = Math.min(LOG2SIZE.getInt(baseRegister), maxLog2size);
        long bytes = (long) entryBytes << log2size;
        return new QueueGeometry(ADDR.inPlace(baseRegister) & -Math.max(bytes, 32), log2size, entryBytes);
    }

    /** {@return index and wrap flag of an index register, without its other bits} */
    int position(long register) {
        return (int) register & (2 << log2size) - 1;
    }

    /** {@return the position after another one} */
    int next(int position) {
        return position + 1 & (2 << log2size) - 1;
    }

    /** {@return whether a queue that is produced up to one position and consumed up to another is full} */
    boolean isFull(int produced, int consumed) {
        return (produced ^ consumed) == 1 << log2size;
    }

    /** {@return the number of the entry at a position} */
    int entry(int position) {
        return position & (1 << log2size) - 1;
    }

    /** {@return the address of the entry at a position} */
    long address(int position) {
        return base + (long) entry(position) * entryBytes;
    }

    /** {@return the position some entries after another one} */
    int forward(int position, int entries) {
        return position + entries & (2 << log2size) - 1;
    }

    /** {@return the position some entries before another one} */
    int back(int position, int entries) {
        return position - entries & (2 << log2size) - 1;
    }

    /** {@return the number of entries between two positions; more than the queue holds when software misprograms it} */
    int distance(int from, int to) {
        return to - from & (2 << log2size) - 1;
    }
}
