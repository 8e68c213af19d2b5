package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.AccessScene.Reading;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/** Where functions of QEMU look otherwise than ours in configuration space. */
final class PciDeviations {
    /** Numbers of functions, bus and device/function number. */
    private static final int ROOT_PORT = 0x0008;
    private static final int FAR_ROOT_PORT = 0x4000;
    private static final int BRIDGE = 0x0010;
    private static final int EXPANDER = 0x0018;

    /** Bridges by the numbers that the scenes give to their secondary buses. */
    private static final Map<Integer, Integer> BRIDGES = Map.of(1, ROOT_PORT, 2, BRIDGE, 65, FAR_ROOT_PORT);
    private static final int BRIDGE_CONTROL = 0x3E;
    private static final int SECONDARY_BUS_RESET = 1 << 6;

    static final List<Deviation<AccessScene, Reading>> ALL = all();

    private PciDeviations() {}

    private static List<Deviation<AccessScene, Reading>> all() {
        var all = new ArrayList<Deviation<AccessScene, Reading>>();
        IntPredicate port = function -> function == ROOT_PORT || function == FAR_ROOT_PORT;
        IntPredicate bridge = function -> function == BRIDGE;
        // Capabilities are where the engine puts them; what they say is compared elsewhere.
        all.add(field("capability-offset", port.or(bridge), 0x34, 0xFF));
        // ISA and VGA forwarding are optional; nothing forwards them here.
        all.add(field("bridge-isa-vga", port.or(bridge), 0x3C, 0x001C_0000));
        // The peer's bridge has a hot-plug controller for conventional slots, with registers, timers and an interrupt.
        all.add(field("bridge-shpc", bridge, 0x10, 0xFFFF_FFFFL));
        all.add(field("bridge-shpc", bridge, 0x14, 0xFFFF_FFFFL));
        all.add(field("bridge-shpc", bridge, 0x3C, 0x0000_FF00));
        all.add(field("bridge-timers", bridge, 0x18, 0xFF00_0000L));
        all.add(field("bridge-timers", bridge, 0x3C, 0x0FA0_0000));
        // PCIe 7.5.1.1.4: 66 MHz Capable and Fast Back-to-Back Capable are 0 on a link.
        all.add(field("bridge-66mhz", bridge.or(function -> function == EXPANDER), 0x04, 0x00A0_0000));
        all.add(field("bridge-66mhz", bridge, 0x1C, 0x00A0_0000));
        all.add(field("expander-subsystem", function -> function == EXPANDER, 0x2C, 0xFFFF_FFFFL));
        // PCIe 7.5.1.1.3: a function on a link has Parity Error Response. The peer has it nowhere.
        all.add(field("port-parity", port.or(bridge), 0x04, 0x0000_0040));
        // PCIe 7.5.1.3.13: what is below a bridge neither answers nor takes writes while the bridge holds it in reset.
        all.add(new Deviation<>("held-in-reset", (scene, step, ours, theirs) -> {
            Access access = ours.access();
            Integer bridgeAbove = BRIDGES.get((int) (access.address() - PciScenes.ECAM >>> 20));
            return bridgeAbove == null
                    ? theirs
                    : switch (held(scene.before(step), bridgeAbove, access.address() & -4)) {
                        case NOT -> theirs;
                        case NOW -> theirs.with(-1L >>> 64 - 8 * access.size());
                        case WHEN_WRITTEN -> theirs.with(ours.value());
                    };
        }));
        return List.copyOf(all);
    }

    /** Whether a word was in reset, as far as that shows. */
    private enum Held { NOT, NOW, WHEN_WRITTEN }

    private static Held held(List<Access> accesses, int bridge, long word) {
        boolean holds = false;
        boolean lost = false;
        for (Access access : accesses) {
            if (!access.write()) {
                continue;
            }
            long offset = access.address() - PciScenes.ECAM - ((long) bridge << 12);
            if (offset <= BRIDGE_CONTROL && offset + access.size() > BRIDGE_CONTROL) {
                boolean before = holds;
                holds = (access.value() >>> 8 * (BRIDGE_CONTROL - offset) & SECONDARY_BUS_RESET) != 0;
                lost &= before || !holds; // a reset makes both alike
            }
            lost |= holds && (access.address() & -4) == word;
        }
        return holds ? Held.NOW : lost ? Held.WHEN_WRITTEN : Held.NOT;
    }

    /** {@return a rule that does not compare some bits of a word of some functions} */
    private static Deviation<AccessScene, Reading> field(String name, IntPredicate function, int word, long mask) {
        return new Deviation<>(name, (scene, step, ours, theirs) -> {
            Access access = ours.access();
            long offset = access.address() - PciScenes.ECAM;
            if (!function.test((int) (offset >>> 12)) || (offset & 0xFFC) != word) {
                return theirs;
            }
            long bits = mask >>> 8 * (offset & 3);
            return theirs.with(theirs.value() & ~bits | ours.value() & bits);
        });
    }
}
