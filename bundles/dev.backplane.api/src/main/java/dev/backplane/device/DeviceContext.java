package dev.backplane.device;

import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.time.VirtualClock;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A realized model's door to its board. Everything obtained here stays valid over hand-overs of <em>other</em> devices
 * and is revoked when this model is unrealized. Thread-safe.
 */
@ProviderType
public interface DeviceContext {

    /** {@return the slot that the device fills, for example {@code smmu0}} */
    String slot();

    /** {@return the device's own view of the system bus, untranslated, for table walks and queues} */
    DmaPort memory();

    /**
     * {@return one of the output lines that the model declared}
     *
     * @param name as in {@link PlatformDescription#lines()}
     * @throws IllegalArgumentException if the model declared no such line
     */
    InterruptLine line(String name);

    /** {@return the board's clock} */
    VirtualClock clock();

    /** {@return the board's epochs} */
    Epochs epochs();

    /**
     * Runs a call-out of a register access after the device's lock is released and before the access returns, in the
     * order of the calls; at once when the calling thread is in no register access of this device.
     *
     * @param effect what to do; DMA and anything else that may reach another device
     */
    void defer(Effect effect);

    /**
     * Finds an ability of the device in another slot that a property of this device links to.
     *
     * @param link name of the link property, for example {@code parent-gic}
     * @param capability capability interface of the linked model
     * @return a stand-in that stays valid while the linked slot changes hands, or empty when the property is not set
     * @param <T> the capability
     * @throws IllegalArgumentException if the engine has no stand-in for that capability
     */
    <T> Optional<T> linked(String link, Class<T> capability);

    /**
     * Finds something that the platform offers to devices, for example an accelerator.
     *
     * @param contract contract interface
     * @return the platform's implementation, or empty when it has none
     * @param <T> the contract
     */
    <T> Optional<T> platform(Class<T> contract);

    /** {@return where this device reports what its guest does wrong} */
    DeviceLog log();

    /** A call-out of a register access. */
    @FunctionalInterface
    interface Effect {
        /**
         * Does it.
         *
         * @param context context of the thread that made the access
         */
        void run(TransactionContext context);
    }
}
