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
import java.util.ArrayList;
import java.util.List;
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

    /** A requester as it was when its route began to be resolved, and what governs it. */
    private record Question(
            Requester requester,
            int mark,
            PciRequester identity,
            TransactionAttributes attributes,
            DeviceGate gate,
            PciIommuOps ops) {

        static Question of(Requester requester) {
            PciRootBus root = requester.root();
            IommuBinding binding = root == null || root.bypassesIommu() ? null : root.iommu();
            return new Question(
                    requester,
                    requester.nextGeneration(),
                    requester.identity(),
                    requester.attributes(),
                    binding == null ? null : binding.gate(),
                    binding == null ? null : binding.ops());
        }

        DmaAddressSpace answer() {
            if (gate == null) {
                return DmaAddressSpace.SystemBus.DIRECT;
            }
            if (ops == null) {
                return Absent.ABSENT;
            }
            try {
                DmaAddressSpace space = ask(ops);
                if (space != null) {
                    return space;
                }
                gate.fail("no address space for " + identity.address());
            } catch (Throwable thrown) {
                gate.fail(Rendered.text(thrown));
            }
            return Absent.ABSENT;
        }

        DmaAddressSpace ask(PciIommuOps asked) {
            return asked.addressSpace(identity);
        }
    }

    void resolve(Requester requester) {
        resolve(List.of(requester));
    }

    /** Resolves many: the lock is taken twice, however many there are, as a gate may be closed meanwhile. */
    void resolve(List<Requester> requesters) {
        var questions = new Question[requesters.size()];
        var answers = new DmaAddressSpace[questions.length];
        lock.lock();
        try {
            for (int i = 0; i < questions.length; i++) {
                questions[i] = Question.of(requesters.get(i));
            }
        } finally {
            lock.unlock();
        }
        for (int i = 0; i < questions.length; i++) {
            answers[i] = questions[i].answer();
        }
        lock.lock();
        try {
            for (int i = 0; i < questions.length; i++) {
                Question asked = questions[i];
                asked.requester().apply(asked.mark(), asked.attributes(), answers[i], asked.gate());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Asks a model, and forgets what it answers; what it throws is thrown on. */
    void rehearse(List<Requester> requesters, PciIommuOps ops) {
        List<Question> questions = new ArrayList<>(requesters.size());
        lock.lock();
        try {
            requesters.forEach(requester -> questions.add(Question.of(requester)));
        } finally {
            lock.unlock();
        }
        questions.forEach(question -> question.ask(ops));
    }
}
