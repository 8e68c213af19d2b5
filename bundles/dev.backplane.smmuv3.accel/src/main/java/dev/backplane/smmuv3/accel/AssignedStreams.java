package dev.backplane.smmuv3.accel;

import dev.backplane.device.RestoreException;
import dev.backplane.hostiommu.HostObject;
import dev.backplane.inspect.InspectNode;
import dev.backplane.smmuv3.accel.AssignedStream.Table;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Assigned streams as saved state and as people see them. */
final class AssignedStreams {
    private static final String HOST = "host";
    private static final String STREAM = "stream";
    private static final String TABLE = "table";
    private static final String LEASE = "lease";
    private static final String REASON = "reason";
    private static final String STE0 = "ste0";
    private static final String STE1 = "ste1";

    /**
     * A stream as its predecessor left it.
     *
     * @param streamId StreamID, -1 when its bus had no number
     * @param table what it is attached to
     * @param lease lease of its nested table, else {@code ""}
     * @param ste0 of a nested table
     * @param ste1 of a nested table
     * @param reason why it is attached so
     */
    record Saved(int streamId, Table table, String lease, long ste0, long ste1, String reason) {
        boolean translates() {
            return table == Table.NESTED;
        }

        boolean usesAts() {
            return translates() && Ste.EATS.bits().isSet(ste1);
        }
    }

    private AssignedStreams() {}

    static Map<String, Object> save(AssignedStream stream) {
        var state = new LinkedHashMap<String, Object>();
        state.put(HOST, stream.hostName());
        state.put(STREAM, stream.streamId);
        state.put(TABLE, stream.table.name());
        state.put(LEASE, stream.lease);
        state.put(STE0, stream.ste0);
        state.put(STE1, stream.ste1);
        state.put(REASON, stream.reason);
        return state;
    }

    /**
     * {@return streams by host device}
     *
     * @throws RestoreException if one is not described as {@link #save} does
     */
    static Map<String, Saved> read(List<?> states) throws RestoreException {
        var streams = new HashMap<String, Saved>();
        for (Object state : states) {
            try {
                Map<?, ?> fields = (Map<?, ?>) state;
                streams.put((String) fields.get(HOST), new Saved(
                        ((Number) fields.get(STREAM)).intValue(),
                        Table.valueOf((String) fields.get(TABLE)),
                        (String) fields.get(LEASE),
                        ((Number) fields.get(STE0)).longValue(),
                        ((Number) fields.get(STE1)).longValue(),
                        (String) fields.get(REASON)));
            } catch (ClassCastException | NullPointerException | IllegalArgumentException e) {
                throw new RestoreException("saved stream %s: expected host, stream, table, lease, ste0, ste1 and reason"
                        .formatted(state));
            }
        }
        return streams;
    }

    static InspectNode inspect(HostSlice slice) {
        if (slice == null) {
            return InspectNode.text("vIOMMU", "none").withNote("no device is assigned");
        }
        return new InspectNode("vIOMMU", "id " + slice.viommu().id(), "", List.of(
                InspectNode.text("abort table", "id " + slice.abort().id()),
                InspectNode.text("bypass table", "id " + slice.bypass().id()),
                InspectNode.text("event queue", "id " + slice.events().id())));
    }

    static InspectNode inspect(AssignedStream stream, HostObjects objects, HostSlice slice) {
        var nodes = new ArrayList<InspectNode>();
        nodes.add(InspectNode.text("function", stream.function.address().toString()));
        nodes.add(InspectNode.text("host device", stream.hostName()));
        nodes.add(InspectNode.text("attached to", stream.table.name().toLowerCase(Locale.ROOT))
                .withNote(stream.reason));
        nodes.add(InspectNode.text("table", table(stream, objects, slice)));
        nodes.add(InspectNode.text("vDEVICE", id(AssignedStream.vdeviceLease(stream.streamId), objects)));
        if (stream.translates()) {
            nodes.add(InspectNode.text("STE", "0x%016x 0x%016x".formatted(stream.ste0, stream.ste1))
                    .withNote("as the host has it of the guest"));
        }
        for (int i = 0; i < stream.info.idr().size(); i++) {
            nodes.add(InspectNode.text("host IDR" + i, "0x%08x".formatted(stream.info.idr().get(i))));
        }
        nodes.add(InspectNode.text("host ATS", stream.info.atsNotSupported() ? "not supported" : "allowed"));
        nodes.add(InspectNode.number("host STALL_MODEL", Idr0.STALL_MODEL.getInt(stream.info.idr().getFirst())));
        String name = stream.streamId == StreamPolicy.NO_STREAM ? "none" : "0x%x".formatted(stream.streamId);
        return new InspectNode("StreamID", name, "", nodes);
    }

    private static String table(AssignedStream stream, HostObjects objects, HostSlice slice) {
        return switch (stream.table) {
            case ABORT -> "id " + slice.abort().id();
            case ILLEGAL -> id(IllegalTable.LEASE, objects);
            case BYPASS -> "id " + slice.bypass().id();
            case NESTED -> id(stream.lease, objects);
            case STAGE2 -> "id " + stream.device.stage2().id();
            case DETACHED, UNKNOWN -> "none";
        };
    }

    private static String id(String lease, HostObjects objects) {
        return objects.find(lease, HostObject.class).map(object -> "id " + object.id()).orElse("none");
    }
}
