package dev.backplane.vm.load;

import dev.backplane.vm.capture.Capture;

/**
 * Builds the tables of an ITS by running the captured commands (IHI 0069, chapter 5). The layout of its tables is the
 * ITS's own, so captured tables are not used: it gets empty memory and the whole history of commands.
 */
final class ItsProgrammer {
    private static final int GITS_CTLR = 0x0;
    private static final int GITS_CBASER = 0x80;
    private static final int GITS_CWRITER = 0x88;
    private static final int GITS_CREADR = 0x90;
    private static final int GITS_BASER = 0x100;
    private static final int TABLES = 8;
    private static final int DEVICES = 1;
    private static final int COLLECTIONS = 4;
    private static final int MAPD = 0x08;
    private static final int MAPC = 0x09;
    private static final int COMMAND = 32;
    private static final long ENABLED = 1;
    private static final long QUIESCENT = 1L << 31;
    private static final long VALID = 1L << 63;
    private static final long STALLED = 1;
    private static final long CWRITER_OFFSET = 0xFFFE0;
    /** Inner and outer cacheability, shareability: hints that are kept as captured. */
    private static final long ATTRIBUTES = 7L << 59 | 7L << 53 | 3L << 10;
    private static final long PAGE_64K = 2L << 8;
    private static final int TABLE_PAGE = 1 << 16;
    private static final int MOST_PAGES = 256;

    private final GuestBus bus;
    private final Capture capture;
    private final Capture.Block its;
    private final FreeMemory free;

    ItsProgrammer(GuestBus bus, Capture capture, Capture.Block its) {
        this.bus = bus;
        this.capture = capture;
        this.its = its;
        free = new FreeMemory(capture);
    }

    void program() {
        bus.write(its.base() + GITS_CTLR, 4, 0);
        bus.poll(its.base() + GITS_CTLR, 4, QUIESCENT, QUIESCENT, "GITS_CTLR.Quiescent");
        long writer = its.register("GITS_CWRITER") & CWRITER_OFFSET;
        long queue = its.register("GITS_CBASER") & 0x000F_FFFF_FFFF_F000L;
        for (int table = 0; table < TABLES; table++) {
            provide(table, queue, writer);
        }
        bus.write(its.base() + GITS_CBASER, 8, its.register("GITS_CBASER") | VALID);
        bus.write(its.base() + GITS_CWRITER, 8, 0);
        bus.write(its.base() + GITS_CTLR, 4, ENABLED);
        bus.write(its.base() + GITS_CWRITER, 8, writer);
        bus.poll(its.base() + GITS_CREADR, 8, CWRITER_OFFSET | STALLED, writer, "GITS_CREADR, the end of the commands");
        if ((its.register("GITS_CTLR") & ENABLED) == 0) {
            bus.write(its.base() + GITS_CTLR, 4, 0);
        }
    }

    /** Gives one table of the ITS flat memory, large enough for what the commands map. */
    private void provide(int table, long queue, long writer) {
        long register = its.base() + GITS_BASER + 8L * table;
        long offered = bus.read(register, 8);
        int type = (int) (offered >>> 56 & 7);
        if (type != DEVICES && type != COLLECTIONS) {
            return;
        }
        long entry = (offered >>> 48 & 0x1F) + 1;
        long entries = 1 + largest(type, queue, writer);
        int pages = (int) ((entries * entry + TABLE_PAGE - 1) / TABLE_PAGE);
        if (pages > MOST_PAGES) {
            throw new IllegalStateException("GITS_BASER%d: %d entries of %d bytes need more than %d pages of 64 KiB"
                    .formatted(table, entries, entry, MOST_PAGES));
        }
        long captured = capturedTable(type);
        long address = free.take((long) pages * TABLE_PAGE);
        bus.write(register, 8, VALID | captured & ATTRIBUTES | address | PAGE_64K | (pages - 1));
        long now = bus.read(register, 8);
        if ((now & VALID) == 0 || (now & 0x300) != PAGE_64K || (now & 0xFF) != pages - 1) {
            throw new IllegalStateException("GITS_BASER%d is 0x%x after it was given %d pages of 64 KiB at 0x%x"
                    .formatted(table, now, pages, address));
        }
    }

    private long capturedTable(int type) {
        for (int table = 0; table < TABLES; table++) {
            long value = its.register("GITS_BASER" + table);
            if ((value >>> 56 & 7) == type && value != 0) {
                return value;
            }
        }
        return 0;
    }

    /** {@return the largest DeviceID or collection number that the commands name} */
    private long largest(int type, long queue, long writer) {
        long largest = 0;
        for (long offset = 0; offset < writer; offset += COMMAND) {
            long first = word(queue + offset);
            int code = (int) (first & 0xFF);
            if (type == DEVICES && code == MAPD) {
                largest = Math.max(largest, first >>> 32);
            } else if (type == COLLECTIONS && code == MAPC) {
                largest = Math.max(largest, word(queue + offset + 16) & 0xFFFF);
            }
        }
        return largest;
    }

    private long word(long address) {
        Long value = capture.memory().word(address);
        if (value == null) {
            throw new IllegalStateException("memory.idx: the ITS command at 0x%x is missing".formatted(address));
        }
        return value;
    }
}
