package dev.backplane.core.msi;

import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.core.pci.PciFunction;
import dev.backplane.irq.EventFd;
import dev.backplane.memory.Epochs;
import java.util.Optional;

/**
 * The ways that messages of a board's functions take beside writes of the functions themselves. Begins without an
 * accelerator; the board names it before a device is realized. Thread-safe.
 */
public final class Messages {
    private final Epochs epochs;
    private volatile VirtualMachine vm;
    private volatile MsiRouter router;

    /** Makes one without an accelerator. */
    public Messages(Epochs epochs) {
        this.epochs = epochs;
    }

    /** Names the board's virtual machine. */
    public void through(VirtualMachine machine) {
        vm = machine;
        router = machine.irqchipInKernel() ? new MsiRouter(machine) : null;
    }

    /** {@return the routes, or empty when the interrupt controllers are not in the kernel} */
    public Optional<MsiRouter> router() {
        return Optional.ofNullable(router);
    }

    /** Follows all vectors of a host device's function, unless that is done. */
    public void follow(PciFunction function) {
        vectors(function, true);
    }

    /** {@return the event that sends a vector of an emulated function through the accelerator, if it can} */
    public Optional<EventFd> irqfd(PciFunction function, int vector) {
        return router == null ? Optional.empty() : vectors(function, false).event(vector);
    }

    /** {@return the event that asserts a function's pin until the guest ended the interrupt, if the accelerator can} */
    public Optional<EventFd> pin(PciFunction function, EventFd resample) {
        return vectors(function, true).pin(resample);
    }

    private synchronized FunctionVectors vectors(PciFunction function, boolean assigned) {
        if (function.follower() instanceof FunctionVectors known) {
            return known;
        }
        var made = new FunctionVectors(function, epochs, router, vm, assigned);
        function.follow(made);
        return made;
    }
}
