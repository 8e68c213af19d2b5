package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.PageTables.Entry;
import java.util.List;

/** Random changes of a leaf, a CD or an STE, with one of the ways to invalidate what they make stale. */
final class SmmuChanges {
    private static final int CFGI_STE = 0x03;
    private static final int CFGI_STE_RANGE = 0x04;
    private static final int CFGI_CD = 0x05;
    private static final int CFGI_CD_ALL = 0x06;
    private static final int TLBI_NH_ALL = 0x10;
    private static final int TLBI_NH_ASID = 0x11;
    private static final int TLBI_NH_VA = 0x12;
    private static final int TLBI_NH_VAA = 0x13;
    private static final int TLBI_S12_VMALL = 0x28;
    private static final int TLBI_S2_IPA = 0x2A;
    private static final int TLBI_NSNH_ALL = 0x30;
    private static final int SYNC = 0x46;
    private static final int ALL_STREAMS = 31;
    private static final long AF = 1L << 10;

    private final Dice dice;
    private final SmmuScene scene;
    private final int streamId;
    private final long iova;

    SmmuChanges(Dice dice, SmmuScene scene, int streamId, long iova) {
        this.dice = dice;
        this.scene = scene;
        this.streamId = streamId;
        this.iova = iova;
    }

    /** {@return a change of a stream that translates} */
    SmmuChange one() {
        return switch (dice.below(scene.cd == 0 ? 4 : 6)) {
            case 0 -> stream();
            case 4, 5 -> context();
            default -> leaf();
        };
    }

    private SmmuChange stream() {
        long aborts = scene.steWord(0) & ~0xEL;
        return new SmmuChange(scene.ste, aborts, synced(streamInvalidation()));
    }

    private long[] streamInvalidation() {
        long stream = (long) streamId << 32;
        return switch (dice.below(3)) {
            case 0 -> new long[] {CFGI_STE | stream, 1};
            case 1 -> new long[] {CFGI_STE_RANGE | stream, dice.below(6)};
            default -> new long[] {CFGI_STE_RANGE, ALL_STREAMS};
        };
    }

    private SmmuChange context() {
        long stream = (long) streamId << 32;
        boolean upper = iova < 0;
        // The half in use is switched off.
        long word = scene.cdWord(0) | 1L << (upper ? 30 : 14);
        long[] command = switch (dice.below(3)) {
            case 0 -> new long[] {CFGI_CD | stream, 1};
            case 1 -> new long[] {CFGI_CD_ALL | stream, 0};
            default -> streamInvalidation();
        };
        // An entry of the TLB may go on translating, whatever the CD says.
        return new SmmuChange(scene.cd, word, List.of(command, new long[] {TLBI_NSNH_ALL, 0}, new long[] {SYNC, 0}));
    }

    private SmmuChange leaf() {
        boolean second = scene.first == null || scene.second != null && dice.coin();
        List<Entry> path = second
                ? scene.path.stream().filter(Entry::second).toList()
                : scene.path.stream().filter(entry -> !entry.second()).toList();
        Entry leaf = path.getFirst();
        for (Entry entry : path) {
            leaf = entry;
            boolean table = entry.level() < 3 && (scene.image.get(entry.address()) & 3) == 3;
            if (!table) {
                break;
            }
        }
        long old = scene.image.get(leaf.address());
        long word = switch (dice.below(3)) {
            case 0 -> 0;
            case 1 -> old & ~AF;
            default -> second ? old & ~(2L << 6) : old | 2L << 6;
        };
        return new SmmuChange(leaf.address(), word, synced(second ? ofStage2(leaf) : ofStage1(leaf)));
    }

    private static List<long[]> synced(long[] command) {
        return List.of(command, new long[] {SYNC, 0});
    }

    private long vmid() {
        return scene.ste(128, 16) << 32;
    }

    private long[] ofStage1(Entry leaf) {
        long asid = scene.cd(48, 16) << 48;
        return switch (dice.below(6)) {
            case 0 -> new long[] {TLBI_NH_ALL | vmid(), 0};
            case 1 -> new long[] {TLBI_NH_ASID | vmid() | asid, 0};
            case 2 -> new long[] {TLBI_NSNH_ALL, 0};
            case 3 -> address(TLBI_NH_VAA | vmid(), scene.first, leaf);
            default -> address(TLBI_NH_VA | vmid() | asid, scene.first, leaf);
        };
    }

    private long[] ofStage2(Entry leaf) {
        // With stage 1 in front, what both made of an address is not found by its IPA.
        return switch (dice.below(scene.first == null ? 4 : 2)) {
            case 0 -> new long[] {TLBI_S12_VMALL | vmid(), 0};
            case 1 -> new long[] {TLBI_NSNH_ALL, 0};
            default -> address(TLBI_S2_IPA | vmid(), scene.second, leaf);
        };
    }

    /** An invalidation by address: of a page, or of a range that begins before it. */
    private long[] address(long command, PageTables tables, Entry leaf) {
        long page = iova & -(1L << tables.granule);
        long flags = dice.bits(1);
        if (dice.coin()) {
            return new long[] {command, page | flags};
        }
        int scale = dice.below(4);
        long number = dice.below(32);
        long pages = number + 1 << scale;
        long start = page - (dice.bits(16) % pages << tables.granule);
        if ((start ^ page) < 0) {
            // A range does not wrap.
            start = page;
        }
        long granule = tables.granule == 12 ? 1 : tables.granule == 14 ? 2 : 3;
        long level = dice.coin() || number == 0 && scale == 0 ? leaf.level() : 0;
        if (level == 1 && granule == 2) {
            level = 0;
        }
        long range = number << 12 | (long) scale << 20;
        return new long[] {command | range, start & ~0xFFFL | granule << 10 | level << 8 | flags};
    }
}
