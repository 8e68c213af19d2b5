package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.irq.EventFd;
import org.junit.jupiter.api.Test;

/** What the model of a host device is told of its vectors, and what is asked of it. */
class HostDeviceVectorsTest extends RoutedBoard {
    @Test
    void whatEndedWhileNoModelServedIsToldToTheNextOne() throws Exception {
        accelerated();
        plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        bench.withdraw(deviceOffer);
        enableMsix(false);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.last().used).isEmpty();
        assertThat(devices.journal)
                .endsWith("enables msix, 4 vectors", "uses msix0", "releases msix0", "disables msix");
    }

    /** A function whose vectors are all masked must not use its pin either (PCIe 6.1.4). */
    @Test
    void theDeviceIsToldWhatIsEnabledWhateverIsMasked() throws Exception {
        accelerated();
        plugDevice();
        devices.journal.clear();
        enableMsix(true);
        assertThat(devices.journal).containsExactly("enables msix, 4 vectors");
        use(0, DOORBELL, 7);
        mask(0, true);
        config(capability(MSIX) + 2, 2, 0xC000);
        assertThat(devices.journal).containsExactly("enables msix, 4 vectors", "uses msix0", "releases msix0");
        devices.journal.clear();
        mask(0, false);
        enableMsix(true);
        enableMsix(false);
        assertThat(devices.journal).containsExactly("uses msix0", "releases msix0", "disables msix");
    }

    @Test
    void withoutAnAcceleratorTheDeviceIsToldToo() throws Exception {
        compose(AcceleratorChoice.NONE);
        plugDevice();
        devices.journal.clear();
        enableMsix(true);
        use(1, DOORBELL, 7);
        mask(1, true);
        enableMsix(false);
        assertThat(devices.journal)
                .containsExactly("enables msix, 4 vectors", "uses msix1", "releases msix1", "disables msix");
    }

    @Test
    void theDeviceIsToldHowManyVectorsOfMsiThereAreAndOfOneKindAtATime() throws Exception {
        accelerated();
        plugDevice();
        int msi = capability(MSI);
        config(msi + 4, 4, (int) DOORBELL);
        config(msi + 8, 4, (int) (DOORBELL >>> 32));
        devices.journal.clear();
        config(msi + 2, 2, 1 << 4 | 1);
        assertThat(devices.journal).containsExactly("enables msi, 2 vectors", "uses msi0", "uses msi1");
        devices.journal.clear();
        config(msi + 2, 2, 1);
        assertThat(devices.journal).containsExactly(
                "releases msi0", "releases msi1", "disables msi", "enables msi, 1 vectors", "uses msi0");
        devices.journal.clear();
        bench.withdraw(deviceOffer);
        config(msi + 2, 2, 0);
        enableMsix(true);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.journal).filteredOn(step -> step.contains("msi")).containsExactly("enables msi, 1 vectors",
                "uses msi0", "releases msi0", "disables msi", "enables msix, 4 vectors");
    }

    /** Software polls them (PCIe 6.1.4.3); the engine keeps none of a device that keeps them itself. */
    @Test
    void pendingBitsAreTheDevices() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        assertThat(Bench.read(board, BAR + 0x800)).isZero();
        device.pendingMsix = 0xA;
        assertThat(Bench.read(board, BAR + 0x800)).isEqualTo(0xA);
        assertThat(Bench.read(board, BAR + 0x804)).isZero();
        config(capability(MSIX) + 2, 2, 0xC000);
        assertThat(Bench.read(board, BAR + 0x800)).isEqualTo(0xA);
        int msi = capability(MSI);
        device.pendingMsi = 5;
        assertThat(config(msi + 0x14, 4)).isEqualTo(5);
        assertThat(config(msi + 0x14, 1)).isEqualTo(5);
        assertThat(config(msi + 0x16, 2)).isZero();
        assertThat(config(msi + 0x10, 4)).as("Mask Bits").isZero();
        bench.withdraw(deviceOffer);
        assertThat(config(msi + 0x14, 4)).as("unknown while no model serves").isZero();
    }

    /** What the device sends between the two is pending there, and would be lost here. */
    @Test
    void theDeviceLetsGoOfAMaskedVectorBeforeItsEventInjectsNothing() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        devices.whenReleased = device.used.get("msix0")::signal;
        mask(0, true);
        assertThat(received()).isEqualTo(7);
    }

    @Test
    void withoutAnAcceleratorAHostDevicesVectorsAreWritesOfTheFunction() throws Exception {
        compose(AcceleratorChoice.NONE);
        iommus.offset = DOORBELL - 0x1040;
        plugIommu();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, 0x1040, 7);
        device.used.get("msix0").signal();
        assertThat(received()).isEqualTo(7);
        assertThat(device.context.pinTrigger(kvm.new Event())).isEmpty();
    }

    @Test
    void withTheInterruptControllersInUserSpaceAnEventOfTheAcceleratorWakesTheEngine() throws Exception {
        compose(new AcceleratorChoice("kvm", false));
        HostDeviceModel device = plugDevice();
        assertThat(board.msiRoutes()).isEmpty();
        assertThat(board.virtualMachine()).hasValueSatisfying(vm -> assertThat(vm.irqchipInKernel()).isFalse());
        enableMsix(true);
        use(0, DOORBELL, 7);
        EventFd trigger = device.used.get("msix0");
        assertThat(trigger).isInstanceOf(FakeAccelerator.Event.class);
        trigger.signal();
        assertThat(received()).isEqualTo(7);
    }
}
