package dev.backplane.shell;

import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.CpuInterface;
import dev.backplane.irq.InterruptInspection;
import dev.backplane.irq.MsiInspection;
import dev.backplane.memory.TransactionContext;
import java.util.List;
import java.util.OptionalInt;

/** A GIC of two processors with one LPI pending. */
final class FakeGic implements InterruptInspection, CpuInterface, MsiInspection {
    private static final int LPI = 8192;

    @Override
    public List<PendingInterrupt> pending() {
        return List.of(new PendingInterrupt(1, LPI, 0xA0, true, false, 1));
    }

    @Override
    public InspectNode interrupt(int processor, int intid) {
        return InspectNode.number("INTID", intid);
    }

    @Override
    public InspectNode processorsState() {
        return InspectNode.group("CPUs", List.of());
    }

    @Override
    public int processors() {
        return 2;
    }

    @Override
    public int highestPending(TransactionContext context, int processor, int group) {
        return LPI;
    }

    @Override
    public int acknowledge(TransactionContext context, int processor, int group) {
        return processor == 1 ? LPI : SPURIOUS;
    }

    @Override
    public void endOfInterrupt(TransactionContext context, int processor, int group, int intid) {}

    @Override
    public void deactivate(TransactionContext context, int processor, int intid) {}

    @Override
    public void setPriorityMask(TransactionContext context, int processor, int mask) {}

    @Override
    public void setGroupEnable(TransactionContext context, int processor, int group, boolean enabled) {}

    @Override
    public void sendSgi(TransactionContext context, int source, long[] targets, int group, int intid) {}

    @Override
    public Route route(int deviceId, int eventId) {
        boolean mapped = deviceId == 8 && eventId == 0;
        return new Route(mapped ? OptionalInt.of(LPI) : OptionalInt.empty(), mapped ? OptionalInt.of(1)
                : OptionalInt.empty(),
                InspectNode.hex("DeviceID", deviceId));
    }

    @Override
    public InspectNode devices() {
        return InspectNode.group("devices", List.of());
    }

    @Override
    public InspectNode commands() {
        return InspectNode.group("commands", List.of());
    }

    @Override
    public InspectNode errors() {
        return InspectNode.group("errors", List.of());
    }
}
