package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.accelerator.MsiRoutes.Fixup;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import org.junit.jupiter.api.Test;

/** Events with which emulated functions signal their vectors. */
class IrqfdTest extends RoutedBoard {
    @Test
    void anEmulatedFunctionsEventGoesTheWayOfTheRoute() throws Exception {
        accelerated();
        iommus.offset = DOORBELL - 0x1040;
        plugIommu();
        IrqfdModel device = plugEmulated();
        enableMsix(true);
        use(0, 0x1040, 7);
        assertThat(route().fixup()).isEqualTo(Fixup.TRANSLATED);
        int walks = iommus.translations;
        device.event.orElseThrow().signal();
        assertThat(received()).isEqualTo(7);
        assertThat(iommus.translations).as("the route was translated when it was made").isEqualTo(walks);
        use(1, 0x1040, 8);
        assertThat(routes()).as("the vector that the model sends by itself").hasSize(1);
        device.context.sendMsi(board.epochs().context(), 1);
        assertThat(received()).isEqualTo(8);
    }

    @Test
    void aSignalOfAMaskedVectorPendsAndIsSentWhenItIsUnmasked() throws Exception {
        accelerated();
        IrqfdModel device = plugEmulated();
        enableMsix(true);
        program(0, DOORBELL, 7);
        device.event.orElseThrow().signal();
        assertThat(received()).isZero();
        assertThat(Bench.read(board, BAR + 0x800)).as("pending").isEqualTo(1);
        mask(0, false);
        assertThat(received()).isEqualTo(7);
        assertThat(Bench.read(board, BAR + 0x800)).isZero();
    }

    @Test
    void aSignalWithoutARouteGoesAsAWriteOfTheFunction() throws Exception {
        accelerated();
        iommus.offset = null;
        plugIommu();
        IrqfdModel device = plugEmulated();
        enableMsix(true);
        use(0, 0x1040, 7);
        assertThat(routes()).isEmpty();
        iommus.offset = DOORBELL - 0x1040;
        device.event.orElseThrow().signal();
        assertThat(received()).isEqualTo(7);
    }

    @Test
    void aFunctionThatMayNotStartTransactionsSignalsNothing() throws Exception {
        accelerated();
        IrqfdModel device = plugEmulated();
        enableMsix(true);
        use(0, DOORBELL, 7);
        config(4, 2, 2);
        device.event.orElseThrow().signal();
        assertThat(received()).isZero();
    }

    @Test
    void withoutAnAcceleratorThereIsNoEvent() throws Exception {
        compose(AcceleratorChoice.NONE);
        IrqfdModel device = plugEmulated();
        assertThat(device.event).isEmpty();
        assertThat(board.virtualMachine()).isEmpty();
        assertThat(board.msiRoutes()).isEmpty();
        assertThatThrownBy(() -> device.context.irqfd(2)).hasMessageContaining("slot dev0 has no MSI vector 2");
    }
}
