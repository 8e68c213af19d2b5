package dev.backplane.core.pci;

import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;

/** The Enhanced Configuration Access Mechanism (PCIe 7.2.2): an offset is bus, device, function and register. */
final class EcamWindow implements MmioHandler {
    private static final int BUS_SHIFT = 20;
    private static final int DEVFN_SHIFT = 12;
    private static final int REGISTER = 0xFFF;

    private final PciSegment segment;

    private EcamWindow(PciSegment segment) {
        this.segment = segment;
    }

    static MmioRegion region(PciSegment segment, int buses) {
        return new MmioRegion("ecam", (long) buses << BUS_SHIFT, 1, 4, true, new EcamWindow(segment));
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        context.data(segment.configRead(requesterId(offset), (int) offset & REGISTER, size) & 0xFFFF_FFFFL);
        return Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        segment.configWrite(context, requesterId(offset), (int) offset & REGISTER, size, (int) value);
        return Done.DONE;
    }

    private static int requesterId(long offset) {
        return (int) (offset >>> DEVFN_SHIFT);
    }
}
