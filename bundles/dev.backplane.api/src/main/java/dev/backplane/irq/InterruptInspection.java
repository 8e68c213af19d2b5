package dev.backplane.irq;

import dev.backplane.inspect.InspectNode;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** Capability of an interrupt controller: what it shows of its interrupts. Reads have no side effects. */
@ConsumerType
public interface InterruptInspection {

    /**
     * A pending interrupt.
     *
     * @param processor processor number it is pending at, -1 for an SPI
     * @param intid INTID
     * @param priority priority, 0 (highest) to 255
     * @param enabled whether it is enabled
     * @param active whether it is active too
     * @param group interrupt group, 0 or 1
     */
    record PendingInterrupt(int processor, int intid, int priority, boolean enabled, boolean active, int group) {}

    /** {@return all pending interrupts, LPIs included, by processor and INTID} */
    List<PendingInterrupt> pending();

    /**
     * {@return every fact about one interrupt}
     *
     * @param processor processor number, for banked interrupts and LPIs
     * @param intid INTID
     */
    InspectNode interrupt(int processor, int intid);

    /** {@return the CPU interfaces and redistributors: enables, priorities, LPI tables} */
    InspectNode processorsState();
}
