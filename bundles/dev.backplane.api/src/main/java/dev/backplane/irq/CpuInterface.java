package dev.backplane.irq;

import dev.backplane.memory.TransactionContext;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Capability of an interrupt controller: what its CPU interfaces offer to a processor (IHI 0069, chapter 4). A shell, a
 * test or a CPU bundle plays the processor. Called concurrently for different processors.
 */
@ConsumerType
public interface CpuInterface {

    /** INTID that says that nothing is pending. */
    int SPURIOUS = 1023;

    /** {@return the number of CPU interfaces} */
    int processors();

    /** {@return the INTID that an acknowledge would return now, or {@link #SPURIOUS}} */
    int highestPending(TransactionContext context, int processor, int group);

    /**
     * Acknowledges the highest priority pending interrupt and makes it active (ICC_IAR0_EL1, ICC_IAR1_EL1, GICC_IAR).
     *
     * @param processor processor number
     * @param group interrupt group, 0 or 1
     * @return its INTID, or {@link #SPURIOUS}
     */
    int acknowledge(TransactionContext context, int processor, int group);

    /** Ends an interrupt: drops the running priority and, unless EOImode is 1, deactivates it (ICC_EOIRn_EL1). */
    void endOfInterrupt(TransactionContext context, int processor, int group, int intid);

    /** Deactivates an interrupt whose priority was dropped before (ICC_DIR_EL1). */
    void deactivate(TransactionContext context, int processor, int intid);

    /**
     * Sets EOImode (ICC_CTLR_EL1, GICC_CTLR): whether {@link #endOfInterrupt} drops the running priority only and leaves
     * deactivation to {@link #deactivate}.
     *
     * @return whether the CPU interface has both modes; if not, nothing changes
     */
    default boolean setEoiMode(TransactionContext context, int processor, boolean dropOnly) {
        return false;
    }

    /** Sets the priority mask (ICC_PMR_EL1); only interrupts of a higher priority (lower value) are signalled. */
    void setPriorityMask(TransactionContext context, int processor, int mask);

    /** Enables or disables an interrupt group at the CPU interface (ICC_IGRPENn_EL1). */
    void setGroupEnable(TransactionContext context, int processor, int group, boolean enabled);

    /**
     * Generates a software-generated interrupt (ICC_SGI1R_EL1).
     *
     * @param source processor number of the sender
     * @param targets processor numbers, one bit each, by words of 64
     * @param intid 0 to 15
     */
    void sendSgi(TransactionContext context, int source, long[] targets, int group, int intid);
}
