package dev.backplane.smmuv3.control;

import dev.backplane.irq.InterruptLine;
import java.util.List;

/**
 * The wired interrupts of an SMMUv3, all edges (IHI 0070 section 3.18), in the order in which boards wire them.
 *
 * @param eventQueue the event queue became non-empty
 * @param pageRequestQueue the PRI queue became non-empty; never driven without PRI
 * @param commandSync a CMD_SYNC with SIG_IRQ completed
 * @param globalError an error became active in GERROR
 */
public record SmmuInterrupts(
        InterruptLine eventQueue,
        InterruptLine pageRequestQueue,
        InterruptLine commandSync,
        InterruptLine globalError) {

    /** Names of the lines, in the order of the components. */
    public static final List<String> NAMES = List.of("eventq", "priq", "cmdq-sync", "gerror");
}
