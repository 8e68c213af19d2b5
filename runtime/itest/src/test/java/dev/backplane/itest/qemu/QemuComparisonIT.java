package dev.backplane.itest.qemu;

import dev.backplane.itest.MachineProcess;
import dev.backplane.itest.qemu.Comparison.Extent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Random scenarios on the shipped machine and on a real QEMU. */
class QemuComparisonIT {
    private static QemuProgram qemu;

    @BeforeAll
    static void find() throws Exception {
        Optional<QemuProgram> found = QemuProgram.find();
        Assumptions.assumeTrue(found.isPresent(),
                "no QEMU: name one with -Dbackplane.qemu, or have qemu-system-aarch64 on the path");
        Assumptions.assumeTrue(found.get().major() >= QemuProgram.NEEDED,
                () -> "%s is too old: %d or newer has iommu-testdev".formatted(found.get(), QemuProgram.NEEDED));
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of(MachineProcess.program())), "the distribution is not assembled");
        qemu = found.get();
    }

    @Test
    void transfersThroughTheSmmu() throws Exception {
        try (Pair pair = Pair.start(qemu, SmmuPlay.MACHINE)) {
            new Comparison<>("SMMU", SmmuScenes::make, SmmuPlay::play, SmmuDeviations.ALL)
                    .run(pair, Extent.ofProperties(400));
        }
    }
}
