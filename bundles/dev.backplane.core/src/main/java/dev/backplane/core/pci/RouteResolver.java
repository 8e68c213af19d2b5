package dev.backplane.core.pci;

import dev.backplane.board.PlugException;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.Rendered;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.function.Supplier;

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

    /** How many times requesters were resolved, each of which comes after a change. */
    private long changes;

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

    /**
     * What a model that does not serve yet has answered for requesters, as they were then. It holds the model, so it is
     * not kept.
     */
    static final class Answers {
        private final Question[] questions;
        private final DmaAddressSpace[] spaces;
        private final long changes;

        private Answers(Question[] questions, DmaAddressSpace[] spaces, long changes) {
            this.questions = questions;
            this.spaces = spaces;
            this.changes = changes;
        }
    }

    void resolve(Requester requester) {
        resolve(List.of(requester));
    }

    /** Resolves many: the lock is taken twice, however many there are, as a gate may be closed meanwhile. */
    void resolve(List<Requester> requesters) {
        Question[] questions;
        lock.lock();
        try {
            changes++;
            questions = questions(requesters);
        } finally {
            lock.unlock();
        }
        var spaces = new DmaAddressSpace[questions.length];
        for (int i = 0; i < questions.length; i++) {
            spaces[i] = questions[i].answer();
        }
        lock.lock();
        try {
            putIn(questions, spaces);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Asks a model that does not serve; no route changes. What it throws is thrown on.
     *
     * @param below whom to ask for; looked up under the lock, so that nobody comes unseen before changes count
     * @return the answers, for {@link #putIn(Answers)}
     * @throws PlugException if it answers null
     */
    Answers ask(Supplier<List<Requester>> below, PciIommuOps ops) throws PlugException {
        Question[] questions;
        long now;
        lock.lock();
        try {
            questions = questions(below.get());
            now = changes;
        } finally {
            lock.unlock();
        }
        var spaces = new DmaAddressSpace[questions.length];
        for (int i = 0; i < questions.length; i++) {
            spaces[i] = questions[i].gate() == null ? DmaAddressSpace.SystemBus.DIRECT : questions[i].ask(ops);
            if (spaces[i] == null) {
                throw new PlugException("no address space for " + questions[i].identity().address());
            }
        }
        return new Answers(questions, spaces, now);
    }

    /**
     * Leads requesters to what a model that serves by now answered before.
     *
     * @return false if a requester came or changed meanwhile: nothing was done, they are to be resolved
     */
    boolean putIn(Answers answers) {
        lock.lock();
        try {
            if (answers.changes != changes) {
                return false;
            }
            putIn(answers.questions, answers.spaces);
            return true;
        } finally {
            lock.unlock();
        }
    }

    private static Question[] questions(List<Requester> requesters) {
        var questions = new Question[requesters.size()];
        for (int i = 0; i < questions.length; i++) {
            questions[i] = Question.of(requesters.get(i));
        }
        return questions;
    }

    private static void putIn(Question[] questions, DmaAddressSpace[] spaces) {
        for (int i = 0; i < questions.length; i++) {
            Question asked = questions[i];
            asked.requester().apply(asked.mark(), asked.attributes(), spaces[i], asked.gate());
        }
    }
}
