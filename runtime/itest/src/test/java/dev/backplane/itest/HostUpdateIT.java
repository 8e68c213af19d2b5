package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Boards;
import java.util.List;
import javax.inject.Inject;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;

/** The simulated host's bundle is updated, and the library that it is made of is refreshed: nothing old stays. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class HostUpdateIT {
    private static final String BOARD = "restarted";
    private static final String HOST = "dev.backplane.host.sim";
    private static final long TARGET = 0x4080_0000L;

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    @Configuration
    public Option[] shipped() {
        return options(AcceleratedMachine.features());
    }

    /** By threads that live on too: those that ran commands of a shell, or the framework's own. */
    @Test
    public void nothingOfAHostThatWentStaysReachable() throws Exception {
        var bundles = new Bundles(context);
        for (int round = 0; round < 3; round++) {
            Machine machine = AcceleratedMachine.create(boards, BOARD, List.of(),
                    AcceleratedMachine.smmu(AcceleratedMachine.SMMU, "pcie.0"),
                    AcceleratedMachine.assigned(AcceleratedMachine.NIC, "0000:01:00.0"));
            var nic = new PhysicalDmaDriver(machine, AcceleratedMachine.NIC, 0x1000_0000L);
            assertThat(nic.fill(TARGET, 4, round + 1)).isTrue();
            assertThat(machine.read(TARGET, 4)).isEqualTo(round + 1);
            boards.destroy(BOARD);
            bundles.update(bundles.find(HOST), Bundles.shipped(HOST));
            bundles.refresh(List.of(bundles.find("dev.backplane.smmuv3.arch")));
        }
        bundles.assertNothingOldIsReachable();
    }
}
