package dev.backplane.gicv3.gic;

import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import java.util.List;

/**
 * What a GICv3 is built with.
 *
 * @param processors number of processors, 1 to 512
 * @param interrupts number of INTIDs below the LPIs: 32 private ones and the SPIs; 64 to 992, multiple of 32
 * @param lpis whether the redistributors take LPIs
 * @param firstRegion how many redistributors the first region holds
 */
public record GicConfig(int processors, int interrupts, boolean lpis, int firstRegion) {
    private static final int MAX_PROCESSORS = 512;
    /** A target list of ICC_SGI1R_EL1 names 16 processors, so software expects at most 16 in a cluster. */
    private static final int CLUSTER = 16;

    /** Properties of the device type. */
    public static final List<PropertyDescriptor> PROPERTIES = List.of(
            PropertyDescriptor.of("num-cpu", PropertyType.UINT32, 1L, "number of processors, 1 to 512"),
            PropertyDescriptor.of(
                    "num-irq", PropertyType.UINT32, 288L, "32 private interrupts + SPIs, a multiple of 32, 64 to 992"),
            PropertyDescriptor.of("has-lpi", PropertyType.BOOL, true, "whether redistributors take LPIs from an ITS"),
            PropertyDescriptor.of(
                    "redist-region-count",
                    PropertyType.UINT32,
                    123L,
                    "redistributors in region gicr, 1 or more; the others are in region gicr1"));

    /**
     * {@return the configuration that properties give}
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public static GicConfig of(DeviceProperties properties) {
        int processors = number(properties, "num-cpu", 1, MAX_PROCESSORS, 1);
        return new GicConfig(
                processors,
                number(properties, "num-irq", 64, 992, 32),
                properties.bool("has-lpi"),
                Math.min(processors, number(properties, "redist-region-count", 1, Integer.MAX_VALUE, 1)));
    }

    private static int number(DeviceProperties properties, String name, int min, int max, int step) {
        long value = properties.number(name);
        if (value < min || value > max || value % step != 0) {
            throw new IllegalArgumentException("arm-gicv3: property %s: %d does not fit: expected %d to %d%s"
                    .formatted(name, value, min, max, step == 1 ? "" : ", a multiple of " + step));
        }
        return (int) value;
    }

    /** {@return the affinity Aff3.Aff2.Aff1.Aff0 of a processor} */
    int affinity(int processor) {
        return processor / CLUSTER << 8 | processor % CLUSTER;
    }

    /** {@return the processor that has an affinity, or -1} */
    int processorAt(int affinity) {
        int processor = (affinity >>> 8 & 0xFF) * CLUSTER + (affinity & 0xFF);
        return (affinity & 0xFF) < CLUSTER && affinity >>> 16 == 0 && processor < processors ? processor : -1;
    }

    /** {@return number of bits of an INTID, as GICD_TYPER.IDbits + 1 gives it} */
    int intidBits() {
        return lpis ? 16 : 10;
    }
}
