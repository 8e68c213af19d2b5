package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.AccessScene.Reading;
import java.util.ArrayList;
import java.util.List;

/** Random accesses of the registers of GICv3: distributor, the first redistributor, ITS. */
final class GicScenes {
    static final String MACHINE = "-machine virt,acpi=off,gic-version=3 -smp 2 -m 512 -cpu max -net none";

    private static final long DISTRIBUTOR = 0x0800_0000L;
    private static final long ITS = 0x0808_0000L;
    private static final long REDISTRIBUTOR = 0x080A_0000L;
    private static final long SGI_FRAME = REDISTRIBUTOR + 0x10000;

    /**
     * Registers of a kind.
     *
     * @param name that of the first
     * @param address where the first is
     * @param size bytes of each
     * @param count how many
     * @param written whether they are written too
     */
    private record Block(String name, long address, int size, int count, boolean written) {}

    private static final List<Block> BLOCKS = List.of(
            new Block("GICD_CTLR", DISTRIBUTOR, 4, 1, true),
            new Block("GICD_TYPER", DISTRIBUTOR + 4, 4, 1, false),
            new Block("GICD_IIDR", DISTRIBUTOR + 8, 4, 1, false),
            new Block("GICD_IGROUPR", DISTRIBUTOR + 0x80, 4, 10, true),
            new Block("GICD_ISENABLER", DISTRIBUTOR + 0x100, 4, 10, true),
            new Block("GICD_ICENABLER", DISTRIBUTOR + 0x180, 4, 10, true),
            new Block("GICD_ISPENDR", DISTRIBUTOR + 0x200, 4, 10, true),
            new Block("GICD_ICPENDR", DISTRIBUTOR + 0x280, 4, 10, true),
            new Block("GICD_ISACTIVER", DISTRIBUTOR + 0x300, 4, 10, true),
            new Block("GICD_ICACTIVER", DISTRIBUTOR + 0x380, 4, 10, true),
            new Block("GICD_IPRIORITYR", DISTRIBUTOR + 0x400, 4, 76, true),
            new Block("GICD_ICFGR", DISTRIBUTOR + 0xC00, 4, 20, true),
            new Block("GICD_IGRPMODR", DISTRIBUTOR + 0xD00, 4, 10, true),
            new Block("GICD_IROUTER", DISTRIBUTOR + 0x6100, 8, 4, true),
            new Block("GICD_PIDR2", DISTRIBUTOR + 0xFFE8, 4, 1, false),
            new Block("GICR_CTLR", REDISTRIBUTOR, 4, 1, false),
            new Block("GICR_IIDR", REDISTRIBUTOR + 4, 4, 1, false),
            new Block("GICR_TYPER", REDISTRIBUTOR + 8, 8, 1, false),
            new Block("GICR_WAKER", REDISTRIBUTOR + 0x14, 4, 1, true),
            new Block("GICR_PROPBASER", REDISTRIBUTOR + 0x70, 8, 1, true),
            new Block("GICR_PENDBASER", REDISTRIBUTOR + 0x78, 8, 1, true),
            new Block("GICR_IGROUPR0", SGI_FRAME + 0x80, 4, 1, true),
            new Block("GICR_ISENABLER0", SGI_FRAME + 0x100, 4, 1, true),
            new Block("GICR_ICENABLER0", SGI_FRAME + 0x180, 4, 1, true),
            new Block("GICR_ISPENDR0", SGI_FRAME + 0x200, 4, 1, true),
            new Block("GICR_ICPENDR0", SGI_FRAME + 0x280, 4, 1, true),
            new Block("GICR_ISACTIVER0", SGI_FRAME + 0x300, 4, 1, true),
            new Block("GICR_ICACTIVER0", SGI_FRAME + 0x380, 4, 1, true),
            new Block("GICR_IPRIORITYR", SGI_FRAME + 0x400, 4, 8, true),
            new Block("GICR_ICFGR", SGI_FRAME + 0xC00, 4, 2, true),
            new Block("GICR_IGRPMODR0", SGI_FRAME + 0xD00, 4, 1, true),
            new Block("GITS_CTLR", ITS, 4, 1, false),
            new Block("GITS_IIDR", ITS + 4, 4, 1, false),
            new Block("GITS_TYPER", ITS + 8, 8, 1, false),
            new Block("GITS_CBASER", ITS + 0x80, 8, 1, true),
            new Block("GITS_CREADR", ITS + 0x90, 8, 1, false),
            new Block("GITS_BASER", ITS + 0x100, 8, 8, true),
            new Block("GITS_PIDR2", ITS + 0xFFE8, 4, 1, false));

    static final List<Deviation<AccessScene, Reading>> DEVIATIONS = List.of(
            // Message-based SPIs and 1 of N are there here (MBIS set, No1N clear).
            masked("gicd-features", "GICD_TYPER", 1 << 16 | 1 << 25, 1 << 16),
            // Disable Processor Group Selection, and invalidation by register, are there here.
            masked("gicr-features", "GICR_TYPER", 1 << 5, 1 << 5),
            masked("gicr-features", "GICR_CTLR", 1 << 2, 1 << 2),
            // Five bits of priority are there here, eight there.
            masked("priority-bits", "GICD_IPRIORITYR", 0x0707_0707, 0),
            masked("priority-bits", "GICR_IPRIORITYR", 0x0707_0707, 0),
            // A reserved page size is 64 KiB, and reads so here.
            new Deviation<>("baser-page-size", (scene, step, ours, theirs) ->
                    ours.access().name().equals("GITS_BASER") && (theirs.value() >>> 8 & 3) == 3
                            ? theirs.with(theirs.value() & ~0x100L)
                            : theirs),
            // IHI 0069: RES0. The peer keeps what was written.
            masked("reg-res0", "GICD_IROUTER", ~0xFF_80FF_FFFFL, 0),
            masked("reg-res0", "GICR_PROPBASER", ~0x070F_FFFF_FFFF_FF9FL, 0),
            masked("reg-res0", "GICR_PENDBASER", ~0x470F_FFFF_FFFF_0F80L, 0),
            masked("reg-res0", "GITS_CBASER", ~0xB8EF_FFFF_FFFF_FCFFL, 0));

    /** {@return a rule that some bits of a register have a value here, and another there} */
    private static Deviation<AccessScene, Reading> masked(String name, String register, long bits, long value) {
        return new Deviation<>(name, (scene, step, ours, theirs) -> ours.access().name().equals(register)
                ? theirs.with(theirs.value() & ~bits | value)
                : theirs);
    }

    private GicScenes() {}

    static AccessScene make(long seed, int number) {
        var dice = new Dice(seed, number);
        var accesses = new ArrayList<Access>();
        int count = 3 + dice.below(30);
        for (int i = 0; i < count; i++) {
            Block block = BLOCKS.get(dice.below(BLOCKS.size()));
            if (block.written()) {
                accesses.add(Access.write(block.name(), block.size(),
                        block.address() + (long) block.size() * dice.below(block.count()),
                        dice.pick(-1L, 0L, dice.bits(64), dice.bits(64))));
            }
        }
        for (Block block : BLOCKS) {
            for (int i = 0; i < block.count(); i++) {
                accesses.add(Access.read(block.name(), block.size(), block.address() + (long) block.size() * i));
            }
        }
        return new AccessScene(List.copyOf(accesses));
    }
}
