package dev.backplane.vfio;

import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.util.function.Supplier;

/** Passes accesses to a BAR on to the region of the host device. */
record HostRegister(Supplier<HostPciDevice> device, int region, Runnable touched) implements MmioHandler {

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        context.data(device.get().read(region, offset, size));
        touched.run();
        return TransactionResult.Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        device.get().write(region, offset, size, value);
        touched.run();
        return TransactionResult.Done.DONE;
    }
}
