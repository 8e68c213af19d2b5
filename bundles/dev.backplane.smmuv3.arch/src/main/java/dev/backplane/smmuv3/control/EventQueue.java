package dev.backplane.smmuv3.control;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import java.util.BitSet;
import java.util.concurrent.atomic.LongAdder;

/**
 * The producer of the event queue (IHI 0070 sections 3.5.4 and 7.2). Any number of threads record at once: each takes
 * an entry, writes it without holding anything, and PROD passes entries in order as they are complete.
 */
final class EventQueue {
    private static final int RECORD_BYTES = 32;

    private final ControlRegisters registers;
    private final DmaPort memory;
    private final SmmuInterrupts interrupts;
    private final LongAdder recorded = new LongAdder();
    private final LongAdder merged = new LongAdder();
    private final LongAdder overflowed = new LongAdder();
    private final LongAdder aborted = new LongAdder();
    private final LongAdder disabled = new LongAdder();
    // All below is guarded by the registers.
    /** Entries between PROD and here are being written. */
    private int allocated;
    /** Entries between PROD and {@link #allocated} whose record is complete. */
    private final BitSet complete = new BitSet();

    private int writers;
    /** Writers of an earlier generation: while there are any, one of them could overwrite an entry handed out. */
    private int lateWriters;
    /** Counts enables, disables, write aborts and resets: a writer from before does not publish its entry. */
    private int generation;
    /** The newest record in the queue while events may be merged into it, else null. */
    private long[] newest;

    EventQueue(ControlRegisters registers, DmaPort memory, SmmuInterrupts interrupts) {
        this.registers = registers;
        this.memory = memory;
        this.interrupts = interrupts;
    }

    /**
     * Records an event.
     *
     * @param words the record: four words, not changed afterwards
     * @param mergeable the stream allows that the record stands for more than one event
     * @return whether the record is in the queue; it is lost when the queue is disabled, full, or its memory aborts
     */
    boolean record(TransactionContext context, long[] words, boolean mergeable) {
        QueueGeometry queue;
        int entry;
        int startedIn;
        synchronized (registers) {
            if (!registers.isSet(registers.cr0, RegisterTable.EVENTQEN)) {
                disabled.increment();
                return false;
            }
            if (lateWriters != 0 || registers.isActive(RegisterTable.EVENTQ_ABT_ERR)) {
                aborted.increment();
                return false;
            }
            queue = registers.eventQueue();
            entry = allocated;
            if (mergeable && repeatsNewest(queue, words)) {
                merged.increment();
                return true;
            }
            if (queue.isFull(entry, queue.position(registers.get(registers.eventqCons)))) {
                overflow();
                return false;
            }
            allocated = queue.next(entry);
            writers++;
            startedIn = generation;
        }
        boolean written = false;
        try {
            written = write(context, queue.address(entry), words);
        } finally {
            finish(queue, entry, startedIn, written, mergeable ? words : null);
        }
        return written;
    }

    private boolean write(TransactionContext context, long address, long[] words) {
        for (int i = 0; i < words.length; i++) {
            if (!memory.write(context, address + 8L * i, 8, words[i]).isDone()) {
                return false;
            }
        }
        return true;
    }

    /** {@return whether the newest record is visible, not consumed, and says the same} Holds the monitor. */
    private boolean repeatsNewest(QueueGeometry queue, long[] words) {
        return newest != null
                && allocated == queue.position(registers.get(registers.eventqProd))
                && allocated != queue.position(registers.get(registers.eventqCons))
                && EventMerging.isSame(newest, words);
    }

    /** What happens from now on is told apart from what has been recorded: a CMD_SYNC is complete. */
    void endMerging() {
        synchronized (registers) {
            newest = null;
        }
    }

    /** Marks that records were lost, unless software has yet to acknowledge an earlier loss (section 7.4). */
    private void overflow() {
        overflowed.increment();
        long prod = registers.get(registers.eventqProd);
        if (((prod ^ registers.get(registers.eventqCons)) & RegisterTable.OVFLG.mask()) == 0) {
            registers.set(registers.eventqProd, prod ^ RegisterTable.OVFLG.mask());
        }
    }

    /** Publishes what is complete; {@code mergeable} is the record if others may be merged into it, else null. */
    private void finish(QueueGeometry queue, int entry, int startedIn, boolean written, long[] mergeable) {
        boolean nonEmpty = false;
        boolean globalError = false;
        synchronized (registers) {
            if (startedIn == generation) {
                writers--;
            } else {
                lateWriters--;
            }
            if (startedIn == generation && written) {
                recorded.increment();
                complete.set(entry);
                newest = queue.next(entry) == allocated ? mergeable : newest;
                nonEmpty = publish(queue) && registers.isSet(registers.irqCtrl, RegisterTable.EVENTQ_IRQEN);
            } else if (startedIn == generation) {
                // PROD stays where it is; the records that others are writing behind this one are lost as well.
                restart();
                globalError = registers.raise(RegisterTable.EVENTQ_ABT_ERR);
            }
            if (!written) {
                aborted.increment();
            }
            settle();
        }
        if (nonEmpty) {
            interrupts.eventQueue().pulse();
        }
        if (globalError) {
            interrupts.globalError().pulse();
        }
    }

    /** Moves PROD over complete entries. {@return whether the queue became non-empty by it} */
    private boolean publish(QueueGeometry queue) {
        long prod = registers.get(registers.eventqProd);
        int first = queue.position(prod);
        int position = first;
        while (complete.get(position)) {
            complete.clear(position);
            position = queue.next(position);
        }
        if (position == first) {
            return false;
        }
        registers.set(registers.eventqProd, prod & RegisterTable.OVFLG.mask() | position);
        return first == queue.position(registers.get(registers.eventqCons));
    }

    /**
     * Starts afresh from PROD: after EVENTQEN changed, a write abort, a reset or a restore. Holds the monitor.
     */
    void restart() {
        generation++;
        lateWriters += writers;
        writers = 0;
        allocated = registers.eventQueue().position(registers.get(registers.eventqProd));
        complete.clear();
        newest = null;
    }

    /** A cleared EVENTQEN is acknowledged when no record is being written (section 6.3.9.3). Holds the monitor. */
    void settle() {
        if (writers + lateWriters == 0 || registers.isSet(registers.cr0, RegisterTable.EVENTQEN)) {
            registers.acknowledge(RegisterTable.EVENTQEN);
        }
    }

    /**
     * Shows the records between CONS and PROD, oldest first, without consuming them.
     *
     * @return how many were left out, being newer than the first {@code most}
     */
    int visit(TransactionContext context, int most, RecordVisitor visitor) {
        QueueGeometry queue;
        int consumed;
        int produced;
        synchronized (registers) {
            queue = registers.eventQueue();
            consumed = queue.position(registers.get(registers.eventqCons));
            produced = queue.position(registers.get(registers.eventqProd));
        }
        int count = Math.min(queue.distance(consumed, produced), 1 << queue.log2size());
        int left = Math.min(count, most);
        for (int position = consumed; left > 0; left--, position = queue.next(position)) {
            long[] words = new long[RECORD_BYTES / 8];
            for (int i = 0; i < words.length; i++) {
                words[i] = memory.load64(context, queue.address(position) + 8L * i).isDone() ? context.data() : 0;
            }
            visitor.visit(queue.entry(position), queue.address(position), words);
        }
        return Math.max(0, count - most);
    }

    long recorded() {
        return recorded.sum();
    }

    long merged() {
        return merged.sum();
    }

    long overflowed() {
        return overflowed.sum();
    }

    long aborted() {
        return aborted.sum();
    }

    long disabled() {
        return disabled.sum();
    }

    /** Receives the records of the queue. */
    @FunctionalInterface
    interface RecordVisitor {
        void visit(int entry, long address, long[] words);
    }
}
