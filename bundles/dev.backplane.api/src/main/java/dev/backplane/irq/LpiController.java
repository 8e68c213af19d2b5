package dev.backplane.irq;

import dev.backplane.memory.TransactionContext;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Capability of a GICv3 whose redistributors take LPIs from an ITS (IHI 0069, chapter 5). Processors are
 * numbered as in {@code GICR_TYPER.Processor_Number}. Called concurrently. What does not fit (no such processor, LPIs
 * not enabled, INTID out of range) is dropped, as the architecture says.
 */
@ConsumerType
public interface LpiController {

    /**
     * {@return the number of redistributors, 1 to 512; 0 as long as the GIC that an ITS is linked to was never there, and
     * commands that need to know have to wait}
     */
    int processors();

    /**
     * Makes an LPI pending.
     *
     * @param context context of the calling thread
     * @param processor processor number
     * @param intid INTID, 8192 or more
     * @return whether the redistributor took it
     */
    boolean setPending(TransactionContext context, int processor, int intid);

    /** Removes the pending state of an LPI; parameters and result as for {@link #setPending}. */
    boolean clearPending(TransactionContext context, int processor, int intid);

    /**
     * Moves the pending state of an LPI to another redistributor (MOVI).
     *
     * @param from processor number it leaves
     * @param to processor number it goes to
     */
    void movePending(TransactionContext context, int from, int to, int intid);

    /** Moves all pending LPIs to another redistributor (MOVALL). */
    void moveAllPending(TransactionContext context, int from, int to);

    /** Makes a redistributor read the configuration of one LPI again (INV). */
    void invalidate(TransactionContext context, int processor, int intid);

    /** Makes a redistributor read the configuration of all LPIs again (INVALL). */
    void invalidateAll(TransactionContext context, int processor);
}
