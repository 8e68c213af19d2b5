package dev.backplane.vm.load;

import dev.backplane.vm.capture.Capture;

/** Enables the distributor and the redistributors of a GICv3 as a driver does (IHI 0069, chapters 8 and 12). */
final class GicProgrammer {
    private static final int GICD_CTLR = 0x0;
    private static final long GICD_CTLR_RWP = 1L << 31;
    private static final int GICR_CTLR = 0x0;
    private static final int GICR_WAKER = 0x14;
    private static final int GICR_PROPBASER = 0x70;
    private static final int GICR_PENDBASER = 0x78;
    private static final long ENABLE_LPIS = 1;
    private static final long PROCESSOR_SLEEP = 1 << 1;
    private static final long CHILDREN_ASLEEP = 1 << 2;

    private final GuestBus bus;

    GicProgrammer(GuestBus bus) {
        this.bus = bus;
    }

    void program(Capture.GicImage gic) {
        long distributor = gic.distributor().base();
        bus.write(distributor + GICD_CTLR, 4, gic.distributor().register("GICD_CTLR") & ~GICD_CTLR_RWP & 0xFFFF_FFFFL);
        bus.poll(distributor + GICD_CTLR, 4, GICD_CTLR_RWP, 0, "GICD_CTLR.RWP");
        for (Capture.Block redistributor : gic.redistributors()) {
            long base = redistributor.base();
            bus.write(base + GICR_WAKER, 4, bus.read(base + GICR_WAKER, 4) & ~PROCESSOR_SLEEP);
            bus.poll(base + GICR_WAKER, 4, CHILDREN_ASLEEP, 0, "GICR_WAKER.ChildrenAsleep");
            bus.write(base + GICR_PROPBASER, 8, redistributor.register("GICR_PROPBASER"));
            bus.write(base + GICR_PENDBASER, 8, redistributor.register("GICR_PENDBASER"));
            bus.write(base + GICR_CTLR, 4, redistributor.register("GICR_CTLR") & ENABLE_LPIS);
        }
    }
}
