package dev.backplane.smmuv3.translate;

import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.smmuv3.reference.ReferenceSmmu;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A random SMMU with a random stream: capabilities, registers, an STE and a CD that are valid more often than not, and
 * a memory in which every word is a plausible descriptor, made from its address when it is first read.
 */
final class RandomScene implements ReferenceSmmu.Placement {
    private static final long BASE = 0x4000_0000L;

    final SplittableRandom random;
    final SmmuCapabilities capabilities;
    final SmmuConfiguration registers;
    final Memory memory;

    private final int streamId;
    private final int split;
    private final long[] ste = new long[8];
    private final long[] cd = new long[8];
    private final long l1Std;
    private final long l1Cd;
    /** One descriptor in so many is bad. */
    private final int badness;
    private final int addressBits;
    private final long seed;
    private final boolean tidy;

    RandomScene(long seed) {
        this.seed = seed;
        random = new SplittableRandom(seed);
        tidy = random.nextInt(3) != 0;
        capabilities = capabilities();
        badness = pick(400, 60, 12);
        addressBits = Math.min(capabilities.outputBits(), pick(30, 32, 32, 36, 40));
        streamId = random.nextInt(1 << 8);
        split = pick(6, 8, 10, 0, 7);
        memory = new Memory();
        ste();
        cd();
        l1Cd = flaw(5) ? random.nextLong() : address() & ~0xFFFL | 1;
        l1Std = l1Std();
        registers = registers();
    }

    private int pick(int... values) {
        return values[random.nextInt(values.length)];
    }

    private boolean rarely(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }

    /** A deliberate flaw, once in so many fields; tidy scenes have none. */
    private boolean flaw(int oneIn) {
        return !tidy && rarely(oneIn);
    }

    private boolean coin() {
        return random.nextBoolean();
    }

    private long address() {
        return random.nextLong() & (1L << addressBits) - 1;
    }

    private SmmuCapabilities capabilities() {
        boolean both = !rarely(10);
        boolean one = coin();
        return new SmmuCapabilities(
                both || one, both || !one, pick(32, 36, 40, 42, 44, 44, 48, 48, 52, 52), pick(48, 52), !rarely(8),
                !rarely(8), !rarely(8), pick(8, 9, 16), pick(0, 0, 4, 8, 20), coin(), coin(), coin(), coin(), 1, coin(),
                coin(), coin(), coin(), coin(), coin(), coin(), coin(), coin());
    }

    private SmmuConfiguration registers() {
        boolean twoLevel = coin();
        int log2Size = flaw(10) ? random.nextInt(12) : 8 + random.nextInt(9);
        long base = (BASE + 0x100_0000L) & (flaw(30) ? -1L : -(1L << 23));
        return new SmmuConfiguration(
                !rarely(25), random.nextInt() & (coin() ? ~(1 << 20) : -1), base | (flaw(40) ? 1L << 50 : 0), log2Size,
                split, twoLevel, coin());
    }

    private int split() {
        return split == 8 || split == 10 ? split : 6;
    }

    private long l1Std() {
        int span = flaw(4) ? random.nextInt(32) : Math.min(9, split() + 1);
        long pointer = (BASE + 0x200_0000L) & -(1L << span + 5);
        return pointer | span | (flaw(40) ? 1L << 51 : 0);
    }

    private void ste() {
        int config = rarely(16) ? random.nextInt(8) : pick(4, 5, 5, 5, 6, 6, 7, 7, 7, 7);
        if (tidy) {
            config &= ~((capabilities.stage1() ? 0 : 1) | (capabilities.stage2() ? 0 : 2));
        }
        int format = tidy && !capabilities.twoLevelCdTable() ? 0 : random.nextInt(4);
        ste[0] = (flaw(40) ? 0 : 1) | (long) config << 1;
        int cdMax = rarely(3)
                ? random.nextInt(capabilities.substreamIdBits() + (tidy ? 1 : 2))
                : Math.min(capabilities.substreamIdBits(), 4);
        ste[0] |= (long) format << 4 | address() & ~63L | (flaw(40) ? 1L << 53 : 0) | (long) (cdMax & 31) << 59;
        ste[1] = random.nextLong() & ~(1L << 27 | 3) | (rarely(4) ? random.nextInt(4) : 2) | (flaw(40) ? 1L << 27 : 0);
        int granule = granule();
        ste[2] = (capabilities.vmid16() || flaw(10)) ? random.nextInt(1 << 16) : random.nextInt(1 << 8);
        ste[2] |= s2Shape(granule);
        ste[2] |= (long) (granule == 12 ? 0 : granule == 16 ? 1 : flaw(20) ? 3 : 2) << 46;
        ste[2] |= (long) (flaw(4) ? random.nextInt(8) : 5 + random.nextInt(3)) << 48;
        ste[2] |= (flaw(40) ? 0 : 1L << 51) | (flaw(40) ? 1L << 52 : 0) | (rarely(3) ? 1L << 53 : 0)
                | (rarely(4) ? 1L << 54 : 0) | (flaw(40) ? 1L << 55 : 0) | (flaw(40) ? 1L << 56 : 0)
                | (flaw(40) ? 1L << 57 : 0) | (rarely(4) ? 0 : 1L << 58);
        ste[3] = address() & ~15L | (flaw(40) ? 1L << 49 : 0);
    }

    private int granule() {
        while (true) {
            int granule = pick(12, 14, 16);
            boolean supported = switch (granule) {
                case 12 -> capabilities.granule4K();
                case 14 -> capabilities.granule16K();
                default -> capabilities.granule64K();
            };
            boolean none = !capabilities.granule4K() && !capabilities.granule16K() && !capabilities.granule64K();
            if (supported || none || flaw(8)) {
                return granule;
            }
        }
    }

    private long s2Shape(int granule) {
        int sl0 = random.nextInt(tidy && capabilities.outputBits() < 44 ? 2 : 3);
        int below = granule == 12 ? 1 + sl0 : sl0;
        int least = below * (granule - 3) + granule + 1;
        int bits = least + random.nextInt(granule);
        int t0sz = 64 - Math.min(bits, capabilities.outputBits());
        if (flaw(12)) {
            t0sz = random.nextInt(64);
        }
        return (long) (t0sz & 63) << 32 | (long) (flaw(25) ? random.nextInt(4) : sl0) << 38;
    }

    private void cd() {
        int granule0 = flaw(20) ? 3 : switch (granule()) {
            case 12 -> 0;
            case 14 -> 2;
            default -> 1;
        };
        int granule1 = flaw(20) ? 0 : switch (granule()) {
            case 12 -> 2;
            case 14 -> 1;
            default -> 3;
        };
        cd[0] = tsz() | (long) granule0 << 6 | (rarely(8) ? 1L << 14 : 0) | (flaw(40) ? 1L << 15 : 0)
                | (long) tsz() << 16 | (long) granule1 << 22 | (rarely(4) ? 1L << 30 : 0) | (flaw(40) ? 0 : 1L << 31)
                | (long) (flaw(4) ? random.nextInt(8) : 5 + random.nextInt(3)) << 32 | (rarely(3) ? 1L << 35 : 0)
                | (rarely(3) ? 1L << 36 : 0) | (random.nextLong() & 0x1CL << 36) & ~(1L << 36)
                | (flaw(40) ? 0 : 1L << 41) | (flaw(40) ? 1L << 42 : 0) | (flaw(40) ? 1L << 43 : 0)
                | (flaw(40) ? 1L << 44 : 0) | (rarely(4) ? 0 : 1L << 45)
                | ((capabilities.alwaysAbort() ? flaw(5) : rarely(3)) ? 0 : 1L << 46)
                | (long) random.nextInt(capabilities.asid16() || flaw(20) ? 1 << 16 : 1 << 8) << 48;
        cd[1] = address() & ~15L | random.nextInt(8) & ~(rarely(3) ? 0 : 4) | (flaw(40) ? 1L << 49 : 0);
        cd[2] = address() & ~15L | random.nextInt(8) & ~(rarely(3) ? 0 : 4) | (flaw(40) ? 1L << 49 : 0);
        cd[3] = random.nextLong();
    }

    private int tsz() {
        return flaw(25) ? random.nextInt(64) : 16 + random.nextInt(24);
    }

    boolean isNested() {
        return (ste[0] & 0xE) == 0xE;
    }

    int streamId() {
        return rarely(25) ? random.nextInt(1 << 16) : streamId;
    }

    int substreamId() {
        boolean useful = capabilities.substreamIdBits() != 0 && (ste[0] & 2) != 0;
        return rarely(useful ? 3 : 12)
                ? random.nextInt(rarely(6) ? 1 << 20 : 16)
                : TransactionAttributes.NO_SUBSTREAM;
    }

    long iova() {
        boolean upper = rarely(4);
        int bits = 64 - (int) (cd[0] >>> (upper ? 16 : 0) & 63);
        if ((ste[0] >>> 1 & 7) == 6 || rarely(8)) {
            bits = rarely(6) ? capabilities.outputBits() : 64 - (int) (ste[2] >>> 32 & 63);
            upper = false;
        } else if (rarely(8)) {
            bits = pick(addressBits, 32, 52, 64);
        }
        long low = bits >= 64 ? random.nextLong() : random.nextLong() & (1L << bits) - 1;
        long iova = upper && bits < 64 ? low | -1L << bits : low;
        return rarely(8) ? iova & 0x00FF_FFFF_FFFF_FFFFL | random.nextLong() << 56 : iova;
    }

    @Override
    public void l1Std(long address) {
        memory.place(address, l1Std);
    }

    @Override
    public void ste(long address) {
        for (int i = 0; i < 8; i++) {
            memory.place(address + 8L * i, ste[i]);
        }
    }

    @Override
    public void l1Cd(long address) {
        memory.place(address, l1Cd);
    }

    @Override
    public void cd(long address) {
        for (int i = 0; i < 8; i++) {
            memory.place(address + 8L * i, cd[i]);
        }
    }

    @Override
    public String toString() {
        return "STE %x %x %x %x CD %x %x %x %x %s %s".formatted(
                ste[0], ste[1], ste[2], ste[3], cd[0], cd[1], cd[2], cd[3], registers, capabilities);
    }

    /** Memory in which every word exists, but for some. */
    final class Memory extends TablePort {
        private final Map<Long, Long> words = new HashMap<>();

        /** Answers the word, or null where memory aborts. */
        Long peek(long address) {
            return words.containsKey(address) ? words.get(address) : made(address);
        }

        /** Puts a word of a structure where none is, or makes it abort. */
        void place(long address, long word) {
            if (!words.containsKey(address)) {
                words.put(address, flaw(100) ? null : (Long) word);
            }
        }

        private Long made(long address) {
            var dice = new SplittableRandom(seed ^ address * 0xD134_2543_DE82_EF95L);
            if (dice.nextInt(badness * 4) == 0) {
                return null;
            }
            if (dice.nextInt(badness * 2) == 0) {
                return dice.nextLong();
            }
            long descriptor = dice.nextInt(8) == 0 ? 0b01 : 0b11;
            long pointer = dice.nextLong() & (1L << addressBits) - 1;
            if (dice.nextInt(badness) == 0) {
                pointer = dice.nextLong();
            }
            descriptor |= pointer & 0x0000_FFFF_FFFF_0000L | (dice.nextInt(badness) == 0 ? pointer & 0xF000 : 0);
            // Attributes: mostly readable and writable by all, accessed; the rest as it falls.
            descriptor |= dice.nextLong() & (0x78L << 52 | 3L << 50 | 7L << 2 | 3L << 8 | 1L << 11 | 1L << 5);
            descriptor |= dice.nextInt(badness) == 0 ? 0 : 1L << 10;
            descriptor |= (long) (dice.nextInt(badness / 2) == 0 ? dice.nextInt(4) : dice.nextInt(3) == 0 ? 3 : 1) << 6;
            if (dice.nextInt(badness) == 0) {
                descriptor |= dice.nextLong() & (0x1FL << 59 | 3L << 53);
            }
            return descriptor;
        }

        @Override
        public TransactionResult load64(TransactionContext context, long address) {
            Long word = peek(address);
            if (word == null) {
                return TransactionResult.Fault.DECODE_ERROR;
            }
            context.data(word);
            return TransactionResult.Done.DONE;
        }
    }
}
