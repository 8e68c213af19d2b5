package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.AccessScene.Reading;
import java.util.ArrayList;
import java.util.List;

/** An {@code edu} that interrupts by its pin and by MSI: into memory, where data can be seen, and into GICv2m. */
final class MessageScenes {
    static final String MACHINE =
            "-machine virt,acpi=off,gic-version=2 -smp 1 -m 512 -cpu max -net none -device edu,bus=pcie.0,addr=5";

    private static final long CONFIG = PciScenes.config(0, 5 << 3);
    private static final long BAR = 0x1000_0000L;
    private static final long DISTRIBUTOR = 0x0800_0000L;
    private static final long FRAME_SETSPI = 0x0802_0040L;
    private static final long MEMORY = 0x5000_0000L;
    private static final int WORDS = 4;

    private static final int INTERRUPT_STATUS = 1 << 3;
    /** The four pins, as the distributor has them. */
    private static final int PINS = 0x78;

    /**
     * PCIe 7.7.1: a function whose MSI is enabled does not use its pin. The peer forgets the pin at that moment, until
     * the device changes it; here the pin is pending in the function, and is back when MSI is disabled.
     */
    static final List<Deviation<AccessScene, Reading>> DEVIATIONS = List.of(
            new Deviation<>("intx-after-msi", (scene, step, ours, theirs) -> {
                Access access = ours.access();
                long bits = access.name().equals("Status") ? INTERRUPT_STATUS
                        : access.address() == DISTRIBUTOR + 0x204 ? PINS : 0;
                return enabledMsiBefore(scene, step)
                        ? theirs.with(theirs.value() & ~bits | ours.value() & bits)
                        : theirs;
            }));

    private static boolean enabledMsiBefore(AccessScene scene, int step) {
        int reads = 0;
        for (Access access : scene.accesses()) {
            if (access.name().equals("Message Control") && (access.value() & 1) == 1) {
                return true;
            }
            if (!access.write() && reads++ == step) {
                return false;
            }
        }
        return false;
    }

    private final Dice dice;
    private final List<Access> accesses = new ArrayList<>();

    private MessageScenes(Dice dice) {
        this.dice = dice;
    }

    static AccessScene make(long seed, int number) {
        return new MessageScenes(new Dice(seed, number)).make();
    }

    private void config(String name, int offset, int size, long value) {
        accesses.add(Access.write(name, size, CONFIG + offset, value));
    }

    private AccessScene make() {
        for (int word = 0; word < WORDS; word++) {
            accesses.add(Access.write("memory", 4, MEMORY + 4L * word, 0));
        }
        config("BAR0", 0x10, 4, BAR);
        config("Command", 0x04, 2, 6);
        // The peer's device is not reset with its machine.
        accesses.add(Access.write("acknowledge", 4, BAR + 0x64, -1));
        accesses.add(Access.write("status", 4, BAR + 0x20, 0));
        accesses.add(Access.write("GICD_CTLR", 4, DISTRIBUTOR, 3));
        int steps = 3 + dice.below(12);
        for (int i = 0; i < steps; i++) {
            step();
            observe();
        }
        return new AccessScene(List.copyOf(accesses));
    }

    private void step() {
        switch (dice.below(8)) {
            case 0 -> config("Command", 0x04, 2, dice.pick(6, 6, 2, 0x406));
            case 1 -> {
                long target = dice.oneIn(3) ? FRAME_SETSPI : MEMORY + 4L * dice.below(WORDS);
                config("Message Address", 0x44, 4, target | (dice.oneIn(4) ? 3 : 0));
                config("Message Upper Address", 0x48, 4, 0);
                config("Message Data", 0x4C, 2, target == FRAME_SETSPI ? 80 + dice.below(66) : dice.bits(16));
            }
            case 2 -> config("Message Control", 0x42, 2, dice.pick(1, 1, 0, 0x71));
            case 3, 4 -> accesses.add(Access.write("raise", 4, BAR + 0x60, dice.bits(dice.pick(1, 32))));
            case 5 -> accesses.add(Access.write("acknowledge", 4, BAR + 0x64, dice.pick(-1L, dice.bits(32))));
            case 6 -> accesses.add(Access.write("GICD_ICPENDR", 4, DISTRIBUTOR + 0x284 + 4 * dice.below(4), -1));
            default -> accesses.add(Access.write("status", 4, BAR + 0x20, dice.pick(0x80, 0)));
        }
    }

    private void observe() {
        accesses.add(Access.read("interrupt status", 4, BAR + 0x24));
        accesses.add(Access.read("Status", 2, CONFIG + 0x06));
        accesses.add(Access.read("MSI", 4, CONFIG + 0x40));
        for (int word = 0; word < WORDS; word++) {
            accesses.add(Access.read("memory", 4, MEMORY + 4L * word));
        }
        for (int word = 1; word < 5; word++) {
            accesses.add(Access.read("GICD_ISPENDR", 4, DISTRIBUTOR + 0x200 + 4 * word));
        }
    }
}
