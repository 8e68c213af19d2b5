package dev.backplane.smmuv3.reference;

import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.MemoryAttributes.Cacheability;
import dev.backplane.memory.MemoryAttributes.Shareability;
import dev.backplane.memory.MemoryAttributes.Type;
import dev.backplane.smmuv3.translate.SmmuCapabilities;
import dev.backplane.smmuv3.translate.SmmuConfiguration;

/**
 * A second transcription of IHI 0070 and of VMSAv8-64, as plain as it can be: bit numbers as the manual prints them,
 * nothing cached, nothing shared with the implementation but the result types. A fault is an exception. Other modules'
 * tests get it as a library of its own. Not thread-safe.
 */
public final class ReferenceSmmu {
    /** What structures are read from. */
    @FunctionalInterface
    public interface Memory {
        /** {@return a word, or null for an external abort} */
        Long load(long address);
    }

    /** Is told where a structure is about to be read, so that a test can put it there. */
    public interface Placement {
        void l1Std(long address);

        void ste(long address);

        void l1Cd(long address);

        void cd(long address);
    }

    /**
     * The outcome: an address with its properties, or a termination with the record that is made, if any.
     *
     * @param output output address, 0 when terminated
     * @param size bytes around it that translate alike, 0 when terminated
     * @param read whether reads may pass
     * @param write whether writes may pass
     * @param attributes memory attributes, null when terminated
     * @param end {@code mapped}, {@code ABORT} or {@code RAZ_WI}
     * @param record four words in hexadecimal, or null when nothing is recorded
     */
    public record Outcome(
            long output,
            long size,
            boolean read,
            boolean write,
            MemoryAttributes attributes,
            String end,
            String record) {
        /** {@return a translation} */
        public static Outcome mapped(long output, long size, boolean read, boolean write, MemoryAttributes attributes) {
            return new Outcome(output, size, read, write, attributes, "mapped", null);
        }
    }

    private static final class Fault extends RuntimeException {
        private final transient Outcome outcome;

        Fault(String end, String record) {
            super(null, null, false, false);
            outcome = new Outcome(0, 0, false, false, null, end, record);
        }
    }

    private final SmmuCapabilities caps;
    private final SmmuConfiguration regs;
    private final Memory memory;
    private final Placement placement;

    // The transaction.
    private long sid;
    private int ssid;
    private boolean priv;
    private boolean inst;
    private boolean isRead;
    private long in;

    // STE and CD.
    private long[] ste;
    private long[] cd;

    // The last stage 2 leaf.
    private long s2Page;
    private boolean s2Read;
    private boolean s2Write;
    private int s2MemAttr;
    private int s2Sh;

    private static final Placement NOWHERE = new Placement() {
        @Override
        public void l1Std(long address) {}

        @Override
        public void ste(long address) {}

        @Override
        public void l1Cd(long address) {}

        @Override
        public void cd(long address) {}
    };

    /**
     * Makes one that is enabled, over a linear stream table that is there, and records invalid StreamIDs.
     *
     * @param idr ID registers IDR0, IDR1, IDR3 and IDR5
     */
    public static ReferenceSmmu overLinearTable(int[] idr, long streamTable, int log2Streams, Memory memory) {
        return new ReferenceSmmu(
                SmmuCapabilities.ofIdRegisters(idr[0], idr[1], idr[2], idr[3]),
                new SmmuConfiguration(true, 0, streamTable, log2Streams, 0, false, true),
                memory,
                NOWHERE);
    }

    /** Makes one; {@code placement} is told before each structure is read. */
    public ReferenceSmmu(SmmuCapabilities caps, SmmuConfiguration regs, Memory memory, Placement placement) {
        this.caps = caps;
        this.regs = regs;
        this.memory = memory;
        this.placement = placement;
    }

    /** {@return what becomes of an access; {@code substreamId} is -1 for none} */
    public Outcome translate(
            int streamId, int substreamId, boolean privileged, boolean instruction, long iova, boolean read) {
        sid = streamId;
        ssid = substreamId;
        priv = privileged;
        inst = instruction;
        isRead = read;
        in = iova;
        ste = null;
        cd = null;
        try {
            return go();
        } catch (Fault fault) {
            return fault.outcome;
        }
    }

    private static long bits(long word, int hi, int lo) {
        return hi - lo == 63 ? word : (word >>> lo) & ((1L << (hi - lo + 1)) - 1);
    }

    private static boolean bit(long word, int n) {
        return (word >>> n & 1) == 1;
    }

    private static int sizeOf(long encoded) {
        return new int[] {32, 36, 40, 42, 44, 48, 52, 52}[(int) encoded];
    }

    private boolean outside(long address, int width) {
        return width < 64 && address >>> width != 0;
    }

    // ---- records (7.3)

    private long head(int id) {
        long word = id | sid << 32;
        if (ssid >= 0) {
            word |= (long) ssid << 12 | (id == 0x08 ? 0 : 1L << 11);
        }
        return word;
    }

    private static String words(long w0, long w1, long w2, long w3) {
        return "%016x %016x %016x %016x".formatted(w0, w1, w2, w3);
    }

    private Fault config(int id) {
        return new Fault("ABORT", words(head(id), 0, 0, 0));
    }

    private long how(boolean s2, int cls) {
        return (priv ? 1L << 33 : 0) | (inst && isRead ? 1L << 34 : 0) | (isRead ? 1L << 35 : 0)
                | (s2 ? 1L << 39 : 0) | (long) cls << 40;
    }

    private Fault s1(int id) {
        return new Fault(
                bit(cd[0], 46) ? "ABORT" : "RAZ_WI",
                bit(cd[0], 45) ? words(head(id), how(false, 2), in, 0) : null);
    }

    private Fault s2(int id, int cls, long ipa) {
        // 7.3.16 TTRnW, record bit 108: descriptors are read, never written.
        long how = how(true, cls) | (id == 0x13 && cls == 1 ? 1L << 108 - 64 : 0);
        return new Fault("ABORT", bit(ste[2], 58) ? words(head(id), how, in, ipa & 0x000F_FFFF_FFFF_F000L) : null);
    }

    private Fault eabt(boolean s2, int cls, long address) {
        return new Fault("ABORT", words(head(0x0B), how(s2, cls), in, address & 0x00FF_FFFF_FFFF_FFF8L));
    }

    // ---- 3.3

    private Outcome go() {
        int oas = caps.outputBits();
        if (!regs.enabled()) {
            if (bit(regs.gbpa(), 20) || outside(in, oas)) {
                throw new Fault("ABORT", null);
            }
            long g = regs.gbpa();
            MemoryAttributes global = incoming(bit(g, 4), (int) bits(g, 3, 0), (int) bits(g, 13, 12));
            return Outcome.mapped(in, 1L << oas, true, true, global);
        }
        readSte();
        if (!bit(ste[0], 0) || steIllegal()) {
            throw config(0x04);
        }
        int conf = (int) bits(ste[0], 3, 1);
        if (conf < 4) {
            throw new Fault("ABORT", null);
        }
        MemoryAttributes input =
                incoming(bit(ste[1], 36), (int) bits(ste[1], 35, 32), (int) bits(ste[1], 45, 44));
        if (caps.overridesPermissions()) {
            priv = bits(ste[1], 49, 48) == 2 ? false : bits(ste[1], 49, 48) == 3 || priv;
            inst = bits(ste[1], 51, 50) == 2 ? false : bits(ste[1], 51, 50) == 3 || inst;
        }
        boolean has1 = (conf & 1) != 0;
        boolean has2 = (conf & 2) != 0;
        if (!has1 && ssid >= 0) {
            throw config(0x08);
        }
        if (has1) {
            has1 = readCd(has2);
        }
        if (!has1 && outside(in, oas)) {
            throw new Fault("ABORT", words(head(0x11), how(false, 2), in, 0));
        }
        if (!has1 && !has2) {
            return Outcome.mapped(in, 1L << oas, true, true, input);
        }
        if (!has1) {
            long out = stage2(in, 2);
            return Outcome.mapped(out, s2Page, s2Read, s2Write, combine(input));
        }
        return stage1(has2);
    }

    private void readSte() {
        int n = Math.min(regs.streamTableLog2Size(), caps.streamIdBits());
        Fault badStream = new Fault("ABORT", regs.recordInvalidStreamIds() ? words(head(0x02), 0, 0, 0) : null);
        if (sid >= 1L << n) {
            throw badStream;
        }
        long limit = (1L << caps.outputBits()) - 1;
        long base = regs.streamTableBase() & limit;
        long address;
        if (regs.twoLevel() && caps.twoLevelStreamTable()) {
            int split = regs.streamTableSplit() == 8 ? 8 : regs.streamTableSplit() == 10 ? 10 : 6;
            long tableSize = Math.max(64, n >= split ? (1L << (n - split)) * 8 : 8);
            long l1 = base / tableSize * tableSize + (sid >> split) * 8;
            placement.l1Std(l1);
            Long std = outside(l1, caps.outputBits()) ? null : memory.load(l1);
            if (std == null) {
                throw new Fault("ABORT", words(head(0x03), 0, 0, l1 & limit & ~7L));
            }
            int span = (int) bits(std, 4, 0);
            long below = sid & ((1L << split) - 1);
            if (span == 0 || span > 11 || span > split + 1 || below >= 1L << (span - 1)) {
                throw badStream;
            }
            long l2Size = (1L << (span - 1)) * 64;
            address = (std & 0x00FF_FFFF_FFFF_FFC0L) / l2Size * l2Size + below * 64;
        } else {
            long tableSize = (1L << n) * 64;
            address = base / tableSize * tableSize + sid * 64;
        }
        if (outside(address, caps.outputBits())) {
            throw new Fault("ABORT", words(head(0x03), 0, 0, address & limit));
        }
        placement.ste(address);
        ste = eight(address);
        if (ste == null) {
            throw new Fault("ABORT", words(head(0x03), 0, 0, address));
        }
    }

    private long[] eight(long address) {
        long[] words = new long[8];
        for (int i = 0; i < 8; i++) {
            Long word = memory.load(address + i * 8);
            if (word == null) {
                return null;
            }
            words[i] = word;
        }
        return words;
    }

    /** 5.2.2 SteIllegal(). */
    private boolean steIllegal() {
        int conf = (int) bits(ste[0], 3, 1);
        if (conf < 4) {
            return false;
        }
        if ((conf & 1) != 0) {
            if (!caps.stage1() || bit(ste[1], 27)) {
                return true;
            }
            long cdMax = bits(ste[0], 63, 59);
            if (caps.substreamIdBits() != 0) {
                if (cdMax > caps.substreamIdBits()) {
                    return true;
                }
                long fmt = bits(ste[0], 5, 4);
                if (cdMax != 0 && !caps.twoLevelCdTable() && (fmt == 1 || fmt == 2)) {
                    return true;
                }
            }
            if (outside(ste[0] & 0x00FF_FFFF_FFFF_FFC0L, caps.outputBits())) {
                return true;
            }
        }
        if ((conf & 2) != 0) {
            if (!caps.stage2() || !bit(ste[2], 51) || bit(ste[2], 52) || bit(ste[2], 55) || bit(ste[2], 56)
                    || bit(ste[2], 57)) {
                return true;
            }
            int g = s2Granule();
            if (g == 0 || outside(bits(ste[3], 51, 4) << 4, s2OutputBits())) {
                return true;
            }
            int t0sz = (int) bits(ste[2], 37, 32);
            int max = caps.smallTables() ? (g == 16 ? 47 : 48) : 39;
            int min = Math.max(g == 16 ? 12 : 16, 64 - caps.outputBits());
            if (t0sz < min || t0sz > max) {
                return true;
            }
            int sl0 = (int) bits(ste[2], 39, 38);
            int pa = caps.outputBits();
            if (g == 12 && (sl0 == 3 && !caps.smallTables() || sl0 == 2 && pa < 44)
                    || g == 14 && (sl0 == 3 || sl0 == 2 && pa < 42)
                    || g == 16 && (sl0 == 3 || sl0 == 2 && pa < 44)) {
                return true;
            }
            int levelsBelow = 3 - s2Start();
            int least = levelsBelow * (g - 3) + g + 1;
            if (64 - t0sz < least || 64 - t0sz > least + (g - 3 - 1) + 4) {
                return true;
            }
        }
        return conf != 4 && caps.stage2() && !caps.vmid16() && bits(ste[2], 15, 8) != 0;
    }

    private int s2Granule() {
        long tg = bits(ste[2], 47, 46);
        if (tg == 0 && caps.granule4K()) {
            return 12;
        }
        return tg == 1 && caps.granule64K() ? 16 : tg == 2 && caps.granule16K() ? 14 : 0;
    }

    private int s2Start() {
        int sl0 = (int) bits(ste[2], 39, 38);
        if (s2Granule() == 12) {
            return new int[] {2, 1, 0, 3}[sl0];
        }
        return 3 - sl0;
    }

    private int s2OutputBits() {
        int width = Math.min(sizeOf(bits(ste[2], 50, 48)), caps.outputBits());
        return s2Granule() == 16 ? width : Math.min(width, 48);
    }

    /** Fetches the CD; answers false when S1DSS bypasses stage 1. */
    private boolean readCd(boolean has2) {
        int cdMax = caps.substreamIdBits() == 0 ? 0 : (int) bits(ste[0], 63, 59);
        int dss = (int) bits(ste[1], 1, 0);
        if (ssid >= 0 && (cdMax == 0 || ssid >= 1 << cdMax)) {
            throw config(0x08);
        }
        if (cdMax > 0 && (ssid < 0 && (dss == 0 || dss == 3) || ssid == 0 && dss == 2)) {
            throw config(0x06);
        }
        if (cdMax > 0 && ssid < 0 && dss == 1) {
            return false;
        }
        int index = Math.max(ssid, 0);
        long fmt = cdMax == 0 ? 0 : bits(ste[0], 5, 4);
        long base = ste[0] & 0x00FF_FFFF_FFFF_FFC0L;
        long address = base + index * 64L;
        if (fmt == 1 || fmt == 2) {
            int leaf = fmt == 1 ? 64 : 1024;
            long l1 = base + index / leaf * 8L;
            long pa = has2 ? stage2(l1, 0) : l1;
            placement.l1Cd(pa);
            Long word = memory.load(pa);
            if (word == null) {
                throw new Fault("ABORT", words(head(0x09), 0, 0, pa & ~7L));
            }
            long next = word & 0x00FF_FFFF_FFFF_F000L;
            if (!bit(word, 0) || outside(next, caps.outputBits())) {
                throw new Fault("ABORT", words(0x08 | sid << 32 | (long) index << 12, 0, 0, 0));
            }
            address = next + index % leaf * 64L;
        }
        long pa = has2 ? stage2(address, 0) : address;
        placement.cd(pa);
        cd = eight(pa);
        if (cd == null) {
            throw new Fault("ABORT", words(head(0x09), 0, 0, pa));
        }
        if (cdIllegal()) {
            throw config(0x0A);
        }
        return true;
    }

    /** 5.4.2 CdIllegal(). */
    private boolean cdIllegal() {
        long c = cd[0];
        boolean tt0 = !bit(c, 14);
        boolean tt1 = !bit(c, 30);
        if (!bit(c, 31) || caps.alwaysAbort() && !bit(c, 46) || bit(c, 44) || (tt0 || tt1) && bit(c, 15) || !bit(c, 41)
                || bit(c, 42) || bit(c, 43) || !caps.asid16() && bits(c, 63, 56) != 0) {
            return true;
        }
        return tt0 && halfIllegal(granule(false), (int) bits(c, 5, 0), bits(cd[1], 51, 4) << 4)
                || tt1 && halfIllegal(granule(true), (int) bits(c, 21, 16), bits(cd[2], 51, 4) << 4);
    }

    private boolean halfIllegal(int g, int tsz, long ttb) {
        if (g == 0) {
            return true;
        }
        int max = caps.smallTables() ? (g == 16 ? 47 : 48) : 39;
        int min = g == 16 && caps.inputBits() == 52 ? 12 : 16;
        return tsz < min || tsz > max || outside(ttb, ipaBits(g));
    }

    private int granule(boolean upper) {
        long tg = upper ? bits(cd[0], 23, 22) : bits(cd[0], 7, 6);
        int g = upper ? new int[] {0, 14, 12, 16}[(int) tg] : new int[] {12, 16, 14, 0}[(int) tg];
        boolean supported = g == 12 && caps.granule4K() || g == 14 && caps.granule16K() || g == 16 && caps.granule64K();
        return supported ? g : 0;
    }

    private int ipaBits(int g) {
        int width = Math.min(sizeOf(bits(cd[0], 34, 32)), caps.outputBits());
        return g == 16 ? width : Math.min(width, 48);
    }

    // ---- walks

    private long addressIn(long descriptor, int g, int lowest) {
        long address = bits(descriptor, 47, lowest) << lowest;
        if (g == 16 && caps.outputBits() == 52) {
            address += bits(descriptor, 15, 12) << 48;
        }
        return address;
    }

    private boolean blockAllowed(int g, int level) {
        return g == 12 && (level == 1 || level == 2) || g != 12 && level == 2
                || g == 16 && level == 1 && caps.outputBits() == 52;
    }

    private static long tableBase(long ttb, int inputBits, int shift, int outputBits) {
        long size = Math.max((1L << (inputBits - shift)) * 8, outputBits == 52 ? 64 : 16);
        return ttb / size * size;
    }

    private Outcome stage1(boolean has2) {
        boolean upper = bit(in, 55);
        boolean tbi = bit(cd[0], upper ? 39 : 38);
        long va = tbi ? (upper ? in | 0xFF00_0000_0000_0000L : in & 0x00FF_FFFF_FFFF_FFFFL) : in;
        if (bit(cd[0], upper ? 30 : 14)) {
            throw s1(0x10);
        }
        int size = 64 - (int) (upper ? bits(cd[0], 21, 16) : bits(cd[0], 5, 0));
        for (int i = size; i < 64; i++) {
            if (bit(va, i) != upper) {
                throw s1(0x10);
            }
        }
        if (caps.e0pd() && bit(cd[upper ? 2 : 1], 2) && !priv) {
            throw s1(0x10);
        }
        int g = granule(upper);
        int level = 0;
        // The start level is the lowest-numbered one whose single table is needed to resolve the input.
        while (g + (3 - level) * (g - 3) >= size) {
            level++;
        }
        boolean hierarchical = !(caps.hierarchicalDisable() && bit(cd[upper ? 2 : 1], 1));
        boolean noUser = false;
        boolean noWrite = false;
        boolean pxn = false;
        boolean uxn = false;
        int top = size;
        int shift = g + (3 - level) * (g - 3);
        long table = tableBase(bits(cd[upper ? 2 : 1], 51, 4) << 4, size, shift, ipaBits(g));
        while (true) {
            shift = g + (3 - level) * (g - 3);
            long where = table + bits(va, top - 1, shift) * 8;
            long pa = has2 ? stage2(where, 1) : where;
            Long word = memory.load(pa);
            if (word == null) {
                throw eabt(false, 1, pa);
            }
            long d = word;
            boolean leaf = level == 3 ? bit(d, 1) : !bit(d, 1);
            if (!bit(d, 0) || level == 3 && !bit(d, 1) || leaf && level < 3 && !blockAllowed(g, level)) {
                throw s1(0x10);
            }
            long address = addressIn(d, g, leaf ? shift : g);
            if (outside(address, ipaBits(g))) {
                throw s1(0x11);
            }
            if (leaf) {
                return stage1Leaf(has2, d, address, shift, va, noUser, noWrite, pxn, uxn);
            }
            if (hierarchical) {
                noUser |= bit(d, 61);
                noWrite |= bit(d, 62);
                pxn |= bit(d, 59);
                uxn |= bit(d, 60);
            }
            table = address;
            top = shift;
            level++;
        }
    }

    private Outcome stage1Leaf(
            boolean has2, long d, long address, int shift, long va, boolean noUser, boolean noWrite, boolean pxn,
            boolean uxn) {
        if (!bit(d, 10) && !bit(cd[0], 35)) {
            throw s1(0x12);
        }
        boolean ap1 = bit(d, 6) && !noUser;
        boolean ap2 = bit(d, 7) || noWrite;
        boolean wxn = bit(cd[0], 36);
        boolean userWrites = ap1 && !ap2;
        boolean r;
        boolean w;
        boolean x;
        if (priv) {
            boolean pan = bit(cd[0], 40) && ap1;
            r = !pan;
            w = !ap2 && !pan;
            x = !(bit(d, 53) || pxn) && !userWrites && !(wxn && !ap2);
        } else {
            r = ap1;
            w = userWrites;
            x = !(bit(d, 54) || uxn) && !(wxn && userWrites);
        }
        boolean canRead = inst ? x : r;
        if (isRead ? !canRead : !w) {
            throw s1(0x13);
        }
        long pageSize = 1L << shift;
        long output = address + (va & (pageSize - 1));
        int byteAt = (int) bits(d, 4, 2) * 8;
        MemoryAttributes attributes = mair((int) bits(cd[3], byteAt + 7, byteAt), (int) bits(d, 9, 8));
        if (!has2) {
            return Outcome.mapped(output, pageSize, canRead, w, attributes);
        }
        long pa = stage2(output, 2);
        return Outcome.mapped(
                pa, Math.min(pageSize, s2Page), canRead && s2Read, w && s2Write, combine(attributes));
    }

    private long stage2(long ipa, int cls) {
        int size = 64 - (int) bits(ste[2], 37, 32);
        if (outside(ipa, size)) {
            throw s2(0x10, cls, ipa);
        }
        int g = s2Granule();
        int level = s2Start();
        int top = size;
        int shift = g + (3 - level) * (g - 3);
        long table = tableBase(bits(ste[3], 51, 4) << 4, size, shift, s2OutputBits());
        while (true) {
            shift = g + (3 - level) * (g - 3);
            long where = table + bits(ipa, top - 1, shift) * 8;
            Long word = memory.load(where);
            if (word == null) {
                throw eabt(true, cls, where);
            }
            long d = word;
            boolean leaf = level == 3 ? bit(d, 1) : !bit(d, 1);
            if (!bit(d, 0) || level == 3 && !bit(d, 1) || leaf && level < 3 && !blockAllowed(g, level)) {
                throw s2(0x10, cls, ipa);
            }
            long address = addressIn(d, g, leaf ? shift : g);
            if (outside(address, s2OutputBits())) {
                throw s2(0x11, cls, ipa);
            }
            if (!leaf) {
                table = address;
                top = shift;
                level++;
                continue;
            }
            if (!bit(d, 10) && !bit(ste[2], 53)) {
                throw s2(0x12, cls, ipa);
            }
            s2MemAttr = (int) bits(d, 5, 2);
            s2Sh = (int) bits(d, 9, 8);
            s2Page = 1L << shift;
            s2Write = bit(d, 7);
            boolean fetches = cls == 2 && inst;
            s2Read = fetches ? s2Executes(d) : bit(d, 6);
            boolean reads = cls != 2 || isRead;
            boolean fwb = caps.forcedWriteBack() && bit(ste[1], 25);
            boolean device = fwb ? s2MemAttr % 8 <= 4 : (s2MemAttr >> 2) == 0 || (s2MemAttr & 3) == 0;
            if ((reads ? !s2Read : !s2Write) || cls != 2 && bit(ste[2], 54) && device) {
                throw s2(0x13, cls, ipa);
            }
            return address + (ipa & (s2Page - 1));
        }
    }

    private boolean s2Executes(long d) {
        if (!caps.executeNeverX()) {
            return !bit(d, 54);
        }
        int xn = (int) bits(d, 54, 53);
        return xn == 0 || xn == 1 && !priv || xn == 3 && priv;
    }

    // ---- attributes (chapter 13, DDI 0487 D8.6)

    private MemoryAttributes incoming(boolean mtcfg, int memAttr, int shcfg) {
        MemoryAttributes in0 = MemoryAttributes.INCOMING;
        if (!caps.overridesTypes()) {
            return in0;
        }
        Shareability sh = shcfg == 1 ? in0.shareability() : sh(shcfg);
        if (!mtcfg) {
            return new MemoryAttributes(in0.type(), in0.inner(), in0.outer(), sh);
        }
        if (memAttr < 4 || memAttr % 4 == 0) {
            return dev(memAttr < 4 ? memAttr : 0);
        }
        return normal(cache2(memAttr % 4), cache2(memAttr / 4), sh);
    }

    private static Shareability sh(int field) {
        return new Shareability[] {Shareability.NON, Shareability.NON, Shareability.OUTER, Shareability.INNER}[field];
    }

    private static Cacheability cache2(int field) {
        return new Cacheability[] {
            null, Cacheability.NON_CACHEABLE, Cacheability.WRITE_THROUGH, Cacheability.WRITE_BACK
        }[field];
    }

    private static MemoryAttributes dev(int kind) {
        Type type = new Type[] {Type.DEVICE_NGNRNE, Type.DEVICE_NGNRE, Type.DEVICE_NGRE, Type.DEVICE_GRE}[kind];
        return new MemoryAttributes(type, Cacheability.NON_CACHEABLE, Cacheability.NON_CACHEABLE, Shareability.OUTER);
    }

    private static MemoryAttributes normal(Cacheability inner, Cacheability outer, Shareability sh) {
        if (inner == Cacheability.NON_CACHEABLE && outer == Cacheability.NON_CACHEABLE) {
            sh = Shareability.OUTER;
        }
        return new MemoryAttributes(Type.NORMAL, inner, outer, sh);
    }

    private static MemoryAttributes mair(int attr, int shField) {
        if (attr < 0x10) {
            return dev(attr >> 2 & 3);
        }
        return normal(mairCache(attr & 15), mairCache(attr >> 4), sh(shField));
    }

    private static Cacheability mairCache(int nibble) {
        if (nibble == 0 || nibble == 4) {
            return Cacheability.NON_CACHEABLE;
        }
        return nibble < 4 || nibble >= 8 && nibble < 12 ? Cacheability.WRITE_THROUGH : Cacheability.WRITE_BACK;
    }

    private MemoryAttributes combine(MemoryAttributes a) {
        boolean device = a.type().name().startsWith("DEVICE");
        int kind = device ? a.type().ordinal() - Type.DEVICE_NGNRNE.ordinal() : 3;
        Shareability b = sh(s2Sh);
        Shareability sh = a.shareability() == Shareability.OUTER || b == Shareability.OUTER
                ? Shareability.OUTER
                : a.shareability() == Shareability.INNER || b == Shareability.INNER
                        ? Shareability.INNER
                        : Shareability.NON;
        if (caps.forcedWriteBack() && bit(ste[1], 25)) {
            return switch (s2MemAttr & 7) {
                case 0, 1, 2, 3 -> dev(Math.min(kind, s2MemAttr & 3));
                case 5 -> device ? a : normal(Cacheability.NON_CACHEABLE, Cacheability.NON_CACHEABLE, sh);
                case 6 -> normal(Cacheability.WRITE_BACK, Cacheability.WRITE_BACK, sh);
                case 7 -> device ? a : normal(a.inner(), a.outer(), sh);
                default -> dev(0);
            };
        }
        if (s2MemAttr < 4) {
            return dev(Math.min(kind, s2MemAttr));
        }
        if (s2MemAttr % 4 == 0) {
            return dev(0);
        }
        if (device) {
            return a;
        }
        Cacheability inner = cache2(s2MemAttr % 4);
        Cacheability outer = cache2(s2MemAttr / 4);
        return normal(
                a.inner().compareTo(inner) < 0 ? a.inner() : inner,
                a.outer().compareTo(outer) < 0 ? a.outer() : outer,
                sh);
    }
}
