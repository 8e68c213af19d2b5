package dev.backplane.core.pci;

import dev.backplane.device.ResetKind;
import dev.backplane.memory.TransactionContext;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What a change under the segment's lock leads to, to be done after the lock is released. Confined to one thread. */
final class Effects {
    private boolean remap;
    private final Set<Requester> reroute = new LinkedHashSet<>();
    private final Set<PciFunction> drive = new LinkedHashSet<>();
    private final Set<PciFunction> flush = new LinkedHashSet<>();
    private final Set<PciFunction> messages = new LinkedHashSet<>();
    private final List<PciFunction> reset = new ArrayList<>();
    private ResetKind resetKind;

    /** BARs may map elsewhere. */
    void remap() {
        remap = true;
    }

    /** A requester's address or IOMMU may be another. */
    void reroute(Requester requester) {
        reroute.add(requester);
    }

    /** A function's interrupt pin may show another level. */
    void drive(PciFunction function) {
        drive.add(function);
    }

    /** Pending messages of a function may have been unmasked. */
    void flush(PciFunction function) {
        flush.add(function);
    }

    /** The engine's own vector of a port is to be sent. */
    void message(PciFunction port) {
        messages.add(port);
    }

    /** Software has reset functions; their models are to follow. */
    void reset(List<PciFunction> functions, ResetKind kind) {
        reset.addAll(functions);
        resetKind = kind;
    }

    void run(PciSegment segment, TransactionContext context) {
        if (remap) {
            segment.remap();
        }
        segment.resolver().resolve(reroute);
        drive.forEach(function -> function.pin().drive());
        flush.forEach(function -> function.flushMessages(context));
        messages.forEach(port -> port.sendMessage(context, 0));
        if (!reset.isEmpty()) {
            segment.announceReset(List.copyOf(reset), resetKind);
        }
    }
}
