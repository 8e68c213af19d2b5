package dev.backplane.smmuv3.translate;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.spec.WordField;
import java.util.ArrayList;
import java.util.List;

/** A guest that programs tables for one SMMU: a linear stream table, and tables from a simple allocator. */
final class Guest {
    /** Identification of the SMMU of a virt machine: both stages, all granules, 44 bits. */
    static final SmmuCapabilities VIRT = SmmuCapabilities.ofIdRegisters(0x0d44101b, 0x02730010, 0x1414, 0x74);

    /** Everything: 52 bits, SubstreamIDs, overrides, XNX, FWB, RAZ/WI. */
    static final SmmuCapabilities FULL = new SmmuCapabilities(
            true, true, 52, 52, true, true, true, 16, 20, true, true, true, true, 1, false, true, true, true, true, true,
            false, true, true);

    static final long STREAM_TABLE = 0x1000_0000L;
    static final long CD = 0x2000_0000L;
    /** AF, AP[1], nG; inner shareable, MAIR index 0. */
    static final long PAGE = 0xF43L;

    static final long BLOCK = 0xF41L;
    /** Stage 2: AF, read and write, inner shareable, Normal write-back. */
    static final long S2_PAGE = 0x7FFL;

    static final long S2_BLOCK = 0x7FDL;

    final SparseMemory memory = new SparseMemory();
    final List<SmmuEvent> events = new ArrayList<>();
    final TestContext context = new TestContext();
    final SmmuTranslator smmu;
    /** The last event came as one that may be merged. */
    boolean lastMergeable;
    private long next = 0x3000_0000L;

    Guest(SmmuCapabilities capabilities) {
        smmu = new SmmuTranslator(capabilities, memory, new EventSink() {
            @Override
            public void record(TransactionContext at, SmmuEvent event) {
                events.add(event);
            }

            @Override
            public void record(TransactionContext at, SmmuEvent event, boolean mergeable) {
                events.add(event);
                lastMergeable = mergeable;
            }
        });
        enable(16, false);
    }

    /** Enables the SMMU with a table of 2^log2Size streams. */
    void enable(int log2Size, boolean recordInvalidStreamIds) {
        smmu.configure(new SmmuConfiguration(
                true, 0x1000, STREAM_TABLE, log2Size, 6, false, recordInvalidStreamIds));
    }

    /** One stage of tables. */
    record Tables(int granuleShift, int inputBits, int startLevel, long root) {
        int shift(int level) {
            return granuleShift + (3 - level) * (granuleShift - 3);
        }

        long index(long address, int level) {
            int bits = level == startLevel ? inputBits - shift(level) : granuleShift - 3;
            return address >>> shift(level) & (1L << bits) - 1;
        }
    }

    long allocate(long size) {
        next = next + size - 1 & -size;
        long address = next;
        next += size;
        for (long page = 0; page < size; page += 4096) {
            memory.back(address + page);
        }
        return address;
    }

    Tables tables(int granuleShift, int inputBits, int startLevel) {
        int shift = granuleShift + (3 - startLevel) * (granuleShift - 3);
        return new Tables(granuleShift, inputBits, startLevel, allocate(Math.max(4096, 8L << inputBits - shift)));
    }

    /** Puts a leaf descriptor (attributes and output address) at a level; answers where it lies. */
    long map(Tables tables, long address, int level, long leaf) {
        long table = tables.root();
        for (int at = tables.startLevel(); at < level; at++) {
            long slot = table + tables.index(address, at) * 8;
            if ((memory.peek(slot) & 3) != 3) {
                memory.store(slot, allocate(Math.max(4096, 1L << tables.granuleShift())) | 3);
            }
            table = memory.peek(slot) & 0x0000_FFFF_FFFF_F000L & -(1L << tables.granuleShift());
        }
        long slot = table + tables.index(address, level) * 8;
        memory.store(slot, leaf);
        return slot;
    }

    /** Answers where the descriptor of a level lies. */
    long slot(Tables tables, long address, int level) {
        long table = tables.root();
        for (int at = tables.startLevel(); at < level; at++) {
            table = memory.peek(table + tables.index(address, at) * 8) & 0x0000_FFFF_FFFF_F000L;
        }
        return table + tables.index(address, level) * 8;
    }

    /** Maps an IPA range to itself by stage 2 pages of 4 KiB. */
    void identity(Tables stage2, long first, long size) {
        for (long ipa = first; ipa < first + size; ipa += 4096) {
            map(stage2, ipa, 3, ipa | S2_PAGE);
        }
    }

    static long[] words(Object... fieldsAndValues) {
        long[] words = new long[8];
        for (int i = 0; i < fieldsAndValues.length; i += 2) {
            ((WordField) fieldsAndValues[i]).set(words, ((Number) fieldsAndValues[i + 1]).longValue());
        }
        return words;
    }

    static long[] with(long[] words, Object... fieldsAndValues) {
        long[] changed = words.clone();
        for (int i = 0; i < fieldsAndValues.length; i += 2) {
            ((WordField) fieldsAndValues[i]).set(changed, ((Number) fieldsAndValues[i + 1]).longValue());
        }
        return changed;
    }

    /** An STE with stage 1 and one CD at an address. */
    static long[] stage1Ste(long cd) {
        return words(Ste.V, 1, Ste.CONFIG, 5, Ste.S1CONTEXTPTR, cd >>> 6);
    }

    /** An STE with stage 2; S2PS is 44 bits. */
    static long[] stage2Ste(Tables tables, int vmid) {
        int tg = tables.granuleShift() == 12 ? 0 : tables.granuleShift() == 14 ? 2 : 1;
        int sl0 = tables.granuleShift() == 12 ? 2 - tables.startLevel() : 3 - tables.startLevel();
        return words(
                Ste.V, 1, Ste.CONFIG, 6, Ste.S2VMID, vmid, Ste.S2T0SZ, 64 - tables.inputBits(), Ste.S2SL0, sl0,
                Ste.S2TG, tg, Ste.S2PS, 4, Ste.S2AA64, 1, Ste.S2R, 1, Ste.S2TTB, tables.root() >>> 4);
    }

    /** An STE with both stages. */
    static long[] nestedSte(long cd, Tables tables, int vmid) {
        return with(stage2Ste(tables, vmid), Ste.CONFIG, 7, Ste.S1CONTEXTPTR, cd >>> 6);
    }

    /** A CD whose TTB0 has these tables; TTB1 is disabled, IPS 44 bits, MAIR 0 = Normal write-back. */
    static long[] cd(Tables lower, int asid) {
        int tg = lower.granuleShift() == 12 ? 0 : lower.granuleShift() == 14 ? 2 : 1;
        return words(
                Cd.V, 1, Cd.AA64, 1, Cd.A, 1, Cd.R, 1, Cd.EPD1, 1, Cd.T0SZ, 64 - lower.inputBits(), Cd.TG0, tg, Cd.IPS, 4,
                Cd.ASID, asid, Cd.TTB0, lower.root() >>> 4, Cd.MAIR, 0xFF);
    }

    /** The same with TTB1 enabled. */
    static long[] withUpper(long[] cd, Tables upper) {
        int tg = upper.granuleShift() == 12 ? 2 : upper.granuleShift() == 14 ? 1 : 3;
        return with(
                cd, Cd.EPD1, 0, Cd.T1SZ, 64 - upper.inputBits(), Cd.TG1, tg, Cd.TTB1, upper.root() >>> 4);
    }

    void ste(int streamId, long[] words) {
        memory.store(STREAM_TABLE + 64L * streamId, words);
        smmu.invalidation().streamTableEntry(streamId);
    }

    void cdAt(long address, long[] words) {
        memory.store(address, words);
        smmu.invalidation().allConfiguration();
    }

    Translation read(int streamId, long iova) {
        return go(TransactionAttributes.ofRequester(streamId), iova, AccessKind.READ);
    }

    Translation write(int streamId, long iova) {
        return go(TransactionAttributes.ofRequester(streamId), iova, AccessKind.WRITE);
    }

    Translation go(TransactionAttributes attributes, long iova, AccessKind access) {
        events.clear();
        return smmu.translate(context, attributes, iova, access);
    }

    /** Answers the output address of a read, or -1. */
    long output(int streamId, long iova) {
        return read(streamId, iova) instanceof Translation.Mapped mapped ? mapped.apply(iova) : -1;
    }

    /** Answers the only event of the last transaction. */
    SmmuEvent event() {
        if (events.size() != 1) {
            throw new AssertionError("expected one event: " + events);
        }
        return events.getFirst();
    }
}
