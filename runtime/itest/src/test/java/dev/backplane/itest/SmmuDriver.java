package dev.backplane.itest;

import java.util.HashMap;
import java.util.Map;

/** As much of an SMMUv3 driver as tests need: linear stream table, stage 1 with 4 KiB pages, both queues. */
final class SmmuDriver {
    private static final long CR0 = 0x20;
    private static final long CR0ACK = 0x24;
    private static final long STRTAB_BASE = 0x80;
    private static final long STRTAB_BASE_CFG = 0x88;
    private static final long CMDQ_BASE = 0x90;
    private static final long CMDQ_PROD = 0x98;
    private static final long CMDQ_CONS = 0x9C;
    private static final long EVENTQ_BASE = 0xA0;
    private static final long EVENTQ_PROD = 0x100A8;
    private static final long EVENTQ_CONS = 0x100AC;
    private static final long OVERFLOW = 1L << 31;
    private static final int LOG2_QUEUE = 8;
    private static final int FEW_STREAMS = 9;

    private final Machine machine;
    private final long base;
    private final long streams;
    private final long area;
    private final int log2Streams;
    private long events;
    private int log2Events = LOG2_QUEUE;
    private long nextPage;
    private final Map<Integer, Long> roots = new HashMap<>();
    private final Map<Integer, Long> descriptors = new HashMap<>();

    /**
     * Makes a driver.
     *
     * @param base where the registers are
     * @param area where it may keep tables: a megabyte of RAM
     */
    SmmuDriver(Machine machine, long base, long area) {
        this(machine, base, area, area, FEW_STREAMS);
    }

    /**
     * Makes a driver for more streams.
     *
     * @param area where it may keep tables, aligned to the stream table: 64 KiB and five pages per attached stream
     *     behind it
     * @param log2Streams log2 of the entries of the stream table
     */
    SmmuDriver(Machine machine, long base, long area, int log2Streams) {
        this(machine, base, area, area + (64L << log2Streams), log2Streams);
    }

    private SmmuDriver(Machine machine, long base, long streams, long area, int log2Streams) {
        this.machine = machine;
        this.base = base;
        this.streams = streams;
        this.area = area;
        this.log2Streams = log2Streams;
        events = area + 0xA000;
        nextPage = area + 0x10000;
    }

    /**
     * Gives the event queue another place, before {@link #enable}.
     *
     * @param log2 log2 of its entries, of 32 bytes each
     */
    void eventQueue(long address, int log2) {
        events = address;
        log2Events = log2;
    }

    /** Enables the SMMU with an empty stream table, of 512 entries if nothing else was said. */
    void enable() {
        machine.write(base + CR0, 4, 0);
        machine.write(base + 0x28, 4, 0xD75);
        machine.write(base + 0x2C, 4, 0x2);
        machine.write(base + STRTAB_BASE, 8, streams);
        machine.write(base + STRTAB_BASE_CFG, 4, log2Streams);
        machine.write(base + CMDQ_BASE, 8, area + 0x8000 | LOG2_QUEUE);
        machine.write(base + CMDQ_PROD, 4, 0);
        machine.write(base + CMDQ_CONS, 4, 0);
        machine.write(base + EVENTQ_BASE, 8, events | log2Events);
        machine.write(base + EVENTQ_PROD, 4, 0);
        machine.write(base + EVENTQ_CONS, 4, 0);
        machine.write(base + CR0, 4, 0x8);
        command(0x04, 31); // CFGI_ALL
        command(0x30, 0); // TLBI_NSNH_ALL
        sync();
        machine.write(base + 0x50, 4, 0x5);
        machine.write(base + CR0, 4, 0xD);
        if (machine.read(base + CR0ACK, 4) != 0xD) {
            throw new AssertionError("CR0ACK is 0x%x".formatted(machine.read(base + CR0ACK, 4)));
        }
    }

    /** Gives a stream stage-1 tables of its own. */
    void attach(int streamId) {
        long descriptor = page();
        long root = page();
        roots.put(streamId, root);
        long cd = 16L // T0SZ
                | 1L << 30 // EPD1
                | 1L << 31 // V
                | 4L << 32 // IPS: 44 bits
                | 1L << 41 // AA64
                | 1L << 45 // R
                | 1L << 46 // A
                | (long) (streamId + 1) << 48; // ASID
        machine.write(descriptor, 8, cd);
        machine.write(descriptor + 8, 8, root);
        machine.write(descriptor + 24, 8, 0xFF44L);
        descriptors.put(streamId, descriptor);
        entry(streamId, 1 | 5 << 1 | descriptor, 2 | 1 << 2 | 1 << 4 | 3 << 6);
    }

    /** Gives a stream an STE of two words and tells the SMMU. */
    void entry(int streamId, long low, long high) {
        long ste = streams + streamId * 64L;
        machine.write(ste, 8, 0);
        machine.write(ste + 8, 8, high);
        machine.write(ste, 8, low);
        command(0x03 | (long) streamId << 32, 1); // CFGI_STE
        sync();
    }

    /** {@return where a stream's CD is} */
    long descriptor(int streamId) {
        return descriptors.get(streamId);
    }

    /** {@return where a stream's first table is} */
    long root(int streamId) {
        return roots.get(streamId);
    }

    /** {@return the first address behind all tables so far} */
    long end() {
        return nextPage;
    }

    /** Drops all translations and CDs that may be cached of a stream. */
    void invalidate(int streamId) {
        command(0x05 | (long) streamId << 32, 1); // CFGI_CD
        command(0x30, 0); // TLBI_NSNH_ALL
        sync();
    }

    private long page() {
        long page = nextPage;
        nextPage += 0x1000;
        return page;
    }

    /** Maps a page for reading and writing by anyone. */
    void map(int streamId, long iova, long output) {
        long table = roots.get(streamId);
        for (int level = 0; level < 3; level++) {
            long entry = table + (iova >>> 39 - 9 * level & 0x1FF) * 8;
            long next = machine.read(entry, 8);
            if ((next & 1) == 0) {
                next = page() | 3;
                machine.write(entry, 8, next);
            }
            table = next & 0xFFFF_FFFF_F000L;
        }
        // AF, inner shareable, unprivileged read and write, page
        machine.write(table + (iova >>> 12 & 0x1FF) * 8, 8, output | 1 << 10 | 3 << 8 | 1 << 6 | 3);
    }

    /** Issues a command of two words. */
    void command(long low, long high) {
        long producer = machine.read(base + CMDQ_PROD, 4);
        long entry = area + 0x8000 + (producer & (1 << LOG2_QUEUE) - 1) * 16;
        machine.write(entry, 8, low);
        machine.write(entry + 8, 8, high);
        machine.write(base + CMDQ_PROD, 4, producer + 1 & (2 << LOG2_QUEUE) - 1);
    }

    /** Issues CMD_SYNC and checks that it was consumed. */
    void sync() {
        command(0x46, 0);
        long producer = machine.read(base + CMDQ_PROD, 4);
        long consumer = machine.read(base + CMDQ_CONS, 4);
        if (consumer != producer) {
            throw new AssertionError("CMDQ_CONS is 0x%x, CMDQ_PROD 0x%x".formatted(consumer, producer));
        }
    }

    /** {@return the oldest event record as four words, or null; it is consumed, and no overflow acknowledged} */
    long[] takeEvent() {
        long producer = machine.read(base + EVENTQ_PROD, 4) & OVERFLOW - 1;
        long consumer = machine.read(base + EVENTQ_CONS, 4);
        long acknowledged = consumer & OVERFLOW;
        consumer ^= acknowledged;
        if (producer == consumer) {
            return null;
        }
        long entry = events + (consumer & (1 << log2Events) - 1) * 32;
        var words = new long[4];
        for (int i = 0; i < 4; i++) {
            words[i] = machine.read(entry + i * 8, 8);
        }
        machine.write(base + EVENTQ_CONS, 4, consumer + 1 & (2 << log2Events) - 1 | acknowledged);
        return words;
    }
}
