package dev.backplane.qtest.qmp;

import dev.backplane.qtest.processor.ProcessorModel;
import dev.backplane.qtest.processor.Topology;
import dev.backplane.qtest.qmp.QmpCatalog.Subject;
import java.util.ArrayList;
import java.util.List;

/** Questions about processors. */
final class ProcessorQueries {
    private final Subject subject;

    ProcessorQueries(Subject subject) {
        this.subject = subject;
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("query-cpus-fast", arguments -> processors()));
        catalog.add(QmpCommand.of("query-cpu-definitions", arguments -> definitions()));
        catalog.add(QmpCommand.of("query-hotpluggable-cpus", arguments -> {
            throw QmpException.generic("machine '%s' takes no processors while it runs"
                    .formatted(subject.command().machine()));
        }));
    }

    private Object processors() {
        List<Object> processors = new ArrayList<>();
        Topology topology = subject.command().processors();
        for (int i = 0; subject.board().isPresent() && i < topology.present(); i++) {
            Topology.Seat seat = topology.seat(i);
            processors.add(Members.of(
                    "cpu-index", (long) i,
                    "qom-path", "/machine/unattached/device[%d]".formatted(i),
                    "qom-type", subject.command().cpu().qomType(),
                    "thread-id", ProcessHandle.current().pid(),
                    "target", "aarch64",
                    "props", Members.of(
                            "socket-id", (long) seat.socket(),
                            "cluster-id", (long) seat.cluster(),
                            "core-id", (long) seat.core(),
                            "thread-id", (long) seat.thread())));
        }
        return processors;
    }

    private Object definitions() {
        List<Object> definitions = new ArrayList<>();
        for (ProcessorModel model : ProcessorModel.values()) {
            if (!model.needsAccelerator() || subject.command().accelerators().contains("kvm")) {
                definitions.add(Members.of(
                        "name", model.modelName(), "typename", model.qomType(), "static", false, "deprecated", false));
            }
        }
        return definitions;
    }
}
