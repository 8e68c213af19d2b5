package dev.backplane.core.msi;

import dev.backplane.accelerator.Irqchip;
import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionResult;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongPredicate;
import java.util.function.Supplier;

/**
 * The board's interrupt controllers as a virtual machine injects into them: a message is a write of the initiator
 * {@code kvm} with the device's DeviceID to the doorbell on the system bus, an SPI a line of its own. Thread-safe.
 */
public final class BoardIrqchip implements Irqchip {
    /** Name of the initiator of the writes. */
    public static final String INITIATOR = "kvm";

    private static final int REQUESTERS = 0x1_0000;

    private final SystemBus bus;
    private final LongPredicate doorbells;
    private final Supplier<InterruptHub> hub;
    private final AtomicReferenceArray<DmaPort> ports = new AtomicReferenceArray<>(REQUESTERS);
    private final ConcurrentMap<Integer, InterruptLine> lines = new ConcurrentHashMap<>();

    /**
     * Makes one.
     *
     * @param doorbells whether an MSI controller of the board has its doorbell at an address
     * @param hub inputs of the controller that takes SPIs
     */
    public BoardIrqchip(SystemBus bus, LongPredicate doorbells, Supplier<InterruptHub> hub) {
        this.bus = bus;
        this.doorbells = doorbells;
        this.hub = hub;
    }

    @Override
    public boolean deliverMsi(long address, int data, int deviceId) {
        if (!doorbells.test(address) || deviceId < 0 || deviceId >= REQUESTERS) {
            return false;
        }
        return switch (port(deviceId).write(bus.epochs().context(), address, 4, data & 0xFFFF_FFFFL)) {
            case TransactionResult.Fault _ -> false;
            // A parked controller takes it when it is back.
            case TransactionResult.Pending _ -> true;
            case TransactionResult.Done _ -> true;
        };
    }

    private DmaPort port(int deviceId) {
        DmaPort known = ports.get(deviceId);
        if (known != null) {
            return known;
        }
        DmaPort made = bus.port(INITIATOR, null, TransactionAttributes.ofRequester(deviceId));
        return ports.compareAndSet(deviceId, null, made) ? made : ports.get(deviceId);
    }

    @Override
    public void setSpi(int intid, boolean asserted) {
        InterruptLine line = lines.get(intid);
        if (line == null) {
            line = lines.computeIfAbsent(intid, number -> hub.get().line(null, number));
        }
        line.set(asserted);
    }
}
