package dev.backplane.itest.qemu;

import java.util.ArrayList;
import java.util.List;

/**
 * Random accesses of configuration space: identification, command, base address registers, windows and capabilities of
 * functions on the first bus, behind a root port, behind a bridge and behind an expander.
 */
final class PciScenes {
    static final String MACHINE = "-machine virt,acpi=off,gic-version=3,iommu=smmuv3 -smp 1 -m 512 -cpu max -net none"
            + " -device pcie-root-port,id=rp,chassis=1,bus=pcie.0,addr=1 -device edu,bus=rp"
            + " -device pcie-pci-bridge,id=br,bus=pcie.0,addr=2 -device edu,bus=br,addr=3"
            + " -device pxb-pcie,id=px,bus_nr=64,bus=pcie.0,addr=3"
            + " -device pcie-root-port,id=far,bus=px,chassis=3,addr=0 -device iommu-testdev,bus=far"
            + " -device edu,bus=pcie.0,addr=5 -device iommu-testdev,bus=pcie.0,addr=6,multifunction=on"
            + " -device edu,bus=pcie.0,addr=6.1";
    static final long ECAM = 0x40_1000_0000L;

    /** Places of functions, and some of none: bus and device/function number. */
    private static final int[][] FUNCTIONS = {
        {0, 0x00}, {0, 0x08}, {0, 0x10}, {0, 0x18}, {0, 0x28}, {0, 0x30}, {0, 0x31}, {0, 0x32}, {0, 0x38},
        {1, 0x00}, {2, 0x18}, {64, 0x00}, {65, 0x00}, {1, 0x08}, {7, 0x00},
    };

    private final Dice dice;
    private final List<Access> accesses = new ArrayList<>();

    private PciScenes(Dice dice) {
        this.dice = dice;
    }

    static AccessScene make(long seed, int number) {
        return new PciScenes(new Dice(seed, number)).make();
    }

    static long config(int bus, int devfn) {
        return ECAM | (long) bus << 20 | (long) devfn << 12;
    }

    private AccessScene make() {
        if (dice.coin()) {
            number(config(0, 0x08), 0, 1);
            number(config(0, 0x10), 0, 2);
            number(config(64, 0x00), 64, 65);
        }
        int count = 4 + dice.below(24);
        for (int i = 0; i < count; i++) {
            int[] place = FUNCTIONS[dice.below(FUNCTIONS.length)];
            access(place[0], place[1]);
        }
        for (int[] place : FUNCTIONS) {
            for (int offset = 0; offset < 0x40; offset += 4) {
                read(place[0], place[1], 4, offset);
            }
        }
        return new AccessScene(List.copyOf(accesses));
    }

    private void number(long bridge, int primary, int secondary) {
        accesses.add(Access.write("buses", 4, bridge + 0x18, (long) secondary << 16 | secondary << 8 | primary));
    }

    private void access(int bus, int devfn) {
        int size = dice.pick(1, 2, 4);
        int offset = dice.below(0x40 / size) * size;
        // Buses keep their numbers, so that an address says which function is meant.
        if (dice.oneIn(3) || (offset & ~3) == 0x18) {
            read(bus, devfn, size, offset);
        } else {
            long value = dice.oneIn(3) ? -1 >>> 32 - 8 * size : dice.bits(8 * size);
            accesses.add(Access.write(name(bus, devfn, offset), size, config(bus, devfn) + offset, value));
        }
    }

    private void read(int bus, int devfn, int size, int offset) {
        accesses.add(Access.read(name(bus, devfn, offset), size, config(bus, devfn) + offset));
    }

    private static String name(int bus, int devfn, int offset) {
        return "%02x:%02x.%x+%02x".formatted(bus, devfn >> 3, devfn & 7, offset);
    }
}
