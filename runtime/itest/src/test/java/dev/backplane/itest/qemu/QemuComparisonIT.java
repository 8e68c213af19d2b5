package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.Comparison.Extent;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Random scenarios on the shipped machine and on a real QEMU. */
class QemuComparisonIT {
    private static QemuProgram qemu;

    @BeforeAll
    static void find() throws Exception {
        qemu = QemuProgram.required();
    }

    @Test
    void transfersThroughTheSmmu() throws Exception {
        try (Pair pair = Pair.start(qemu, SmmuPlay.MACHINE)) {
            new Comparison<>("SMMU", SmmuScenes::make, SmmuPlay::play, SmmuDeviations.ALL)
                    .run(pair, Extent.ofProperties(400));
        }
    }

    @Test
    void configurationSpace() throws Exception {
        try (Pair pair = Pair.start(qemu, PciScenes.MACHINE)) {
            new Comparison<>("PCI", PciScenes::make, AccessScene::play, PciDeviations.ALL)
                    .run(pair, Extent.ofProperties(50));
        }
    }

    @Test
    void registersOfTheSmmu() throws Exception {
        try (Pair pair = Pair.start(qemu, RegisterScenes.MACHINE)) {
            new Comparison<>("SMMU registers", RegisterScenes::make, AccessScene::play, RegisterScenes.DEVIATIONS)
                    .run(pair, Extent.ofProperties(50));
        }
    }

    @Test
    void commandsOfTheSmmu() throws Exception {
        try (Pair pair = Pair.start(qemu, RegisterScenes.MACHINE)) {
            new Comparison<>("SMMU commands", CommandScene::make, CommandScene::play, CommandDeviations.ALL)
                    .run(pair, Extent.ofProperties(200));
        }
    }

    @Test
    void registersOfTheGic() throws Exception {
        try (Pair pair = Pair.start(qemu, GicScenes.MACHINE)) {
            new Comparison<>("GIC registers", GicScenes::make, AccessScene::play, GicScenes.DEVIATIONS)
                    .run(pair, Extent.ofProperties(30));
        }
    }

    @Test
    void interruptsByPinAndMessage() throws Exception {
        try (Pair pair = Pair.start(qemu, MessageScenes.MACHINE)) {
            new Comparison<>("interrupts", MessageScenes::make, AccessScene::play, MessageScenes.DEVIATIONS)
                    .run(pair, Extent.ofProperties(50));
        }
    }

    @Test
    void eventQueueOfTheSmmu() throws Exception {
        try (Pair pair = Pair.start(qemu, SmmuPlay.MACHINE)) {
            new Comparison<>("SMMU event queue", EventQueueScene::make, EventQueueScene::play,
                            EventQueueScene.DEVIATIONS)
                    .run(pair, Extent.ofProperties(100));
        }
    }
}
