package dev.backplane.vfio;

import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.device.Leases;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.AssignedDeviceContext;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.hostpci.HostPciDevice.IrqIndex;
import dev.backplane.irq.EventFd;
import dev.backplane.pci.PciFunctionDescription;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Which interrupts of the host device fire what. The pin is enabled while software has enabled neither MSI nor MSI-X,
 * whether or not it uses a vector (PCIe 6.1.4). Vectors are connected one by one as software uses them; one that it
 * masks fires nothing, so that the device keeps its messages as pending. All that stays so while the model changes
 * hands, for what vectors fire belongs to the board. Thread-safe.
 */
final class HostInterrupts {
    private static final String RESAMPLE_LEASE = "resample";

    private final HostPciDevice device;
    private final AssignedDeviceContext context;
    private final boolean hasPin;
    /** What the pin fires and what ends it in the accelerator; or null where the model has to do it. */
    private final EventFd pinTrigger;

    private final EventFd resample;
    // Guarded by this.
    private final BitSet msiUsed = new BitSet();
    private final BitSet msixUsed = new BitSet();
    private boolean msiEnabled;
    private boolean msixEnabled;
    private volatile PinRelay relay;
    private boolean running;
    private String failure = "";

    HostInterrupts(
            HostPciDevice device, AssignedDeviceContext context, Leases leases, PciFunctionDescription description) {
        this.device = device;
        this.context = context;
        hasPin = description.interruptPin() != 0 && device.interrupts(IrqIndex.INTX) != 0;
        resample = hasPin ? resample(leases) : null;
        pinTrigger = resample == null ? null : context.pinTrigger(resample).orElse(null);
    }

    private EventFd resample(Leases leases) {
        Optional<EventFd> adopted = leases.find(RESAMPLE_LEASE, EventFd.class);
        if (adopted.isPresent()) {
            return adopted.get();
        }
        return context.platform(VirtualMachine.class)
                .map(machine -> leases.hold(RESAMPLE_LEASE, machine.eventFd()))
                .orElse(null);
    }

    private static IrqIndex index(boolean msix) {
        return msix ? IrqIndex.MSIX : IrqIndex.MSI;
    }

    private BitSet bits(boolean msix) {
        return msix ? msixUsed : msiUsed;
    }

    private boolean usesPin() {
        return !msiEnabled && !msixEnabled;
    }

    /** Software has enabled MSI or MSI-X with that many vectors, or disabled it. What is so already stays as it is. */
    synchronized void enable(boolean msix, int vectors) {
        boolean enabled = vectors != 0;
        if (isEnabled(msix) == enabled) {
            return;
        }
        if (usesPin()) {
            disablePin();
        }
        setEnabled(msix, enabled);
        if (enabled) {
            // Triggers of nothing enable a kind. The host allots the vectors of MSI at once, of MSI-X as they come.
            int first = msix ? 1 : vectors;
            attempt(() -> device.setTriggers(index(msix), 0, Collections.nCopies(first, null)));
        } else {
            bits(msix).clear();
            attempt(() -> device.disable(index(msix)));
        }
        if (running && usesPin()) {
            enablePin();
        }
    }

    private void setEnabled(boolean msix, boolean enabled) {
        if (msix) {
            msixEnabled = enabled;
        } else {
            msiEnabled = enabled;
        }
    }

    synchronized void use(int vector, boolean msix, EventFd trigger) {
        bits(msix).set(vector);
        attempt(() -> device.setTriggers(index(msix), vector, List.of(trigger)));
    }

    synchronized void release(int vector, boolean msix) {
        if (!bits(msix).get(vector)) {
            return;
        }
        bits(msix).clear(vector);
        attempt(() -> device.setTriggers(index(msix), vector, Collections.singletonList(null)));
    }

    private void enablePin() {
        if (!hasPin) {
            return;
        }
        if (pinTrigger != null) {
            resample.onSignal(() -> device.maskPin(false));
            attempt(() -> device.setTriggers(IrqIndex.INTX, 0, List.of(pinTrigger)));
        } else {
            var made = new PinRelay(device, context.intx());
            relay = made;
            attempt(() -> device.setTriggers(IrqIndex.INTX, 0, List.of(made)));
        }
    }

    private void disablePin() {
        if (!hasPin || !running) {
            return;
        }
        attempt(() -> device.disable(IrqIndex.INTX));
        if (relay != null) {
            relay.close();
            relay = null;
        }
    }

    /** Software accessed registers of the device, which is how it ends an interrupt of the pin. */
    void registersTouched() {
        PinRelay now = relay;
        if (now != null) {
            now.ended();
        }
    }

    /** Lets go of what belongs to this model; the pin's level stays in the device. */
    synchronized void quiesce() {
        if (!running) {
            return;
        }
        if (usesPin()) {
            disablePin();
        }
        if (resample != null) {
            resample.onSignal(null);
        }
        running = false;
    }

    synchronized void resume() {
        if (running) {
            return;
        }
        running = true;
        if (usesPin()) {
            enablePin();
        }
    }

    /** {@return whether software has enabled MSI-X, or MSI} */
    synchronized boolean isEnabled(boolean msix) {
        return msix ? msixEnabled : msiEnabled;
    }

    /** {@return the vectors that are connected} */
    synchronized int[] used(boolean msix) {
        return bits(msix).stream().toArray();
    }

    /** Takes over what a predecessor has enabled, and the vectors that it has connected. */
    synchronized void adopt(boolean msix, boolean enabled, int[] vectors) {
        setEnabled(msix, enabled);
        for (int vector : vectors) {
            bits(msix).set(vector);
        }
    }

    synchronized int vectorsInUse() {
        return msiUsed.cardinality() + msixUsed.cardinality();
    }

    synchronized String describe() {
        if (!failure.isEmpty()) {
            return failure;
        }
        return msixEnabled ? "MSI-X" : msiEnabled ? "MSI" : !hasPin ? "none"
                : pinTrigger != null ? "INTx, resampled" : "INTx, relayed";
    }

    private void attempt(HostAction action) {
        try {
            action.run();
            failure = "";
        } catch (HostException e) {
            failure = e.getMessage();
            context.log().hostError("interrupts of host device %s: %s".formatted(device.address(), e.getMessage()));
        }
    }

    @FunctionalInterface
    private interface HostAction {
        void run() throws HostException;
    }
}
