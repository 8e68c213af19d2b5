package dev.backplane.core.slot;

import dev.backplane.device.DeviceModel;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.hostiommu.HostException;
import dev.backplane.irq.InterruptLine;
import dev.backplane.pci.Bdf;
import java.util.Map;
import java.util.Optional;

/** How a slot's device sits on its board. Lasts as long as the slot, over the models in it. */
interface Mount {

    /** {@return the output lines by the names that the model declared} */
    Map<String, InterruptLine> lines();

    /** {@return the PCI address, or empty on the system bus} */
    Optional<Bdf> pciAddress();

    /**
     * Checks that a successor fits the place of its predecessor.
     *
     * @throws ModelFailure if it does not; the message names the difference
     */
    void check(Blueprint next) throws ModelFailure;

    /** Realizes a model, with the context that it needs here; called on a thread for bundles' code. */
    void realize(DeviceModel model, SlotDeviceContext context) throws RealizeException;

    /**
     * Shows the device to the board for the first time; the gate is parked.
     *
     * @throws ModelFailure if the place is taken
     */
    void connect() throws ModelFailure;

    /** Puts a checked successor's parts in; the gate is parked and the board has drained. */
    void serve(Blueprint next);

    /** Forgets what a model was given that was realized beside the one that serves, and that will not serve. */
    default void dismiss() {}

    /** Forgets the model's parts, so that nothing of its bundle stays reachable; the gate is not open. */
    void vacate();

    /** Resets what the engine keeps for the device: configuration space. */
    void reset(ResetKind kind);

    /**
     * Does what else a model does in a reset, for a device whose model is away; called on a thread for bundles' code.
     *
     * @throws HostException if what the slot keeps of the host cannot be reset
     */
    void resetUnserved() throws HostException;

    /** Takes the device off the board. */
    void remove();
}
