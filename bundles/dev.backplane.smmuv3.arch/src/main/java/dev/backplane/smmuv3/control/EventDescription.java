package dev.backplane.smmuv3.control;

import dev.backplane.inspect.InspectNode;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.spec.EventRecord;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.FaultClass;
import dev.backplane.smmuv3.translate.SmmuEvent;
import java.util.ArrayList;
import java.util.List;

/** Shows event records by field, only the fields that the type of the event has. */
public final class EventDescription {
    private EventDescription() {}

    /**
     * {@return a record by field}
     *
     * @param words four 64-bit words
     */
    public static InspectNode of(long[] words) {
        SmmuEvent event = SmmuEvent.decode(words);
        String raw = "0x%016x 0x%016x 0x%016x 0x%016x".formatted(words[0], words[1], words[2], words[3]);
        if (event == null) {
            return InspectNode.text("EventID 0x%02x".formatted(EventRecord.EVENT_ID.getInt(words)), raw);
        }
        var fields = new ArrayList<InspectNode>();
        fields.add(InspectNode.hex("StreamID", Integer.toUnsignedLong(event.streamId())));
        if (event.substreamId() != TransactionAttributes.NO_SUBSTREAM) {
            fields.add(InspectNode.hex("SubstreamID", event.substreamId()));
        }
        EventType type = event.type();
        if (type.isTranslationFault() || type == EventType.F_WALK_EABT) {
            addAccess(event, fields);
            addStage(event, words, fields);
        } else if (type == EventType.F_UUT || type == EventType.F_TRANSL_FORBIDDEN) {
            addAccess(event, fields);
        }
        if (type == EventType.F_WALK_EABT || type == EventType.F_STE_FETCH || type == EventType.F_CD_FETCH) {
            fields.add(InspectNode.hex("FetchAddr", event.fetchAddress()));
        }
        return new InspectNode(type.name(), raw, "", fields);
    }

    private static void addAccess(SmmuEvent event, List<InspectNode> fields) {
        fields.add(InspectNode.hex("InputAddr", event.inputAddress()));
        fields.add(bit("RnW", event.read(), "read", "write"));
        if (event.type() != EventType.F_TRANSL_FORBIDDEN) {
            fields.add(bit("PnU", event.privileged(), "privileged", "unprivileged"));
            fields.add(bit("InD", event.instruction(), "instruction", "data"));
        }
    }

    private static void addStage(SmmuEvent event, long[] words, List<InspectNode> fields) {
        fields.add(bit("S2", event.stage2(), "stage 2", "stage 1"));
        fields.add(InspectNode.number("CLASS", event.faultClass().ordinal()).withNote(meaning(event.faultClass())));
        if (event.type() == EventType.F_PERMISSION && event.faultClass() == FaultClass.TT) {
            fields.add(bit("TTRnW", EventRecord.TTRNW.isSet(words), "table read", "table write"));
        }
        if (event.stage2() && event.type().isTranslationFault()) {
            fields.add(InspectNode.hex("IPA", event.ipa()));
        }
        if (event.type().isTranslationFault()) {
            fields.add(bit("Stall", event.stalled(), "stalled", "terminated"));
            if (event.stalled()) {
                fields.add(InspectNode.hex("STAG", event.stallTag()));
            }
        }
    }

    private static String meaning(FaultClass faultClass) {
        return switch (faultClass) {
            case CD -> "CD: on the address of a context descriptor";
            case TT -> "TT: on the address of a stage-1 table descriptor";
            case IN -> "IN: on the input address";
        };
    }

    private static InspectNode bit(String name, boolean set, String whenSet, String whenClear) {
        return InspectNode.number(name, set ? 1 : 0).withNote(set ? whenSet : whenClear);
    }
}
