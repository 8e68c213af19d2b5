package dev.backplane.smmuv3.accel;

import dev.backplane.inspect.InspectNode;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** What happened between this SMMU and the host. Thread-safe. */
final class Counters {
    final LongAdder batches = new LongAdder();
    final LongAdder forwarded = new LongAdder();
    final LongAdder resumed = new LongAdder();
    final LongAdder dropped = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder attached = new LongAdder();
    final LongAdder attachFailures = new LongAdder();
    final LongAdder forbidden = new LongAdder();
    final LongAdder events = new LongAdder();
    final LongAdder undelivered = new LongAdder();
    final LongAdder losses = new LongAdder();
    final LongAdder lost = new LongAdder();

    List<InspectNode> inspect() {
        return List.of(
                InspectNode.group("invalidations", List.of(
                        node("batches", batches, "calls of the host"),
                        node("forwarded", forwarded, "commands that the host carried out"),
                        node("resumed", resumed, "batches that the host carried out in parts"),
                        node("dropped", dropped, "commands for streams that do not translate"),
                        node("refused", refused, "commands that the host refused: CERROR_ILL"))),
                InspectNode.group("attachments", List.of(
                        node("made", attached, "replaced without a moment in between"),
                        node("failed", attachFailures, "the stream aborts"),
                        node("software accesses refused", forbidden, "nobody walks an assigned stream's tables"))),
                InspectNode.group("host events", List.of(
                        node("delivered", events, "in the guest's event queue"),
                        node("undelivered", undelivered, "the guest's queue was disabled, full or aborted"),
                        node("losses", losses, "times that the host's queue overran or a number was missing"),
                        node("lost", lost, "events lost on the host, by their numbers"))));
    }

    private static InspectNode node(String name, LongAdder counter, String note) {
        return InspectNode.number(name, counter.sum()).withNote(note);
    }
}
