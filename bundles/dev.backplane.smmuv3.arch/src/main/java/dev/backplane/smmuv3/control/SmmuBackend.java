package dev.backplane.smmuv3.control;

import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import org.osgi.annotation.versioning.ConsumerType;

/** What the programming interface acts on: the translation of an emulated SMMUv3, or the host's. */
@ConsumerType
public interface SmmuBackend {

    /**
     * Takes over what the registers say about translation. Called one at a time, the newest configuration last;
     * transactions that began before may still use the previous one when this returns.
     *
     * @param context context of the calling thread
     * @param configuration what counts from now on
     */
    void configure(TransactionContext context, SmmuConfiguration configuration);

    /**
     * Carries out a command that the ID registers make legal. CMD_SYNC arrives here as well, before the engine's grace
     * period, so that a backend that collects commands can hand them on. One command at a time, in the order of the
     * queue, on whichever thread runs the queue.
     *
     * @param context context of the calling thread
     * @param code what the command is
     * @param command its operands
     * @return {@code false} if the backend refuses it; the queue then stops with CERROR_ILL
     */
    boolean execute(TransactionContext context, CommandCode code, Command command);

    /**
     * {@return whether {@link #execute} only collects such a command, to be carried out with others by {@link #finish}}
     * CMDQ_CONS stays before collected commands.
     *
     * @param code what the command is; always the same answer for one code
     */
    default boolean collects(CommandCode code) {
        return false;
    }

    /**
     * Carries out the commands that were collected, in their order. Called before any command that is not collected,
     * when the queue has no more to run, and when many have been collected.
     *
     * @param context context of the calling thread
     * @return how many of the commands that were collected last have not been carried out and never will be: the first
     *     of them is refused, and the queue stops there with CERROR_ILL; 0 when all were carried out
     */
    default int finish(TransactionContext context) {
        return 0;
    }

    /** Forgets everything that was cached: the SMMU has been reset or its state has been replaced. */
    void forget();
}
