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
    private final Set<PciFunction> commands = new LinkedHashSet<>();
    private final Set<PciFunction> gone = new LinkedHashSet<>();
    private final Set<PciFunction> messages = new LinkedHashSet<>();
    private final Set<PciFunction> forget = new LinkedHashSet<>();
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

    /** What a function's Command register says of transactions and pin may be something else. */
    void command(PciFunction function) {
        commands.add(function);
    }

    /** The engine's own vector of a port is to be sent. */
    void message(PciFunction port) {
        messages.add(port);
    }

    /** A function is gone. */
    void unplugged(PciFunction function) {
        gone.add(function);
    }

    /** A function's registers were reset. */
    void forget(PciFunction function) {
        if (function.passThrough() != null) {
            forget.add(function);
        }
    }

    /** Software has reset functions; their models are to follow. */
    void reset(List<PciFunction> functions, ResetKind kind) {
        reset.addAll(functions);
        resetKind = kind;
    }

    void run(PciSegment segment, TransactionContext context) {
        forget.forEach(function -> function.passThrough().forget());
        if (remap) {
            segment.remap();
        }
        if (!reroute.isEmpty()) {
            segment.resolver().resolve(List.copyOf(reroute));
            reroute.forEach(requester -> requester.rerouted(context));
            segment.iommuObserver().moved(context);
        }
        commands.forEach(PciFunction::tellCommand);
        drive.forEach(function -> function.pin().drive());
        flush.forEach(function -> function.vectorsChanged(context));
        messages.forEach(port -> port.sendMessage(context, 0));
        for (PciFunction function : gone) {
            if (function.follower() != null) {
                function.follower().close();
            }
        }
        if (!reset.isEmpty()) {
            segment.announceReset(List.copyOf(reset), resetKind);
        }
    }
}
