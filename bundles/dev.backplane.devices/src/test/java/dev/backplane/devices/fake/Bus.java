package dev.backplane.devices.fake;

import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.pci.PciDevice;

/** Accesses BAR0 of a device as the engine would: only sizes that the region declares. */
public final class Bus {
    private final MmioRegion region;

    public Bus(PciDevice device) {
        region = device.describe().bars().getFirst().region();
    }

    public long read(long offset, int size) {
        check(size);
        var context = new FakeContext();
        region.handler().read(context, TransactionAttributes.NONE, offset, size);
        return context.data();
    }

    public void write(long offset, int size, long value) {
        check(size);
        region.handler().write(new FakeContext(), TransactionAttributes.NONE, offset, size, value);
    }

    public long readl(long offset) {
        return read(offset, 4);
    }

    public void writel(long offset, long value) {
        write(offset, 4, value & 0xFFFF_FFFFL);
    }

    private void check(int size) {
        if (size < region.minAccess() || size > region.maxAccess()) {
            throw new IllegalArgumentException("the engine lets no access of %d bytes through".formatted(size));
        }
    }
}
