package dev.backplane.core.slot;

import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import dev.backplane.pci.PciDevice;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * Goes through a hand-over with models that serve nobody, while transactions flow: what is done for the first time
 * takes long, and would else be done behind the closed gate. It is repeated until it goes without a break, since who
 * kept its thread from work (the compiler, the collector) would keep the gate closed too. A model that cannot be
 * without its platform is not rehearsed; the engine's own part of its hand-over is.
 */
final class Rehearsal {
    /** Twice: the first time is for the classes, the second one shows how long it takes. */
    private static final int LEAST = 2;

    /** A break is longer than that; a thread of an initiator that wants the processor for a moment is none. */
    private static final long BREAK_NANOS = 50_000;

    private static final long REST_NANOS = 2_000_000;

    /** On a machine whose processors are always busy there is nothing to wait for. */
    private static final long PATIENCE_NANOS = 60_000_000;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final DeviceSlot slot;
    private final Offer offer;
    private final SlotDefinition definition;
    private final Set<String> givenByUser;
    private boolean fails;

    /**
     * Makes the rehearsal of one side.
     *
     * @param definition the definition of the slot that the models are made for
     */
    Rehearsal(DeviceSlot slot, Offer offer, SlotDefinition definition, Set<String> givenByUser) {
        this.slot = slot;
        this.offer = offer;
        this.definition = definition;
        this.givenByUser = givenByUser;
    }

    /**
     * Rehearses both sides until that goes without a break, for a limited time.
     *
     * @throws ModelFailure if a callback of the successor does not return: it would not behind the gate either
     */
    static void run(Rehearsal old, Rehearsal next, ModelThread bundle) throws ModelFailure {
        DeviceSlot slot = next.slot;
        long end = System.nanoTime() + PATIENCE_NANOS;
        for (int times = 1; ; times++) {
            slot.host().bus().rehearse();
            long breaks = 0;
            try {
                breaks = old.once(bundle, slot.capabilities()::rehearse);
            } catch (ModelFailure failure) {
                old.fails = true;
                slot.note("REHEARSAL_FAILED", "%s: %s".formatted(old.offer.provider(), failure.getMessage()));
            }
            breaks += next.once(bundle, () -> {});
            if (times >= LEAST && (breaks < BREAK_NANOS || System.nanoTime() > end)) {
                return;
            }
            if (breaks >= BREAK_NANOS) {
                LockSupport.parkNanos(REST_NANOS);
            }
        }
    }

    /** Rehearses one side; {@return for how long its thread was kept from work, in nanoseconds} */
    private long once(ModelThread bundle, ModelThread.Procedure afterwards) throws ModelFailure {
        if (fails) {
            return 0;
        }
        try {
            return bundle.call("properties", steps -> {
                long began = System.nanoTime();
                long workBefore = THREADS.getCurrentThreadCpuTime();
                DeviceProperties properties = Newcomer.properties(slot.host(), offer, definition, givenByUser);
                perform(slot, offer, properties, steps);
                steps.next("ask the model that serves");
                afterwards.run();
                long work = THREADS.getCurrentThreadCpuTime() - workBefore;
                return System.nanoTime() - began - work;
            });
        } catch (ModelFailure failure) {
            if (failure.isHung()) {
                throw failure;
            }
            // What it shows is shown again when it counts.
            fails = true;
            return 0;
        }
    }

    private static void perform(DeviceSlot slot, Offer offer, DeviceProperties properties, ModelThread.Steps steps)
            throws Exception {
        DeviceModel first = realized(slot, offer, properties, steps);
        try {
            for (ResetPhase phase : ResetPhase.values()) {
                steps.next("reset " + phase);
                first.reset(ResetKind.COLD, phase);
            }
            steps.next("resume");
            first.resume();
            steps.next("quiesce");
            first.quiesce();
            steps.next("save");
            SavedState state = first.save();
            DeviceModel second = realized(slot, offer, properties, steps);
            try {
                steps.next("restore");
                second.restore(state);
                steps.next("resume");
                second.resume();
                steps.next("serve");
                slot.capabilities().rehearse(second);
                steps.next("quiesce");
                second.quiesce();
            } finally {
                unrealize(second, steps);
            }
        } finally {
            unrealize(first, steps);
        }
    }

    /** A model is disposed of even when nobody waits for that any more. */
    private static void unrealize(DeviceModel model, ModelThread.Steps steps) {
        try {
            steps.next("unrealize");
        } finally {
            model.unrealize();
        }
    }

    private static DeviceModel realized(
            DeviceSlot slot, Offer offer, DeviceProperties properties, ModelThread.Steps steps)
            throws RealizeException {
        steps.next("create");
        DeviceModel model = offer.factory().create(properties);
        var nowhere = new RehearsalContext(slot, properties, slot.mount().lines());
        steps.next("describe");
        switch (model) {
            case PciDevice function -> {
                function.describe();
                steps.next("realize");
                function.realize(nowhere);
            }
            case PlatformDevice device -> {
                device.describe();
                steps.next("realize");
                device.realize(nowhere);
            }
            default -> throw new RealizeException("it is neither a PCI function nor a platform device");
        }
        return model;
    }
}
