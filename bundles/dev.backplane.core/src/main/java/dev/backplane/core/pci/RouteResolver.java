package dev.backplane.core.pci;

import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.Rendered;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import java.util.Collection;
import java.util.concurrent.locks.Lock;

/**
 * Leads requesters to the address space that governs them. The IOMMU's model is asked outside the segment's lock; an
 * answer is dropped when that of a later change is in place already.
 */
final class RouteResolver {

    /** Stands in while no model serves; the gate beside it holds transactions before they get here. */
    private enum Absent implements DmaAddressSpace.Translating {
        ABSENT;

        @Override
        public Translation translate(
                TransactionContext context, TransactionAttributes attributes, long iova, AccessKind access) {
            return Translation.Terminated.ABORT;
        }
    }

    private final Lock lock;

    RouteResolver(Lock lock) {
        this.lock = lock;
    }

    void resolve(Collection<Requester> requesters) {
        for (Requester requester : requesters) {
            resolve(requester);
        }
    }

    void resolve(Requester requester) {
        int mark;
        PciRequester identity;
        TransactionAttributes attributes;
        IommuBinding binding;
        PciIommuOps ops;
        lock.lock();
        try {
            mark = requester.nextGeneration();
            identity = requester.identity();
            attributes = requester.attributes();
            PciRootBus root = requester.root();
            binding = root == null || root.bypassesIommu() ? null : root.iommu();
            ops = binding == null ? null : binding.ops();
        } finally {
            lock.unlock();
        }
        DmaAddressSpace space = DmaAddressSpace.SystemBus.DIRECT;
        DeviceGate gate = null;
        if (binding != null) {
            gate = binding.gate();
            space = ops == null ? Absent.ABSENT : ask(ops, identity, gate);
        }
        lock.lock();
        try {
            requester.apply(mark, attributes, space, gate);
        } finally {
            lock.unlock();
        }
    }

    private static DmaAddressSpace ask(PciIommuOps ops, PciRequester identity, DeviceGate gate) {
        try {
            DmaAddressSpace space = ops.addressSpace(identity);
            if (space != null) {
                return space;
            }
            gate.fail("no address space for " + identity.address());
        } catch (Throwable thrown) {
            gate.fail(Rendered.text(thrown));
        }
        return Absent.ABSENT;
    }
}
