package dev.backplane.smmuv3.control;

import dev.backplane.inspect.InspectNode;
import dev.backplane.smmuv3.spec.EventRecord;
import dev.backplane.smmuv3.spec.EventType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** Counts events by type. */
final class EventCounters {
    private final LongAdder[] byType = new LongAdder[EventType.values().length];
    private final LongAdder others = new LongAdder();

    EventCounters() {
        for (int i = 0; i < byType.length; i++) {
            byType[i] = new LongAdder();
        }
    }

    void count(EventType type) {
        byType[type.ordinal()].increment();
    }

    void count(long[] record) {
        EventType type = EventType.ofId(EventRecord.EVENT_ID.getInt(record));
        (type == null ? others : byType[type.ordinal()]).increment();
    }

    List<InspectNode> inspect() {
        var nodes = new ArrayList<InspectNode>();
        for (EventType type : EventType.values()) {
            long count = byType[type.ordinal()].sum();
            if (count != 0) {
                nodes.add(InspectNode.number(type.name(), count));
            }
        }
        if (others.sum() != 0) {
            nodes.add(InspectNode.number("other EventIDs", others.sum()));
        }
        return nodes;
    }
}
