package dev.backplane.host.sim;

/**
 * Configuration of the simulated host (PID {@code dev.backplane.host.sim}). A change makes a new host of which
 * nothing is
 * open.
 */
@interface HostConfiguration {

    /** {@return number of physical SMMUs, each with a PCI segment of its own: 1 to 64} */
    int smmus() default 1;

    /** {@return devices: KIND, KIND*COUNT or KIND*COUNT@SMMU, KIND one of dma, ats, aliased} */
    String[] devices() default {"dma*2", "ats"};

    /** {@return output address size: 32, 36, 40, 42, 44, 48 or 52} */
    int oas() default 48;

    /** {@return translation granules: 4K, which the host needs, 16K, 64K} */
    String[] granules() default {"4K", "16K", "64K"};

    /** {@return whether stage 2 is there, so that guests' stage 1 can be nested} */
    boolean nesting() default true;

    /** {@return whether stage 2 can force write-back (S2FWB); without it nesting is refused} */
    boolean s2fwb() default true;

    /** {@return whether the SMMUs support ATS} */
    boolean ats() default true;

    /** {@return bits of a SubstreamID: 0 to 20} */
    int ssidsize() default 16;

    /** {@return bits of a StreamID: 10 to 16} */
    int sidsize() default 16;

    /** {@return whether TLBI commands take ranges} */
    boolean ril() default true;

    /** {@return fields of the ID registers that are told otherwise than they are, such as IDR0.TTENDIAN=3} */
    String[] told() default {};
}
