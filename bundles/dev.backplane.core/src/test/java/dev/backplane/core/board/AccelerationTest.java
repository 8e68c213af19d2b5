package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Boards that ask for an accelerator. */
class AccelerationTest extends RoutedBoard {
    @Test
    void aBoardWaitsForItsAcceleratorAndDestroysTheVirtualMachine() {
        bench.registry.machineTypeArrived("fake", new HostMachine(new AcceleratorChoice("kvm", true)));
        bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        Board waiting = bench.registry.create(new BoardDefinition("b", "fake", Map.of(), List.of()));
        bench.settled(waiting);
        assertThat(waiting.isComplete()).isFalse();
        assertThat(waiting.why()).singleElement().satisfies(cause -> {
            assertThat(cause.reason()).isEqualTo("no bundle offers accelerator kvm");
            assertThat(cause.remedy()).isEqualTo("start the bundle with backplane.accelerator=kvm");
        });
        bench.platform.put(Accelerator.class, kvm);
        bench.registry.platformOffers(Accelerator.class.getName());
        bench.settled(waiting);
        assertThat(waiting.isComplete()).isTrue();
        assertThat(waiting.virtualMachine().map(VirtualMachine::accelerator)).contains("kvm");
        bench.registry.destroy("b");
        assertThat(kvm.closed).isTrue();
    }
}
