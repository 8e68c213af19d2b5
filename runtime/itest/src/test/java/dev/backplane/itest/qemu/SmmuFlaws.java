package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.PageTables.Entry;

/** What goes wrong with a scene: a field with another value, a broken descriptor, an address that is not mapped. */
final class SmmuFlaws {
    /** No memory is there. */
    private static final long NOWHERE = 0x2_0000_0000L;

    private final Dice dice;
    private final SmmuScene scene;
    private final SmmuScenes maker;

    SmmuFlaws(Dice dice, SmmuScene scene, SmmuScenes maker) {
        this.dice = dice;
        this.scene = scene;
        this.maker = maker;
    }

    void one() {
        switch (dice.below(8)) {
            case 0 -> stream();
            case 1 -> streamTable();
            case 2, 3 -> context();
            case 4, 5, 6 -> descriptor();
            default -> address();
        }
    }

    private void note(String flaw, Object... values) {
        scene.flaws.add(flaw.formatted(values));
    }

    private void ste(String name, int bit, int width, long value) {
        note("STE.%s %d", name, value);
        scene.setSte(bit, width, value);
    }

    private void cd(String name, int bit, int width, long value) {
        note("CD.%s %d", name, value);
        scene.setCd(bit, width, value);
    }

    private void stream() {
        switch (dice.below(18)) {
            case 0 -> ste("V", 0, 1, 0);
            case 1 -> ste("Config", 1, 3, dice.bits(3));
            case 2 -> ste("S1Fmt", 4, 2, dice.bits(2));
            case 3 -> ste("S1CDMax", 59, 5, dice.bits(5));
            case 4 -> ste("S1DSS", 64, 2, dice.bits(2));
            case 5 -> ste("S1STALLD", 91, 1, 1);
            case 6 -> ste("EATS", 92, 2, dice.bits(2));
            case 7 -> ste("S2T0SZ", 160, 6, dice.bits(6));
            case 8 -> ste("S2SL0", 166, 2, dice.bits(2));
            case 9 -> ste("S2TG", 174, 2, dice.bits(2));
            case 10 -> ste("S2PS", 176, 3, dice.bits(3));
            case 11 -> ste("S2ENDI", 180, 1, 1);
            case 12 -> ste("S2HD/S2HA", 183, 2, 1 + dice.below(3));
            case 13 -> ste("S2S", 185, 1, 1);
            case 14 -> ste("S2R", 186, 1, 0);
            case 15 -> ste("S2TTB high", 192 + 40 + dice.below(12), 1, 1);
            case 16 -> ste("S1ContextPtr high", 33 + dice.below(23), 1, 1);
            default -> {
                int bit = dice.below(256);
                ste("bit " + bit, bit, 1, scene.ste(bit, 1) ^ 1);
            }
        }
    }

    private void streamTable() {
        switch (dice.below(scene.twoLevel ? 6 : 3)) {
            case 0 -> {
                scene.log2Size = dice.below(5);
                note("2^%d streams", scene.log2Size);
            }
            case 1 -> {
                scene.tableBase = NOWHERE;
                note("stream table at 0x%x", NOWHERE);
            }
            case 2 -> {
                scene.split = dice.below(32);
                note("split %d", scene.split);
            }
            case 3 -> {
                long span = dice.below(32);
                note("span %d", span);
                scene.image.put(scene.level1, scene.image.get(scene.level1) & ~31L | span);
            }
            case 4 -> {
                long span = dice.below(7);
                note("span %d", span);
                scene.image.put(scene.level1, scene.image.get(scene.level1) & ~31L | span);
            }
            default -> {
                note("second level at 0x%x", NOWHERE);
                scene.image.put(scene.level1, NOWHERE | scene.image.get(scene.level1) & 31);
            }
        }
    }

    private void context() {
        if (scene.cd == 0) {
            descriptor();
            return;
        }
        switch (dice.below(18)) {
            case 0 -> cd("V", 31, 1, 0);
            case 1 -> cd("T0SZ", 0, 6, dice.bits(6));
            case 2 -> cd("T1SZ", 16, 6, dice.bits(6));
            case 3 -> cd("TG0", 6, 2, dice.bits(2));
            case 4 -> cd("TG1", 22, 2, dice.bits(2));
            case 5 -> cd("EPD0", 14, 1, dice.bits(1));
            case 6 -> cd("EPD1", 30, 1, dice.bits(1));
            case 7 -> cd("IPS", 32, 3, dice.below(6));
            case 8 -> cd("AFFD", 35, 1, dice.bits(1));
            case 9 -> cd("AA64", 41, 1, 0);
            case 10 -> cd("HD/HA", 42, 2, 1 + dice.below(3));
            case 11 -> cd("S", 44, 1, 1);
            case 12 -> cd("R", 45, 1, 0);
            case 13 -> cd("A", 46, 1, 0);
            case 14 -> cd("ENDI", 15, 1, 1);
            case 15 -> cd("TTB high", 64 + dice.below(2) * 64 + 32 + dice.below(20), 1, 1);
            case 16 -> cd("HAD", 65 + dice.below(2) * 64, 1, 1);
            default -> {
                int bit = dice.below(192);
                cd("bit " + bit, bit, 1, scene.cd(bit, 1) ^ 1);
            }
        }
    }

    private void descriptor() {
        if (scene.path.isEmpty()) {
            stream();
            return;
        }
        Entry entry = scene.path.get(dice.below(scene.path.size()));
        long old = scene.image.get(entry.address());
        boolean table = entry.level() < 3 && (old & 2) != 0;
        long word = switch (dice.below(12)) {
            case 0 -> old & ~1;
            case 1 -> old & ~(1L << 10);
            case 2 -> old & ~(3L << 6) | dice.bits(2) << 6;
            case 3 -> old ^ 2;
            case 4 -> old & ~0x0000_FFFF_FFFF_0000L | NOWHERE;
            case 5 -> old | 1L << 32 + dice.below(16);
            case 6 -> old | 1L << 52;
            case 7 -> table ? old | dice.bits(5) << 59 : old ^ dice.bits(2) << 53;
            case 8 -> old ^ 1L << 50 + dice.below(14);
            case 9 -> old ^ dice.bits(4) << 12;
            case 10 -> dice.bits(64);
            default -> old ^ 1L << dice.below(64);
        };
        note("S%d L%d at 0x%x was %016x", entry.second() ? 2 : 1, entry.level(), entry.address(), old);
        scene.image.put(entry.address(), word);
    }

    private void address() {
        long old = maker.iova();
        long iova = switch (dice.below(4)) {
            case 0 -> old ^ 1L << 2 + dice.below(62);
            case 1 -> old & 0x00FF_FFFF_FFFF_FFFFL | dice.bits(8) << 56;
            case 2 -> dice.bits(64) & ~3;
            default -> old ^ 1L << 25 + dice.below(25);
        };
        note("IOVA was 0x%x", old);
        maker.iova(iova);
    }
}
