package dev.backplane.host.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.backplane.host.smmu.SmmuParameters;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.hostpci.HostPciDevice.IrqIndex;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Physical devices: interrupts, resets, and what stops them and what does not. */
final class DeviceTest {
    private static final long RAM = GuestRam.BASE;

    private Rig rig;
    private Rig.Assigned device;

    @BeforeEach
    void assign() throws HostException {
        rig = new Rig();
        device = rig.new Assigned(Rig.DMA);
        device.device.attach(device.parent);
    }

    @AfterEach
    void close() {
        rig.close();
        assertThat(rig.complaints).isEmpty();
    }

    @Test
    void thePinFiresOnceUntilItIsUnmaskedAndAgainWhileItIsHigh() throws HostException {
        var pin = new Event();
        device.pci.setTriggers(IrqIndex.INTX, 0, List.of(pin));
        device.run(Rig.INTERRUPT | Rig.WITH_INTERRUPT, 0, 0, 0, 0);
        await().until(() -> pin.signals() == 1);
        device.pci.maskPin(false);
        assertThat(pin.signals()).as("still high").isEqualTo(2);
        device.pci.write(0, 0x2C, 4, 1);
        device.pci.maskPin(false);
        assertThat(pin.signals()).isEqualTo(2);
    }

    @Test
    void aPinThatIsDisabledInCommandWaits() throws HostException {
        var pin = new Event();
        device.pci.setTriggers(IrqIndex.INTX, 0, List.of(pin));
        device.pci.write(HostPciDevice.CONFIG_REGION, 4, 2, 0x406);
        device.run(Rig.INTERRUPT | Rig.WITH_INTERRUPT, 0, 0, 0, 0);
        await().until(() -> device.pci.read(0, 0x2C, 4) == 1);
        assertThat(pin.signals()).isZero();
        device.pci.write(HostPciDevice.CONFIG_REGION, 4, 2, 6);
        assertThat(pin.signals()).isEqualTo(1);
    }

    /** The bit says what the function has pending, whatever keeps its pin from showing it (PCIe 7.5.1.1.4). */
    @Test
    void statusTellsOfThePin() throws HostException {
        assertThat(status()).isEqualTo(0x10);
        device.pci.setTriggers(IrqIndex.INTX, 0, List.of(new Event()));
        device.run(Rig.INTERRUPT | Rig.WITH_INTERRUPT, 0, 0, 0, 0);
        await().until(() -> status() == 0x18);
        device.pci.write(HostPciDevice.CONFIG_REGION, 4, 2, 0x406);
        assertThat(status()).as("Interrupt Disable").isEqualTo(0x18);
        device.pci.write(HostPciDevice.CONFIG_REGION, 6, 2, 0xFFFF);
        assertThat(status()).as("read only").isEqualTo(0x18);
        device.pci.write(0, 0x2C, 4, 1);
        assertThat(status()).isEqualTo(0x10);
    }

    private long status() {
        return device.pci.read(HostPciDevice.CONFIG_REGION, 6, 2);
    }

    @Test
    void aMessageOfAVectorThatFiresNothingIsPendingUntilItDoes() throws HostException {
        device.pci.setTriggers(IrqIndex.MSIX, 0, List.of(new Event()));
        device.pci.setTriggers(IrqIndex.MSIX, 4, Collections.singletonList(null));
        device.pci.write(0, 0x28, 4, 4);
        device.run(Rig.INTERRUPT | Rig.WITH_INTERRUPT, 0, 0, 0, 0);
        await().until(() -> device.pci.read(1, 0x800, 4) == 0x10);
        var late = new Event();
        device.pci.setTriggers(IrqIndex.MSIX, 4, List.of(late));
        await().until(() -> late.signals() == 1);
        assertThat(device.pci.read(1, 0x800, 4)).isZero();
    }

    /** An engine at the end of its turn asks for the next one: of a host that has just gone it gets none, quietly. */
    @Test
    void engineOfAHostThatGoesEnds() throws HostException {
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        List<Throwable> uncaught = Collections.synchronizedList(new ArrayList<>());
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
        try {
            for (int round = 0; round < 300; round++) {
                try (var going = new Rig()) {
                    Rig.Assigned busy = going.new Assigned(Rig.DMA);
                    busy.device.attach(busy.parent);
                    busy.command(Rig.FILL | Rig.CONTINUOUS, 0, RAM, 4, round);
                    while (busy.pci.read(0, 0x30, 4) < 64) {
                        Thread.onSpinWait();
                    }
                }
            }
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        assertThat(uncaught).isEmpty();
    }

    /** Software relies on it: when its write of Command has completed, nothing that was allowed before arrives. */
    @Test
    void nothingIsWrittenAfterTheWriteThatTakesBusMasteringAway() {
        device.command(Rig.FILL | Rig.CONTINUOUS, 0, RAM, 0x1000, 3);
        for (int round = 0; round < 300; round++) {
            long moved = device.counter(0x30);
            await().until(() -> device.counter(0x30) > moved);
            device.pci.write(HostPciDevice.CONFIG_REGION, 4, 2, 2);
            rig.ram.memory.asSlice(0, 0x1000).fill((byte) 0);
            assertThat(rig.ram.memory.asSlice(0, 0x1000).toArray(ValueLayout.JAVA_BYTE))
                    .as("round " + round)
                    .containsOnly(0);
            device.pci.write(HostPciDevice.CONFIG_REGION, 4, 2, 6);
        }
        device.pci.write(0, 0x20, 4, 0);
    }

    @Test
    void aContinuousTransferGoesOnUntilItIsStopped() {
        device.command(Rig.FILL | Rig.CONTINUOUS, 0, RAM, 0x1000, 3);
        await().until(() -> device.counter(0x40) > 1000);
        device.pci.write(0, 0x20, 4, 0);
        long moved = device.counter(0x30);
        assertThat(moved).isEqualTo(device.counter(0x40) * 0x1000);
        assertThat(device.counter(0x30)).isEqualTo(moved);
    }

    @Test
    void aResetStopsItAndLeavesItsInterruptsConnected() throws HostException {
        var interrupt = new Event();
        device.pci.setTriggers(IrqIndex.MSIX, 1, List.of(interrupt));
        device.command(Rig.FILL | Rig.CONTINUOUS, 0, RAM, 64, 3);
        device.pci.reset();
        assertThat(device.status()).isZero();
        assertThat(device.counter(0x30)).isZero();
        device.pci.write(0, 0x28, 4, 1);
        device.run(Rig.INTERRUPT | Rig.WITH_INTERRUPT, 0, 0, 0, 0);
        await().until(() -> interrupt.signals() == 1);
    }

    @Test
    void aFunctionLevelResetByConfigurationSpaceIsAReset() {
        device.command(Rig.FILL | Rig.CONTINUOUS, 0, RAM, 64, 3);
        device.pci.write(HostPciDevice.CONFIG_REGION, 0x58, 2, 0x8000);
        assertThat(device.status()).isZero();
        assertThat(device.pci.read(HostPciDevice.CONFIG_REGION, 0x58, 2)).isZero();
    }

    @Test
    void withoutBusMasteringNothingMoves() {
        device.pci.write(HostPciDevice.CONFIG_REGION, 4, 2, 2);
        assertThat(device.run(Rig.FILL, 0, RAM, 4, 3)).isEqualTo(4);
        assertThat(rig.ram.word(RAM)).isZero();
    }

    @Test
    void aDeviceThatWasClosedAnswersOnesAndIsFree() throws HostException {
        device.release();
        assertThat(device.pci.read(0, 0, 4)).isEqualTo(0xFFFF_FFFFL);
        HostPciDevice again = rig.host.pci().open(Rig.DMA);
        assertThat(again.read(0, 0, 4)).isEqualTo(0x4D44_5042);
        assertThat(again.read(HostPciDevice.CONFIG_REGION, 4, 2)).as("bus master off").isEqualTo(2);
        again.close();
    }

    @Test
    void memoryIsOutOfReachWhenUnmapReturnsHoweverBusyTheDeviceIs() throws HostException {
        device.command(Rig.FILL | Rig.CONTINUOUS, 0, RAM, 0x100_0000, 0x11);
        for (int round = 0; round < 50; round++) {
            rig.ioas.unmap(RAM, 8 << 20);
            rig.ram.memory.asSlice(0, 0x1000).fill((byte) 0);
            for (int look = 0; look < 100; look++) {
                assertThat(rig.ram.word(RAM + look * 8L)).as("round %d", round).isZero();
            }
            rig.ioas.map(RAM, rig.ram.memory, true, true);
        }
    }

    @Test
    void aThousandDevicesBehindFourSmmusComeAndGo() throws HostException {
        var plan = new HostPlan(4, SmmuParameters.DEFAULT, HostPlan.devices("dma*250@0", "dma*250@1", "dma*250@2",
                "dma*250@3"));
        try (Rig many = new Rig(plan)) {
            List<Long> before = many.resources();
            var devices = new ArrayList<Rig.Assigned>();
            var first = new Rig.Assigned[4];
            for (String address : many.host.pci().addresses()) {
                int segment = Integer.parseInt(address.substring(0, 4));
                Rig.Assigned assigned = many.new Assigned(address, first[segment], devices.size());
                if (first[segment] == null) {
                    first[segment] = assigned;
                }
                devices.add(assigned.nest(Rig.BYPASS, 0));
            }
            for (int i = 0; i < devices.size(); i++) {
                devices.get(i).command(Rig.FILL, 0, RAM + 8L * i, 4, i + 1);
            }
            for (int i = 0; i < devices.size(); i++) {
                Rig.Assigned assigned = devices.get(i);
                await().until(() -> (assigned.status() & 1) == 0);
                assertThat(many.ram.word(RAM + 8L * i)).isEqualTo(i + 1);
            }
            for (Rig.Assigned assigned : devices) {
                assigned.device.detach();
                assigned.nested.close();
                assigned.vdevice.close();
                assigned.device.close();
                assigned.pci.close();
            }
            for (Rig.Assigned assigned : first) {
                assigned.events.close();
                assigned.viommu.close();
                assigned.parent.close();
            }
            assertThat(many.objects()).isEqualTo(1);
            assertThat(many.resources()).isEqualTo(before);
        }
    }
}
