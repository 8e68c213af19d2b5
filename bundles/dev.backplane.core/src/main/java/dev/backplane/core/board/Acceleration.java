package dev.backplane.core.board;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.accelerator.Irqchip;
import dev.backplane.accelerator.MsiRoutes;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.board.Cause;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.core.msi.Messages;
import dev.backplane.core.slot.PlatformServices;
import dev.backplane.hostiommu.HostException;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * A board's virtual machine: made when the accelerator that the machine names is there, gone with the board. Made on the
 * board's executor, read by everybody. It is also what the platform offers to devices, with the virtual machine.
 */
final class Acceleration implements PlatformServices, AutoCloseable {
    private final String board;
    private final Surroundings surroundings;
    private final Messages messages;
    private volatile AcceleratorChoice choice = AcceleratorChoice.NONE;
    private volatile VirtualMachine vm;
    private volatile String trouble = "";
    private Runnable release = () -> {};

    Acceleration(String board, Surroundings surroundings, Messages messages) {
        this.board = board;
        this.surroundings = surroundings;
        this.messages = messages;
    }

    /** Where software ends interrupts. */
    interface Ends {
        /** Names who is told. */
        void onEnded(IntConsumer listener);
    }

    /**
     * Makes the virtual machine, unless it is there or none is wanted.
     *
     * @param irqchip makes what the machine injects into, if it is to have an in-kernel irqchip
     * @return whether the machine has what runs its guest
     */
    boolean begin(AcceleratorChoice wanted, Supplier<Irqchip> irqchip, Ends ends) {
        choice = wanted;
        if (wanted.name().isEmpty() || vm != null) {
            return true;
        }
        Optional<Lease<Accelerator>> found = surroundings.accelerator(wanted.name());
        if (found.isEmpty()) {
            return false;
        }
        try {
            VirtualMachine made =
                    found.get().service().createVm(board, wanted.irqchipInKernel() ? irqchip.get() : null);
            ends.onEnded(made::ended);
            messages.through(made);
            release = found.get().release();
            vm = made;
            trouble = "";
            return true;
        } catch (HostException refused) {
            found.get().release().run();
            trouble = "accelerator %s: %s".formatted(wanted.name(), refused.getMessage());
            return false;
        }
    }

    /** {@return why there is no virtual machine although one is wanted; empty when all is well} */
    List<Cause> why() {
        String name = choice.name();
        if (name.isEmpty() || vm != null) {
            return List.of();
        }
        return List.of(trouble.isEmpty()
                ? new Cause(board, "no bundle offers accelerator " + name, surroundings.advice(Accelerator.NAME, name))
                : new Cause(board, trouble, "make the board with another accel"));
    }

    Optional<VirtualMachine> virtualMachine() {
        return Optional.ofNullable(vm);
    }

    @Override
    public <T> Optional<Lease<T>> find(Class<T> contract) {
        if (contract == VirtualMachine.class) {
            return offer(contract, vm);
        }
        if (contract == MsiRoutes.class) {
            return offer(contract, messages.router().orElse(null));
        }
        return surroundings.platform().find(contract);
    }

    private static <T> Optional<Lease<T>> offer(Class<T> contract, Object own) {
        return own == null ? Optional.empty() : Optional.of(new Lease<>(contract.cast(own), () -> {}));
    }

    @Override
    public void close() {
        VirtualMachine gone = vm;
        if (gone != null) {
            gone.close();
            release.run();
        }
    }
}
