package dev.backplane.gicv3.its;

import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.MsiInspection.Route;
import dev.backplane.memory.TransactionContext;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Explains what the tables say. Thread-safe, without side effects. */
final class ItsInspection {
    /** Entries that a listing reads: enough for every real guest; forged tables must not make it endless. */
    private static final int MAX_ENTRIES = 1 << 20;

    private final ItsTables tables;

    ItsInspection(ItsTables tables) {
        this.tables = tables;
    }

    /** {@return how a message would be routed if the ITS is enabled} */
    Route route(TransactionContext context, boolean enabled, int deviceId, int eventId) {
        var steps = new ArrayList<InspectNode>();
        if (!enabled) {
            return dropped(steps, DropReason.ITS_DISABLED);
        }
        long device = tables.device(context, Integer.toUnsignedLong(deviceId));
        if (!ItsTables.isEntry(device)) {
            return dropped(steps, device == ItsTables.OUT_OF_RANGE
                    ? DropReason.DEVICE_OUT_OF_RANGE
                    : device == ItsTables.FAULT ? DropReason.TABLE_FAULT : DropReason.DEVICE_UNMAPPED);
        }
        steps.add(describeDevice(deviceId, device));
        if (!Entry.covers(device, Integer.toUnsignedLong(eventId))) {
            return dropped(steps, DropReason.EVENT_OUT_OF_RANGE);
        }
        long interrupt = tables.interrupt(context, device, Integer.toUnsignedLong(eventId));
        if (!ItsTables.isEntry(interrupt)) {
            return dropped(
                    steps, interrupt == ItsTables.FAULT ? DropReason.TABLE_FAULT : DropReason.EVENT_UNMAPPED);
        }
        steps.add(describeEvent(eventId, interrupt));
        long collection = tables.collection(context, Entry.ICID.getInt(interrupt));
        if (!ItsTables.isEntry(collection)) {
            return dropped(
                    steps, collection == ItsTables.FAULT ? DropReason.TABLE_FAULT : DropReason.COLLECTION_UNMAPPED);
        }
        int processor = Entry.PROCESSOR.getInt(collection);
        steps.add(InspectNode.hex("collection table entry", collection).withNote("processor " + processor));
        return new Route(
                OptionalInt.of((int) Entry.INTID.get(interrupt)),
                OptionalInt.of(processor),
                InspectNode.group("route", steps));
    }

    private static Route dropped(ArrayList<InspectNode> steps, DropReason reason) {
        steps.add(InspectNode.text("dropped", reason.name()).withNote(reason.text()));
        return new Route(OptionalInt.empty(), OptionalInt.empty(), InspectNode.group("route", steps));
    }

    private static InspectNode describeDevice(int deviceId, long device) {
        return InspectNode.hex("device table entry", device).withNote("DeviceID 0x%x: ITT at 0x%x, %d EventID bits"
                .formatted(deviceId, Entry.ITT_ADDRESS.inPlace(device), Entry.ITT_SIZE.getInt(device) + 1));
    }

    private static InspectNode describeEvent(int eventId, long interrupt) {
        return InspectNode.hex("interrupt translation entry", interrupt).withNote("EventID 0x%x: INTID %d, ICID %d"
                .formatted(eventId, Entry.INTID.get(interrupt), Entry.ICID.getInt(interrupt)));
    }

    /** {@return the mapped devices with their mapped events} */
    InspectNode devices(TransactionContext context) {
        var devices = new ArrayList<InspectNode>();
        long count = Math.min(1 << ItsRegisters.ID_BITS, tables.devices().capacity());
        int budget = MAX_ENTRIES;
        for (int deviceId = 0; deviceId < count && budget > 0; deviceId++) {
            long device = tables.device(context, deviceId);
            if (!ItsTables.isEntry(device)) {
                continue;
            }
            int size = 1 << Math.min(ItsRegisters.ID_BITS, Entry.ITT_SIZE.getInt(device) + 1);
            List<InspectNode> events = events(context, device, Math.min(size, budget));
            budget -= size;
            devices.add(new InspectNode(
                    "DeviceID",
                    "0x%x".formatted(deviceId),
                    "ITT at 0x%x, %d EventID bits"
                            .formatted(Entry.ITT_ADDRESS.inPlace(device), Entry.ITT_SIZE.getInt(device) + 1),
                    events));
        }
        if (budget <= 0) {
            devices.add(InspectNode.text("listing", "cut")
                    .withNote("%d entries of tables read".formatted(MAX_ENTRIES)));
        }
        return InspectNode.group("devices", devices);
    }

    private List<InspectNode> events(TransactionContext context, long device, int count) {
        var events = new ArrayList<InspectNode>();
        for (int eventId = 0; eventId < count; eventId++) {
            long interrupt = tables.interrupt(context, device, eventId);
            if (interrupt == ItsTables.FAULT) {
                break;
            }
            if (interrupt != ItsTables.INVALID) {
                long collection = tables.collection(context, Entry.ICID.getInt(interrupt));
                boolean mapped = ItsTables.isEntry(collection);
                events.add(new InspectNode("EventID", "0x%x".formatted(eventId), "", List.of(
                        InspectNode.number("INTID", Entry.INTID.get(interrupt)),
                        InspectNode.number("ICID", Entry.ICID.get(interrupt)),
                        InspectNode.text(
                                "processor", mapped ? Long.toString(Entry.PROCESSOR.get(collection)) : "none"))));
            }
        }
        return events;
    }
}
