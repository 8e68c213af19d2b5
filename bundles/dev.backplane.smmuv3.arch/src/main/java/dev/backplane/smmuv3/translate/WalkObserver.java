package dev.backplane.smmuv3.translate;

/**
 * Watches the steps of one translation, in the order in which they are taken, called by the very code that translates.
 * A step that reads memory is reported after the read and before its result is judged; an aborted read is not reported,
 * its address is in the event. Walks nest: the stage 2 walk of a stage 1 table's address lies between the calls of the
 * stage 1 walk.
 */
public interface WalkObserver {

    /** What a descriptor is. */
    enum DescriptorKind {
        /** Bit 0 is 0. */
        INVALID,
        /** Reserved at its level. */
        RESERVED,
        /** Points to the next table. */
        TABLE,
        /** Maps a block. */
        BLOCK,
        /** Maps a page. */
        PAGE
    }

    /** What an address belongs to. */
    enum Purpose {
        /** The transaction. */
        INPUT,
        /** A context descriptor or a table of them. */
        CONTEXT_DESCRIPTOR,
        /** A stage 1 table descriptor. */
        TABLE_DESCRIPTOR
    }

    /**
     * A level 1 stream table descriptor was read.
     *
     * @param index index in the level 1 table
     */
    default void level1StreamTableDescriptor(int index, long address, long descriptor) {}

    /**
     * A stream table entry was read.
     *
     * @param words its eight 64-bit words
     */
    default void streamTableEntry(int streamId, long address, long[] words) {}

    /**
     * A level 1 CD table descriptor was read.
     *
     * @param index index in the level 1 table
     * @param address physical address
     */
    default void level1ContextDescriptor(int index, long address, long descriptor) {}

    /**
     * A context descriptor was read.
     *
     * @param index index in its table
     * @param address physical address
     * @param words its eight 64-bit words
     */
    default void contextDescriptor(int index, long address, long[] words) {}

    /**
     * A walk begins.
     *
     * @param stage 1 or 2
     * @param purpose what the address belongs to; stage 1 walks are always of the input
     * @param address the address to translate: an IOVA, or an IPA for stage 2
     * @param table address of the first table, in the address space of the stage's output
     */
    default void walkBegins(int stage, Purpose purpose, long address, long table) {}

    /**
     * A descriptor was read.
     *
     * @param stage 1 or 2
     * @param level -1 to 3
     * @param index index in the table; may exceed one table's entries where tables are concatenated
     * @param address physical address of the descriptor
     * @param descriptor the descriptor
     * @param kind what it is
     */
    default void descriptor(int stage, int level, long index, long address, long descriptor, DescriptorKind kind) {}

    /**
     * A walk found a mapping.
     *
     * @param stage 1 or 2
     * @param output output address
     * @param pageShift log2 of the size of the page or block
     * @param readable reads are allowed to this transaction, of this stage alone
     * @param writable writes are allowed to this transaction, of this stage alone
     */
    default void walkEnds(int stage, long output, int pageShift, boolean readable, boolean writable) {}

    /** The translation ended. */
    default void ended(TranslationOutcome outcome) {}
}
