package dev.backplane.gicv2m.fake;

import dev.backplane.device.PlatformDevice;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionResult;

/** Accesses a region as the engine would: only sizes that the region declares. */
public final class Bus {
    private final MmioRegion region;
    private final TransactionAttributes attributes;

    public Bus(PlatformDevice device, String name) {
        region = device.describe().regions().stream()
                .filter(candidate -> candidate.name().equals(name))
                .findFirst()
                .orElseThrow();
        attributes = TransactionAttributes.NONE;
    }

    private Bus(MmioRegion region, TransactionAttributes attributes) {
        this.region = region;
        this.attributes = attributes;
    }

    /** {@return the same region, as a processor reaches it} */
    public Bus as(int processor) {
        return new Bus(region, attributes.withProcessor(processor));
    }

    public long read(long offset, int size) {
        check(size);
        var context = new FakeContext();
        TransactionResult result = region.handler().read(context, attributes, offset, size);
        if (!result.isDone()) {
            throw new IllegalStateException("read at 0x%x: %s".formatted(offset, result));
        }
        return context.data();
    }

    public TransactionResult tryRead(long offset, int size) {
        check(size);
        return region.handler().read(new FakeContext(), attributes, offset, size);
    }

    public TransactionResult write(long offset, int size, long value) {
        check(size);
        return region.handler().write(new FakeContext(), attributes, offset, size, value);
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
