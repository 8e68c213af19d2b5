package dev.backplane.itest.qemu;

import java.util.List;
import java.util.Set;

/** Where QEMU's SMMU takes commands otherwise than the architecture says (IHI 0070 chapter 4). */
final class CommandDeviations {
    private static final int ILLEGAL = 1;

    /** Commands of what neither machine has: EL2 and EL3 contexts, ATS, PRI, stalling. */
    private static final Set<Integer> UNSUPPORTED =
            Set.of(0x18, 0x1A, 0x20, 0x21, 0x22, 0x23, 0x40, 0x41, 0x44, 0x45);

    /** Commands that may invalidate a range of addresses. */
    private static final Set<Integer> RANGES = Set.of(0x12, 0x13, 0x2A);

    static final List<Deviation<CommandScene, CommandScene.Step>> ALL = List.of(
            // 4.1.4: a command of a feature that is not there is illegal. The peer consumes it.
            taken("cmd-unsupported", (code, first, second) -> UNSUPPORTED.contains(code)),
            // 4.2: SSec on the Non-secure queue is illegal. The peer looks at it in CMD_CFGI_* only.
            taken("cmd-ssec-prefetch", (code, first, second) -> (code == 1 || code == 2) && (first >>> 10 & 1) == 1),
            // 4.4.1.1: a granule with neither a range nor a level, and a level that the granule has not, are reserved.
            taken("cmd-range-reserved", (code, first, second) -> RANGES.contains(code) && isReserved(first, second)),
            // 4.7.3: CS = 0b11 is reserved.
            taken("cmd-sync-cs3", (code, first, second) -> code == 0x46 && (first >>> 12 & 3) == 3));

    private CommandDeviations() {}

    private static boolean isReserved(long first, long second) {
        long granule = second >>> 10 & 3;
        long level = second >>> 8 & 3;
        boolean none = (first >>> 12 & 31) == 0 && (first >>> 20 & 31) == 0 && level == 0;
        return granule != 0 && none || granule == 2 && level == 1;
    }

    /** Which command it is about. */
    private interface Which {
        boolean is(int code, long first, long second);
    }

    /** {@return the rule that the peer takes a command that is illegal} */
    private static Deviation<CommandScene, CommandScene.Step> taken(String name, Which which) {
        return new Deviation<>(name, (scene, step, ours, theirs) -> {
            long[] command = scene.commands().get(step);
            return ours.code() == ILLEGAL && theirs.code() == 0 && which.is(scene.code(step), command[0], command[1])
                    ? ours
                    : theirs;
        });
    }
}
