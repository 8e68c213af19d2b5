package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.PageTables.Entry;
import dev.backplane.itest.qemu.SmmuScene.Transfer;
import java.util.ArrayList;
import java.util.List;

/** Makes random scenes: a stream that translates, then in most of them something that is wrong with it. */
final class SmmuScenes {
    static final int TEST_DEVICE = 8;
    static final int EDU = 16;

    private static final long AF = 1L << 10;
    private static final long DATA = 0x5000_0000L;
    private static final int DATA_SIZE = 0x0100_0000;
    /** Scenes in a row that have the same kind of stream table: to go back to a linear one takes QEMU a reset. */
    private static final int ROW = 64;
    private static final int ATTEMPTS = 64;
    private static final int CMDQEN = 8;

    private final Dice dice;
    private final SmmuScene scene;
    private final Image image;
    private long data;
    private long iova;
    /** Where the page tables say the data is, before stage 2. */
    private long ipa;

    private SmmuScenes(long seed, int number) {
        dice = new Dice(seed, number);
        image = new Image(SmmuScene.TABLES);
        scene = new SmmuScene(number, image);
        scene.twoLevel = number / ROW % 2 == 1;
    }

    static SmmuScene make(long seed, int number) {
        return new SmmuScenes(seed, number).make();
    }

    private SmmuScene make() {
        boolean edu = dice.oneIn(3);
        int streamId = edu ? EDU : TEST_DEVICE;
        data = DATA + (dice.below(DATA_SIZE) & ~3);
        streamTable(streamId);
        stream(dice.pick(SmmuScene.STAGE1, SmmuScene.STAGE1, SmmuScene.STAGE1, SmmuScene.STAGE2, SmmuScene.STAGE2,
                SmmuScene.NESTED, SmmuScene.NESTED, SmmuScene.NESTED, SmmuScene.BYPASS, SmmuScene.ABORT));
        path();
        registers();
        // Without the command queue nothing is invalidated, and both the old and the new outcome are right.
        boolean changes = (scene.cr0 & CMDQEN) != 0 && (scene.config() & 4) != 0
                && scene.config() != SmmuScene.BYPASS && dice.oneIn(4);
        int flaws = changes ? 0 : dice.pick(0, 1, 1, 1, 1, 1, 2, 2, 3);
        for (int i = 0; i < flaws; i++) {
            new SmmuFlaws(dice, scene, this).one();
        }
        steerClear();
        if (changes) {
            boolean read = edu && dice.coin();
            var transfer = new Transfer(edu, read, iova, data, 4);
            scene.change = new SmmuChanges(dice, scene, streamId, iova).one();
            scene.transfers = List.of(transfer, transfer);
        } else {
            transfers(edu);
        }
        return scene;
    }

    private void registers() {
        scene.cr2 = dice.pick(2, 2, 2, 2, 2, 0, 6, 7);
        scene.gbpa = dice.pick(0, 0, 1 << 20);
        if (dice.oneIn(30)) {
            scene.cr0 = dice.pick(0xC, 0x9, 0x8, 0x1, 0x5);
        }
    }

    private void streamTable(int streamId) {
        scene.log2Size = 5 + dice.below(4);
        scene.split = dice.pick(6, 8, 10);
        if (!scene.twoLevel) {
            scene.tableBase = SmmuScene.STREAM_TABLE;
            scene.ste = scene.tableBase + 64L * streamId;
            return;
        }
        scene.log2Size += 4;
        scene.tableBase = SmmuScene.STREAM_TABLE;
        int span = dice.oneIn(3) ? 6 + dice.below(scene.split - 5) : scene.split + 1;
        long second = image.allocate(64L << span - 1, 64L << span - 1);
        scene.level1 = scene.tableBase + 8L * (streamId >> scene.split);
        image.put(scene.level1, second | span);
        scene.ste = second + 64L * (streamId & (1 << scene.split) - 1);
    }

    private void stream(int config) {
        // What stage 2 and stage 1 do not use when they are off is whatever it is.
        long[] ste = {1 | (long) config << 1, dice.bits(64) & ~(1L << 27 | 0x3L << 28), 0, 0, 0, 0, 0, 0};
        if (dice.coin()) {
            ste[1] = 0;
        }
        image.put(scene.ste, ste);
        if ((config & 6) == 6) {
            second();
        } else if (dice.oneIn(4)) {
            image.put(scene.ste + 16, dice.bits(64));
            image.put(scene.ste + 24, dice.bits(64));
        }
        ipa = data;
        if ((config & 5) == 5) {
            first((config & 2) != 0);
        } else if ((config & 6) == 6) {
            iova = expose(data & ~3, 4) | data & 3;
        } else {
            iova = data;
        }
    }

    /** Stage 2: some shape that the architecture allows. */
    private void second() {
        int granule = dice.pick(12, 12, 14, 16);
        int levels = granule == 12 ? dice.pick(0, 1, 2, 1, 2) : dice.pick(1, 2, 2, 3);
        int start = levels;
        int least = (3 - start) * (granule - 3) + granule + 1;
        int most = Math.min(44, least + granule - 4 + (dice.oneIn(6) ? 4 : 0));
        least = Math.max(25, least);
        if (most < least) {
            most = least;
        }
        int bits = Math.max(least, Math.min(44, most - dice.below(most - least + 1)));
        scene.second = new PageTables(image, true, granule, bits, start, (address, size) -> address);
        int sl0 = (granule == 12 ? 2 : 3) - start;
        scene.setSte(128, 16, dice.bits(16));
        scene.setSte(160, 6, 64 - bits);
        scene.setSte(166, 2, sl0);
        scene.setSte(168, 6, dice.bits(6));
        scene.setSte(174, 2, granule == 12 ? 0 : granule == 16 ? 1 : 2);
        scene.setSte(176, 3, dice.pick(4, 5, 5, 6, 7));
        scene.setSte(179, 1, 1);
        scene.setSte(181, 1, dice.oneIn(3) ? 1 : 0);
        scene.setSte(182, 1, dice.oneIn(4) ? 1 : 0);
        scene.setSte(186, 1, dice.oneIn(4) ? 0 : 1);
        image.put(scene.ste + 24, scene.second.base);
    }

    private long stage2Attributes() {
        return AF | 3L << 6 | dice.bits(2) << 8 | (dice.oneIn(3) ? dice.bits(4) : 0xF) << 2 | dice.bits(2) << 53;
    }

    private long stage1Attributes() {
        return AF | 1L << 6 | dice.bits(2) << 8 | dice.bits(3) << 2 | dice.bits(1) << 11 | dice.bits(2) << 53
                | dice.bits(1) << 5;
    }

    /** {@return an intermediate address at which stage 2 maps this memory} */
    private long expose(long physical, long size) {
        PageTables tables = scene.second;
        // What is mapped later needs room beside it, so no leaf is as large as the address space.
        List<Integer> levels = tables.leafLevels().stream()
                .filter(level -> level == 3 || tables.shift(level) < tables.bits - 2)
                .toList();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int level = attempt > ATTEMPTS / 2 ? 3 : levels.get(dice.below(levels.size()));
            int shift = tables.shift(level);
            long chunk = 1L << shift;
            long ipaBase;
            if (chunk >= size) {
                ipaBase = dice.bits(tables.bits) & -chunk | physical & chunk - 1;
            } else {
                ipaBase = dice.bits(tables.bits) & -size;
            }
            boolean mapped = true;
            for (long offset = 0; offset < size && mapped; offset += chunk) {
                mapped = tables.map(ipaBase + offset, physical + offset, level, stage2Attributes());
            }
            if (mapped) {
                return ipaBase;
            }
        }
        throw new IllegalStateException("no room for 0x%x in %d bits".formatted(physical, tables.bits));
    }

    private long shown(long physical, long size) {
        return expose(physical, size);
    }

    private PageTables firstTables(int bits, int granule, boolean nested) {
        return new PageTables(image, false, granule, bits, PageTables.startLevel(granule, bits),
                nested ? this::shown : (address, size) -> address);
    }

    private void first(boolean nested) {
        int granule = dice.pick(12, 12, 14, 16);
        int bits = 25 + dice.below(24);
        boolean upper = dice.oneIn(4);
        scene.first = firstTables(bits, granule, nested);
        ipa = nested ? expose(data & ~3, 4) | data & 3 : data;
        List<Integer> levels = scene.first.leafLevels();
        int level;
        do {
            level = levels.get(dice.below(levels.size()));
        } while (scene.first.shift(level) >= bits);
        int shift = scene.first.shift(level);
        long low = dice.bits(bits) & -(1L << shift) | ipa & (1L << shift) - 1;
        if (!scene.first.map(low, ipa, level, stage1Attributes())) {
            throw new IllegalStateException("the first leaf finds nothing in its way");
        }
        iova = upper && bits < 64 ? low | -1L << bits : low;
        contextDescriptor(nested, granule, bits, upper);
    }

    private void contextDescriptor(boolean nested, int granule, int bits, boolean upper) {
        scene.cd = image.allocate(64, 64);
        image.put(scene.cd, new long[] {0, 0, 0, dice.bits(64), dice.oneIn(4) ? dice.bits(64) : 0, 0, 0, 0});
        int other = dice.pick(12, 14, 16);
        int otherBits = 25 + dice.below(24);
        boolean both = dice.oneIn(4);
        PageTables lower = upper ? both ? firstTables(otherBits, other, nested) : null : scene.first;
        PageTables higher = upper ? scene.first : both ? firstTables(otherBits, other, nested) : null;
        scene.setCd(0, 6, lower == null ? dice.bits(6) : 64 - lower.bits);
        scene.setCd(6, 2, lower == null ? dice.bits(2) : lower.granule == 12 ? 0 : lower.granule == 16 ? 1 : 2);
        scene.setCd(8, 6, dice.bits(6));
        scene.setCd(14, 1, lower == null ? 1 : 0);
        scene.setCd(16, 6, higher == null ? dice.bits(6) : 64 - higher.bits);
        scene.setCd(22, 2, higher == null ? dice.bits(2) : higher.granule == 12 ? 2 : higher.granule == 16 ? 3 : 1);
        scene.setCd(24, 6, dice.bits(6));
        scene.setCd(30, 1, higher == null ? 1 : 0);
        scene.setCd(31, 1, 1);
        scene.setCd(32, 3, dice.pick(4, 5, 5));
        scene.setCd(35, 1, dice.oneIn(4) ? 1 : 0);
        scene.setCd(36, 5, dice.oneIn(3) ? dice.bits(5) : 0);
        scene.setCd(41, 1, 1);
        scene.setCd(45, 1, dice.oneIn(5) ? 0 : 1);
        scene.setCd(46, 1, 1);
        scene.setCd(47, 1, dice.bits(1));
        scene.setCd(48, 16, dice.bits(16));
        image.put(scene.cd + 8, (lower == null ? 0 : lower.base) | dice.bits(1));
        image.put(scene.cd + 16, (higher == null ? 0 : higher.base) | dice.bits(1));
        long pointer = nested ? expose(scene.cd, 64) : scene.cd;
        image.put(scene.ste, scene.steWord(0) | pointer);
    }

    /** Notes the descriptors that take part, for flaws and for those who read a failure. */
    private void path() {
        var path = new ArrayList<Entry>();
        if (scene.first != null) {
            path.addAll(scene.first.path(iova));
        }
        if (scene.second != null) {
            path.addAll(scene.second.path(scene.first == null ? iova : ipa));
            if (scene.first != null) {
                path.addAll(tablePieces());
                path.addAll(scene.second.path(scene.steWord(0) & 0x00FF_FFFF_FFFF_FFC0L));
            }
        }
        scene.path = path.stream().distinct().toList();
    }

    /** {@return the descriptors that stage 2 has for the tables of stage 1} */
    private List<Entry> tablePieces() {
        var entries = new ArrayList<Entry>();
        var pieces = new ArrayList<Entry[]>();
        long table = scene.first.base;
        long physical = scene.first.root;
        for (Entry entry : scene.first.path(iova)) {
            List<Entry> start = scene.second.path(table);
            List<Entry> piece = scene.second.path(table + entry.address() - physical);
            entries.addAll(start);
            entries.addAll(piece);
            if (!start.equals(piece)) {
                pieces.add(new Entry[] {start.getLast(), piece.getLast()});
            }
            table = image.get(entry.address()) & PageTables.ADDRESS & -(1L << scene.first.granule);
            physical = scene.first.child(entry);
        }
        scene.pieces = List.copyOf(pieces);
        return entries;
    }

    long iova() {
        return iova;
    }

    void iova(long value) {
        iova = value;
    }

    /** Leaves out what ends the peer's process, or is undefined behaviour in it. */
    private void steerClear() {
        if (scene.cd != 0 && scene.cd(32, 3) > 5) {
            scene.setCd(32, 3, 5);
        }
        if ((scene.ste(1, 3) & 6) == 6) {
            scene.setSte(179, 1, 1);
            int granule = switch ((int) scene.ste(174, 2)) {
                case 0 -> 12;
                case 1 -> 16;
                default -> 14;
            };
            int start = (granule == 12 ? 2 : 3) - (int) scene.ste(166, 2);
            if (start < 0 || 64 - scene.ste(160, 6) <= (3 - start) * (granule - 3) + granule) {
                scene.flaws.add("steered clear of too few bits for the start level of stage 2");
                scene.setSte(160, 6, scene.second == null ? 20 : 64 - scene.second.bits);
                scene.setSte(166, 2, scene.second == null ? 2
                        : (scene.second.granule == 12 ? 2 : 3) - scene.second.start);
                scene.setSte(174, 2, scene.second == null || scene.second.granule == 12 ? 0
                        : scene.second.granule == 16 ? 1 : 2);
            }
        }
    }

    private void transfers(boolean edu) {
        var transfers = new ArrayList<Transfer>();
        boolean read = edu && dice.coin();
        // Long ones may cross into the next page; the peer repeats what faults, and its queue is 64 records long.
        transfers.add(new Transfer(edu, read, iova, data, dice.oneIn(6) ? dice.pick(8, 64, 128) : 4));
        if (dice.oneIn(3)) {
            long offset = dice.below(1 << 12) & ~3;
            transfers.add(new Transfer(edu, read, iova & ~0xFFFL | offset, data & ~0xFFFL | offset, 4));
        }
        if (dice.oneIn(4)) {
            long elsewhere = dice.oneIn(3) ? dice.bits(64) & ~3 : iova ^ 1L << 12 + dice.below(52);
            transfers.add(new Transfer(edu, read, elsewhere, data, 4));
        }
        scene.transfers = List.copyOf(transfers);
    }
}
