package dev.backplane.itest;

/** An interrupt controller as a processor sees it. */
interface Gic {
    /** {@return the INTID of the interrupt that was acknowledged and ended, or -1 when none was pending} */
    int take();
}
