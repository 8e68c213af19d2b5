package dev.backplane.itest;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A random stage-1 configuration of one stream: an STE, a CD and the descriptors on the way of one IOVA, valid more
 * often than not. The words are the same for whoever carries stage 1 out.
 */
final class RandomStage1 {
    /** Where CD, tables and target pages are: all of it in RAM. */
    static final long DESCRIPTOR = 0x40C0_0000L;
    static final long TABLES = 0x40D0_0000L;
    static final long TARGETS = 0x4100_0000L;
    /** Target pages: 64 KiB each, so that each granule finds one, and a block of 2 MiB all of them. */
    static final int TARGET_COUNT = 32;

    private static final int WRITTEN_BACK = 0x800;
    private static final long OUTSIDE = 1L << 43;
    private static final long TABLE_STEP = 0x1_0000L;
    /** What CD.IPS says for 44 bits, which is all that the guest is shown. */
    private static final long BITS_44 = 4;
    private static final int SMALLEST_SIZE_OFFSET = 16;
    private static final int LARGEST_SIZE_OFFSET = 39;
    private static final int[] GRANULE_BITS = {12, 16, 14, 12};

    /** A word in memory. */
    record Word(long address, long value) {}

    private final SplittableRandom random;
    private final boolean tidy;
    private final List<Word> words = new ArrayList<>();
    final long iova;
    final long ste0;
    final long ste1;
    /** Whether the device reads and writes back, else it only writes. */
    final boolean reads;

    RandomStage1(long seed) {
        random = new SplittableRandom(seed);
        tidy = random.nextInt(3) != 0;
        reads = random.nextBoolean();
        int granule = flaw(12) ? 3 : random.nextInt(3);
        int t0sz = flaw(10) ? random.nextInt(64) : 16 + random.nextInt(24);
        long within = (1L << 64 - Math.clamp(t0sz, SMALLEST_SIZE_OFFSET, LARGEST_SIZE_OFFSET)) - 1;
        long address = random.nextLong() & within;
        if (flaw(10)) {
            address |= random.nextLong() << 30;
        }
        // The same offset in a page of each granule; what is read is written back 2 KiB above.
        iova = address & ~0xFFFFL | (long) random.nextInt(512) << 2;
        ste1 = ste1();
        ste0 = ste0();
        descriptor(granule, t0sz);
        tables(GRANULE_BITS[granule], Math.clamp(t0sz, SMALLEST_SIZE_OFFSET, LARGEST_SIZE_OFFSET));
    }

    /** {@return where the device writes} */
    long writes() {
        return reads ? iova + WRITTEN_BACK : iova;
    }

    /** {@return the addresses of all words that the accesses may read or write, as far as they hit a target page} */
    List<Long> places() {
        var places = new ArrayList<Long>();
        for (int target = 0; target < TARGET_COUNT; target++) {
            long page = TARGETS + target * 0x1_0000L + (iova & 0xFFFF);
            places.add(page);
            places.add(page + WRITTEN_BACK);
        }
        return places;
    }

    List<Word> words() {
        return words;
    }

    private boolean rarely(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }

    private boolean flaw(int oneIn) {
        return !tidy && rarely(oneIn);
    }

    private long ste0() {
        long config = flaw(8) ? random.nextInt(8) : 5;
        return (flaw(30) ? 0 : 1) | config << 1 | DESCRIPTOR;
    }

    private long ste1() {
        long caching = random.nextInt(64) << 2;
        long privileges = rarely(8) ? (long) random.nextInt(16) << 48 : 0; // PRIVCFG, INSTCFG: not shown, ignored
        return caching | privileges;
    }

    private void descriptor(int granule, int t0sz) {
        long cd = t0sz
                | (long) granule << 6
                | (long) random.nextInt(64) << 8 // IR0, OR0, SH0
                | bit(14, flaw(25)) // EPD0
                | bit(15, flaw(40)) // ENDI
                | 25L << 16 // T1SZ
                | 2L << 22 // TG1: 4 KiB
                | bit(30, !flaw(10)) // EPD1
                | bit(31, !flaw(30)) // V
                | (flaw(6) ? random.nextInt(8) : BITS_44) << 32 // IPS
                | bit(35, rarely(6)) // AFFD
                | bit(36, rarely(8)) // WXN
                | bit(38, rarely(6)) // TBI0
                | bit(40, rarely(8)) // PAN
                | bit(41, !flaw(30)) // AA64
                | bit(44, flaw(30)) // S
                | bit(45, !rarely(12)) // R
                | bit(46, !flaw(15)) // A
                | (long) (1 + random.nextInt(200)) << 48; // ASID
        words.add(new Word(DESCRIPTOR, cd));
        words.add(new Word(DESCRIPTOR + 8, table(0) | bit(1, rarely(20)) | bit(2, rarely(20)))); // HAD0, E0PD0
        words.add(new Word(DESCRIPTOR + 16, table(5)));
        words.add(new Word(DESCRIPTOR + 24, random.nextLong()));
    }

    private static long bit(int number, boolean set) {
        return set ? 1L << number : 0;
    }

    private long table(int number) {
        return (flaw(25) ? OUTSIDE : TABLES) + number * TABLE_STEP;
    }

    private void tables(int granuleBits, int t0sz) {
        int stride = granuleBits - 3;
        int levels = (64 - t0sz - granuleBits + stride - 1) / stride;
        for (int level = 4 - levels; level < 4; level++) {
            int shift = granuleBits + stride * (3 - level);
            int bits = level == 4 - levels ? 64 - t0sz - shift : stride;
            long index = iova >>> shift & (1L << bits) - 1;
            long at = TABLES + (level - 4 + levels) * TABLE_STEP + index * 8;
            boolean block = level < 3 && rarely(6);
            words.add(new Word(at, entry(granuleBits, level, block, level - 4 + levels + 1)));
            if (block) {
                return;
            }
        }
    }

    private long entry(int granuleBits, int level, boolean block, int next) {
        if (flaw(8)) {
            return random.nextInt(4) == 0 ? random.nextLong() & ~1L : 0;
        }
        if (level < 3 && !block) {
            return table(next) | (rarely(8) ? (long) random.nextInt(32) << 59 : 0) | 3;
        }
        long attributes = bit(10, !rarely(10)) // AF
                | (long) random.nextInt(8) << 2 // AttrIndx
                | (long) (rarely(3) ? random.nextInt(4) : 1) << 6 // AP
                | 3 << 8 // SH
                | (long) (rarely(6) ? random.nextInt(4) : 0) << 53 // PXN, UXN
                | bit(11, rarely(2)); // nG
        long output;
        if (block) {
            output = level == 2 && granuleBits == 12 ? TARGETS : OUTSIDE;
        } else if (flaw(15)) {
            output = rarely(2) ? OUTSIDE : OUTSIDE << 3;
        } else {
            output = TARGETS + random.nextInt(TARGET_COUNT) * 0x1_0000L;
        }
        return output | attributes | (block ? 1 : 3);
    }

    @Override
    public String toString() {
        var text = new StringBuilder("IOVA 0x%x, %s, STE 0x%x 0x%x".formatted(
                iova, reads ? "read and written back" : "written", ste0, ste1));
        words.forEach(word -> text.append(", 0x%x: 0x%x".formatted(word.address(), word.value())));
        return text.toString();
    }
}
