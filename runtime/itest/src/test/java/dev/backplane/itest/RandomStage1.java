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
    private boolean leavesRam;
    private final long outputSize;
    private final boolean aborts;
    private final boolean hidesAttributes;
    private final boolean hidden;
    private final boolean confined;
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
        outputSize = flaw(6) ? random.nextInt(8) : BITS_44;
        aborts = reads || !flaw(30);
        hidesAttributes = rarely(20);
        hidden = !aborts || hidesAttributes || outputSize > BITS_44 || t0sz < SMALLEST_SIZE_OFFSET
                || t0sz > LARGEST_SIZE_OFFSET;
        confined = hidden || overrides();
        descriptor(granule, t0sz);
        tables(GRANULE_BITS[granule], Math.clamp(t0sz, SMALLEST_SIZE_OFFSET, LARGEST_SIZE_OFFSET));
    }

    /** {@return whether something on the way lies where the guest has no RAM} */
    boolean leavesRam() {
        return leavesRam;
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
        long privileges = rarely(8) ? (long) random.nextInt(16) << 48 : 0; // PRIVCFG, INSTCFG
        return caching | privileges;
    }

    /** {@return whether the STE overrides privilege or kind of accesses} Such a scene does not leave RAM. */
    boolean overrides() {
        return (ste1 >>> 48 & 0xF) != 0;
    }

    /** {@return CD.A: whether faults are to abort} */
    boolean aborts() {
        return aborts;
    }

    /**
     * {@return whether software uses what the ID registers do not show, so that a host may have it: CD.A 0 with
     * TERM_MODEL 1, CD.HAD0 without HAD, a T0SZ for small tables without STT or for 52 bits without VAX,
     * a CD.IPS beyond OAS} Such a scene does not leave RAM.
     */
    boolean usesWhatIsNotShown() {
        return hidden;
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
                | outputSize << 32
                | bit(35, rarely(6)) // AFFD
                | bit(36, rarely(8)) // WXN
                | bit(38, rarely(6)) // TBI0
                | bit(40, rarely(8)) // PAN
                | bit(41, !flaw(30)) // AA64
                | bit(44, flaw(30)) // S
                | bit(45, confined || !rarely(12)) // R
                | bit(46, aborts) // A
                | (long) (1 + random.nextInt(200)) << 48; // ASID
        words.add(new Word(DESCRIPTOR, cd));
        words.add(new Word(DESCRIPTOR + 8, table(0) | bit(60, hidesAttributes))); // HAD0
        words.add(new Word(DESCRIPTOR + 16, table(5)));
        words.add(new Word(DESCRIPTOR + 24, random.nextLong()));
    }

    private static long bit(int number, boolean set) {
        return set ? 1L << number : 0;
    }

    private long table(int number) {
        if (!confined && flaw(25)) {
            leavesRam = true;
            return OUTSIDE + number * TABLE_STEP;
        }
        return TABLES + number * TABLE_STEP;
    }

    private void tables(int granuleBits, int t0sz) {
        int stride = granuleBits - 3;
        int levels = (64 - t0sz - granuleBits + stride - 1) / stride;
        for (int level = 4 - levels; level < 4; level++) {
            int shift = granuleBits + stride * (3 - level);
            int bits = level == 4 - levels ? 64 - t0sz - shift : stride;
            long index = iova >>> shift & (1L << bits) - 1;
            long at = TABLES + (level - 4 + levels) * TABLE_STEP + index * 8;
            boolean block = level < 3 && rarely(6) && (!confined || level == 2 && granuleBits == 12);
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
            boolean small = level == 2 && granuleBits == 12;
            leavesRam |= !small;
            output = small ? TARGETS : OUTSIDE;
        } else if (!confined && flaw(15)) {
            leavesRam = true;
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
