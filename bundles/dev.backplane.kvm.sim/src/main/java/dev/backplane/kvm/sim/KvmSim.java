package dev.backplane.kvm.sim;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.accelerator.Irqchip;
import dev.backplane.accelerator.VirtualMachine;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** The accelerator {@code kvm} without a kernel: it injects into the interrupt controllers that the board models. */
@Component(service = Accelerator.class, property = Accelerator.NAME + "=" + KvmSim.KVM)
public final class KvmSim implements Accelerator {
    static final String KVM = "kvm";

    /** Makes the accelerator. */
    @Activate
    public KvmSim() {
        // nothing to start
    }

    @Override
    public String name() {
        return KVM;
    }

    @Override
    public VirtualMachine createVm(String board, Irqchip irqchip) {
        return new SimVm(board, irqchip);
    }
}
