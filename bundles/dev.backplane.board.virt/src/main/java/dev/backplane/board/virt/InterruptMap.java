package dev.backplane.board.virt;

import dev.backplane.board.Placement;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Numbers of shared peripheral interrupts, from 0; INTIDs are 32 more. */
final class InterruptMap {
    /** INTID of SPI 0 (IHI 0069, section 2.2). */
    static final int FIRST_SPI_INTID = 32;

    /** INTIDs of the interrupt controller: 32 private ones and 256 SPIs. */
    static final int INTIDS = 288;

    /** INTA; INTB to INTD follow. */
    static final int PCIE = 3;

    /** SPIs of the GICv2m frame: 48 to 111. */
    static final int V2M = 48;

    /** Number of SPIs of the GICv2m frame. */
    static final int V2M_COUNT = 64;

    /** The machine's own SMMUv3: event queue, PRI queue, CMD_SYNC, global errors. */
    static final int SMMU = 74;

    /** First SPI of the platform bus. */
    static final int PLATFORM_BUS = 112;

    /** Number of SPIs of the platform bus. */
    static final int PLATFORM_BUS_COUNT = 64;

    /** First SPI that no device of the machine has; GICv2m frames that users add take theirs from here on. */
    static final int FREE = PLATFORM_BUS + PLATFORM_BUS_COUNT;

    /** Lines of an SMMUv3, in the order of their SPIs. */
    static final List<String> SMMU_LINES = List.of("eventq", "priq", "cmdq-sync", "gerror");

    private InterruptMap() {}

    /** {@return the wires of a GICv2m frame} */
    static Map<String, Placement.Wire> frameWires(int firstIntid, int count) {
        List<String> lines =
                IntStream.range(0, count).mapToObj(number -> "spi" + number).toList();
        return Placement.wires(Layouter.GIC, firstIntid, lines);
    }

    /** {@return the INTID of an SPI} */
    static int intid(int spi) {
        return FIRST_SPI_INTID + spi;
    }
}
