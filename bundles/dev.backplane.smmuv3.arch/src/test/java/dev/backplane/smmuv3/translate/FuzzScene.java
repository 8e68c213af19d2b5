package dev.backplane.smmuv3.translate;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.smmuv3.reference.ReferenceSmmu;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * An SMMU, a stream and a memory read from a string of bytes, in the order of the fields of {@link #encode}; what is
 * missing at the end is zero. Words that are no structure come from a short list by their address, so that few bytes
 * make many tables.
 */
final class FuzzScene extends TablePort implements ReferenceSmmu.Placement {
    private static final long STREAM_TABLE = 0x4000_0000L;
    /** From here on memory aborts. */
    private static final long END = 1L << 50;

    private static final int[] OUTPUT_BITS = {44, 32, 36, 40, 42, 48, 52, 44};

    final SmmuCapabilities capabilities;
    final SmmuConfiguration registers;
    private final int streamId;
    private final long[] ste;
    private final long[] cd;
    private final long l1Std;
    private final long l1Cd;
    private final long[] iovas;
    private final int[] accesses;
    private final long[] words;
    /** Structures, and what the reference read: where something has been read no structure is put any more. */
    private final Map<Long, Long> known = new HashMap<>();
    private int transaction;

    FuzzScene(byte[] data) {
        ByteBuffer in = ByteBuffer.wrap(Arrays.copyOf(data, Math.max(data.length, 192))).order(ByteOrder.LITTLE_ENDIAN);
        capabilities = capabilities(in.getInt());
        streamId = in.getShort() & 0xFFFF;
        int layout = in.getShort();
        registers = new SmmuConfiguration(
                (layout & 1) == 0, 0x1000 | (layout & 2) << 19, STREAM_TABLE, layout >>> 8 & 0x3F, layout >>> 3 & 0x1F,
                (layout & 4) != 0, (layout & 0x4000) == 0);
        ste = longs(in, 4);
        cd = longs(in, 4);
        l1Std = in.getLong();
        l1Cd = in.getLong();
        iovas = longs(in, 3);
        accesses = new int[] {in.getInt(), in.getInt(), in.getInt()};
        words = longs(in, in.remaining() / 8);
    }

    private static long[] longs(ByteBuffer in, int count) {
        return LongStream.generate(in::getLong).limit(count).toArray();
    }

    private static SmmuCapabilities capabilities(int flags) {
        int stages = flags & 3;
        return new SmmuCapabilities(
                stages != 1, stages != 2, OUTPUT_BITS[flags >>> 2 & 7], (flags & 0x20) == 0 ? 48 : 52,
                (flags & 0x40) == 0, (flags & 0x80) == 0, (flags & 0x100) == 0, 16, (flags >>> 9 & 3) * 5,
                (flags & 0x800) == 0, (flags & 0x1000) == 0, (flags & 0x2000) == 0, (flags & 0x4000) == 0, 1,
                (flags & 0x8000) != 0, (flags & 0x1_0000) == 0, (flags & 0x2_0000) == 0, (flags & 0x4_0000) == 0,
                (flags & 0x8_0000) == 0, (flags & 0x10_0000) == 0, (flags & 0x20_0000) == 0, (flags & 0x40_0000) == 0,
                (flags & 0x80_0000) != 0);
    }

    /** {@return attributes of the next transaction} */
    TransactionAttributes requester() {
        int access = accesses[transaction];
        int substream = (access & 8) == 0 ? TransactionAttributes.NO_SUBSTREAM : access >>> 8 & 0xF_FFFF;
        return new TransactionAttributes(
                streamId ^ ((access & 0xF0) == 0xF0 ? 1 : 0), substream, (access & 1) != 0, (access & 2) != 0);
    }

    /** {@return access of the transaction} */
    AccessKind access() {
        AccessKind access = (accesses[transaction] & 4) == 0 ? AccessKind.READ : AccessKind.WRITE;
        transaction++;
        return access;
    }

    /** {@return input address of the transaction} */
    long iova() {
        return iovas[transaction];
    }

    /** {@return the word, or null where memory aborts; the word is what it is from now on} */
    Long peek(long address) {
        return address >= END ? null : known.computeIfAbsent(address, this::made);
    }

    private Long made(long address) {
        return words.length == 0 ? 0L : words[(int) ((address >>> 3 ^ address >>> 13) % words.length)];
    }

    private void place(long address, long... structure) {
        for (int i = 0; i < structure.length; i++) {
            known.putIfAbsent(address + 8L * i, structure[i]);
        }
    }

    @Override
    public void l1Std(long address) {
        place(address, l1Std);
    }

    @Override
    public void ste(long address) {
        place(address, ste);
    }

    @Override
    public void l1Cd(long address) {
        place(address, l1Cd);
    }

    @Override
    public void cd(long address) {
        place(address, cd);
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        if (address >= END) {
            return TransactionResult.Fault.DECODE_ERROR;
        }
        Long word = known.get(address);
        context.data(word == null ? made(address) : word);
        return TransactionResult.Done.DONE;
    }

    @Override
    public String toString() {
        return "STE %x CD %x %s %s".formatted(ste[0], cd[0], registers, capabilities);
    }

    // ---- where fuzzing starts from

    private static byte[] encode(
            int flags, int layout, long[] ste, long[] cd, long l1Std, long l1Cd, long iova, long... words) {
        ByteBuffer out = ByteBuffer.allocate(128 + 8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(flags).putShort((short) 8).putShort((short) layout);
        for (long[] structure : new long[][] {ste, cd}) {
            for (int i = 0; i < 4; i++) {
                out.putLong(structure[i]);
            }
        }
        out.putLong(l1Std).putLong(l1Cd);
        out.putLong(iova).putLong(iova + 0x1000).putLong(~iova);
        out.putInt(0).putInt(4).putInt(1);
        for (long word : words) {
            out.putLong(word);
        }
        return out.array();
    }

    /** {@return scenes that get somewhere: each stage and both, each granule, both kinds of tables of structures} */
    static Stream<byte[]> seeds() {
        int linear = 16 << 8;
        int twoLevel = linear | 4 | 8 << 3;
        long l1Std = 0x4100_0000L | 9;
        long l1Cd = 0x4200_0001L;
        return Stream.of(12, 14, 16).flatMap(granule -> {
            var tables = new Guest.Tables(granule, granule == 12 ? 39 : 40, granule == 12 ? 1 : 2, 0x4300_0000L);
            long[] cd = Guest.with(Guest.cd(tables, 5), Cd.MAIR, 0x04_0044_BBFFL);
            long[] upper = Guest.with(Guest.withUpper(cd, tables), Cd.TBI1, 1, Cd.WXN, 1, Cd.HAD1, 1);
            long[] stage1 = Guest.stage1Ste(0x4400_0000L);
            long[] stage2 = Guest.with(Guest.stage2Ste(tables, 3), Ste.S2FWB, 1);
            long[] nested = Guest.with(Guest.nestedSte(0x4400_0000L, tables, 3), Ste.S2PTW, 1);
            long[] substreams = Guest.with(nested, Ste.S1CDMAX, 4, Ste.S1FMT, 1, Ste.S1DSS, 2);
            long table = 0x4500_0003L;
            long leaf = 0x4600_0000L | Guest.PAGE | 0x80;
            long both = 0x4700_0000L | 0x7C3;
            return Stream.of(
                    encode(0, linear, stage1, cd, 0, 0, 0x1234_5678L, table, leaf),
                    encode(0, linear, stage1, upper, 0, 0, 0xFFFF_FF80_0123_4567L, leaf, table, leaf),
                    encode(0, linear, stage2, cd, 0, 0, 0x1234_5678L, 0x4600_0000L | Guest.S2_PAGE),
                    encode(0, linear, nested, cd, 0, 0, 0x1234_5678L, both),
                    encode(0x200, twoLevel, substreams, cd, l1Std, l1Cd, 0x1234_5678L, both, 0x4800_07C1L));
        });
    }
}
