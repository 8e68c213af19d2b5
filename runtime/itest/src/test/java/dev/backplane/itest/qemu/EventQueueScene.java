package dev.backplane.itest.qemu;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A small event queue that a stream without a valid STE fills, and that software empties, disables and enables.
 *
 * @param bits log2 of the queue's size
 * @param actions what is done, a step each
 */
record EventQueueScene(int bits, List<Action> actions) {
    private static final int EVENTQ_ABT_ERR = 4;
    private static final int EVENTQ_LINE = 74;
    private static final int GERROR_LINE = 77;
    private static final int EVENTQEN = 4;

    /** What is done. */
    enum Action { FAULT, CONSUME_ONE, CONSUME_ALL, ACKNOWLEDGE_OVERFLOW, ACKNOWLEDGE_ERROR, DISABLE, ENABLE, MOVE }

    /**
     * What an action showed.
     *
     * @param index EVENTQ_PROD.WR
     * @param overflow whether an overflow is not acknowledged
     * @param active active errors
     * @param lines interrupt lines that went up
     */
    record Step(long index, boolean overflow, long active, Set<Integer> lines) {}

    static final List<Deviation<EventQueueScene, Step>> DEVIATIONS = List.of(
            // 7.4: a record that finds the queue full sets OVFLG. The peer reports a write abort instead.
            new Deviation<>("evtq-overflow", (scene, step, ours, theirs) -> {
                EventQueueModel before = EventQueueModel.before(scene, step);
                EventQueueModel after = before.after(scene.actions().get(step));
                var lines = new TreeSet<>(theirs.lines());
                if (after.refused() && !before.error()) {
                    lines.remove(GERROR_LINE);
                }
                return new Step(
                        theirs.index(),
                        theirs.overflow() || after.overflow(),
                        after.error() ? theirs.active() & ~EVENTQ_ABT_ERR : theirs.active(),
                        lines);
            }),
            // 3.5.2, 3.18.2: the queue interrupts when it is empty no more. The peer does for every record.
            new Deviation<>("irq-count", (scene, step, ours, theirs) -> {
                EventQueueModel before = EventQueueModel.before(scene, step);
                EventQueueModel after = before.after(scene.actions().get(step));
                var lines = new TreeSet<>(theirs.lines());
                if (before.held() > 0 && after.held() > before.held()) {
                    lines.remove(EVENTQ_LINE);
                }
                return new Step(theirs.index(), theirs.overflow(), theirs.active(), lines);
            }));

    static EventQueueScene make(long seed, int number) {
        var dice = new Dice(seed, number);
        var actions = new ArrayList<Action>();
        int count = 4 + dice.below(40);
        for (int i = 0; i < count; i++) {
            actions.add(dice.coin() ? Action.FAULT : Action.values()[dice.below(Action.values().length)]);
        }
        return new EventQueueScene(dice.below(5), List.copyOf(actions));
    }

    static List<Step> play(Peer machine, EventQueueScene scene) throws IOException {
        long smmu = SmmuPlay.SMMU;
        if (machine.prepareOnce()) {
            SmmuPlay.place(machine);
        }
        machine.write32(smmu + SmmuPlay.CR0, 0)
                .write64(smmu + SmmuPlay.STRTAB_BASE, SmmuScene.STREAM_TABLE)
                .write32(smmu + SmmuPlay.STRTAB_BASE_CFG, 5)
                .write64(smmu + SmmuPlay.EVENTQ_BASE, SmmuScene.EVENTS | scene.bits())
                .write32(smmu + SmmuPlay.EVENTQ_PROD, 0)
                .write32(smmu + SmmuPlay.EVENTQ_CONS, 0)
                .write32(smmu + SmmuPlay.IRQ_CTRL, 5);
        long[] errors = machine.read32(smmu + SmmuPlay.GERROR).flush();
        machine.write32(smmu + SmmuPlay.GERRORN, errors[0]).write32(smmu + SmmuPlay.CR0, 5).flush();
        machine.raisedLines();
        var steps = new ArrayList<Step>();
        int mask = (2 << scene.bits()) - 1;
        long producer = 0;
        long consumer = 0;
        for (Action action : scene.actions()) {
            switch (action) {
                case FAULT -> SmmuPlay.trigger(machine);
                case CONSUME_ONE -> consumer = ((producer ^ consumer) & mask) == 0
                        ? consumer
                        : consumer & 1L << 31 | consumer + 1 & mask;
                case CONSUME_ALL -> consumer = consumer & 1L << 31 | producer & mask;
                case ACKNOWLEDGE_OVERFLOW -> consumer = consumer & mask | producer & 1L << 31;
                case ACKNOWLEDGE_ERROR -> {
                    errors = machine.read32(smmu + SmmuPlay.GERROR).flush();
                    machine.write32(smmu + SmmuPlay.GERRORN, errors[0]);
                }
                case DISABLE -> machine.write32(smmu + SmmuPlay.CR0, 1);
                case ENABLE -> machine.write32(smmu + SmmuPlay.CR0, 1 | EVENTQEN);
                case MOVE -> {
                    producer = 0;
                    consumer = 0;
                    machine.write32(smmu + SmmuPlay.CR0, 1)
                            .write32(smmu + SmmuPlay.EVENTQ_PROD, 0)
                            .write32(smmu + SmmuPlay.CR0, 1 | EVENTQEN);
                }
            }
            long[] after = machine.write32(smmu + SmmuPlay.EVENTQ_CONS, consumer)
                    .read32(smmu + SmmuPlay.EVENTQ_PROD)
                    .read32(smmu + SmmuPlay.GERROR)
                    .read32(smmu + SmmuPlay.GERRORN)
                    .flush();
            producer = after[0];
            steps.add(new Step(producer & mask, ((producer ^ consumer) >>> 31 & 1) == 1, after[1] ^ after[2],
                    machine.raisedLines()));
        }
        return steps;
    }
}
