package dev.backplane.host.sim;

import dev.backplane.smmuv3.spec.ContextTable.Cd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Memory of a guest at a guest-physical address, with the CDs and stage 1 tables that a guest's driver would make. */
final class GuestRam {
    static final long BASE = 0x4000_0000L;
    static final long PAGE = 0x1000;
    private static final long TABLE = 0b11;
    /** AF, inner shareable, unprivileged read and write, page. */
    private static final long LEAF = 1 << 10 | 3 << 8 | 1 << 6 | 0b11;

    final MemorySegment memory;
    private long next = BASE + 0x10_0000;

    GuestRam(long bytes) {
        memory = Arena.ofAuto().allocate(bytes, 1 << 21);
    }

    /** {@return a page of zeros} */
    long page() {
        long page = next;
        next += PAGE;
        memory.asSlice(page - BASE, PAGE).fill((byte) 0);
        return page;
    }

    void put(long address, long value) {
        memory.set(ValueLayout.JAVA_LONG, address - BASE, value);
    }

    long get(long address) {
        return memory.get(ValueLayout.JAVA_LONG, address - BASE);
    }

    int word(long address) {
        return memory.get(ValueLayout.JAVA_INT, address - BASE);
    }

    /** {@return a CD of tables with 48-bit addresses} */
    long context(long root, int asid) {
        long cd = page();
        writeContext(cd, root, asid);
        return cd;
    }

    void writeContext(long cd, long root, int asid) {
        long[] words = new long[8];
        Cd.T0SZ.set(words, 16);
        Cd.EPD1.set(words, 1);
        Cd.V.set(words, 1);
        Cd.IPS.set(words, 4);
        Cd.AA64.set(words, 1);
        Cd.R.set(words, 1);
        Cd.A.set(words, 1);
        Cd.ASID.set(words, asid);
        words[1] |= root;
        words[3] = 0xFF;
        for (int i = 0; i < 8; i++) {
            put(cd + 8L * i, words[i]);
        }
    }

    /** Maps one page. */
    void map(long root, long iova, long ipa) {
        long table = root;
        for (int level = 0; level < 3; level++) {
            long entry = table + 8 * (iova >>> 39 - 9 * level & 511);
            if (get(entry) == 0) {
                put(entry, page() | TABLE);
            }
            table = get(entry) & 0xFFFF_FFFF_F000L;
        }
        put(table + 8 * (iova >>> 12 & 511), ipa == 0 ? 0 : ipa | LEAF);
    }
}
