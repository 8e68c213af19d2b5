package dev.backplane.irq;

import dev.backplane.memory.TransactionContext;
import java.util.function.IntConsumer;
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

    /**
     * Drives an input that one processor has to itself, such as that of its timer.
     *
     * @param context context of the calling thread
     * @param processor processor number
     * @param intid INTID of a private peripheral interrupt, 16 to 31 (IHI 0069, section 2.2)
     * @param asserted the level of the input, as for {@link #setInput}
     * @return whether the controller has that input; if not, nothing changes
     */
    default boolean setPrivateInput(TransactionContext context, int processor, int intid, boolean asserted) {
        return false;
    }

    /**
     * Names who is told when software has ended a shared peripheral interrupt: it is deactivated (IHI 0069, section
     * 4.1.2), so a source that keeps its line up until then may look whether it still has to.
     *
     * @param listener takes the INTID, on the thread that ended the interrupt, outside the controller's locks; one at a
     *     time
     */
    default void onEnded(IntConsumer listener) {}
}
