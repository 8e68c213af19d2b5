package dev.backplane.itest;

/** A driver of a GICv2's distributor and first CPU interface. */
final class GicV2Driver implements Gic {
    private static final long GICD = 0x0800_0000L;
    private static final long GICC = 0x0801_0000L;
    private static final int SPURIOUS = 1023;

    private final Machine machine;

    /** Enables distributor and CPU interface. */
    GicV2Driver(Machine machine) {
        this.machine = machine;
        machine.write(GICD, 4, 1);
        machine.write(GICC + 4, 4, 0xFF);
        machine.write(GICC, 4, 1);
    }

    /** Enables a shared peripheral interrupt, edge-triggered, to the first CPU. */
    void enableEdge(int intid) {
        long configuration = GICD + 0xC00 + intid / 16 * 4;
        machine.write(configuration, 4, machine.read(configuration, 4) | 2L << intid % 16 * 2);
        machine.write(GICD + 0x400 + intid, 1, 0x80);
        machine.write(GICD + 0x800 + intid, 1, 1);
        machine.write(GICD + 0x100 + intid / 32 * 4, 4, 1L << intid % 32);
    }

    @Override
    public int take() {
        int intid = (int) machine.read(GICC + 0xC, 4) & 0x3FF;
        if (intid == SPURIOUS) {
            return -1;
        }
        machine.write(GICC + 0x10, 4, intid);
        return intid;
    }
}
