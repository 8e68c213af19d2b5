package dev.backplane.irq;

import dev.backplane.memory.TransactionContext;
import org.osgi.annotation.versioning.ConsumerType;

/** Capability of a model that takes wired interrupts: a GIC distributor. Called concurrently. */
@ConsumerType
public interface InterruptController {

    /**
     * Drives an input.
     *
     * @param context context of the calling thread
     * @param intid INTID of a shared peripheral interrupt, 32 to 1019 (IHI 0069, section 2.2)
     * @param asserted the level of the input; an edge is a call with {@code true} and a call with {@code false}
     */
    void setInput(TransactionContext context, int intid, boolean asserted);
}
