package dev.backplane.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.hostiommu.Errno;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.Bar;
import dev.backplane.pci.PciCapability;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class VfioDeviceTest {
    private final Fixture fixture = new Fixture();

    private VfioDevice realized() throws RealizeException {
        VfioDevice device = fixture.make();
        device.realize(fixture);
        return device;
    }

    private VfioDevice running() throws RealizeException {
        VfioDevice device = realized();
        device.resume();
        fixture.asked.clear();
        return device;
    }

    @Test
    void describesTheFunctionAsItsConfigurationSpaceDoes() {
        PciFunctionDescription function = fixture.make().describe();
        assertThat(function.vendorId()).isEqualTo(0x1234);
        assertThat(function.deviceId()).isEqualTo(0xBA01);
        assertThat(function.revision()).isEqualTo(5);
        assertThat(function.classCode()).isEqualTo(0x12_0000);
        assertThat(function.subsystemId()).isEqualTo(2);
        assertThat(function.interruptPin()).isEqualTo(1);
        assertThat(function.express()).isTrue();
        assertThat(function.msiVectors()).isEqualTo(8);
        assertThat(function.msix()).isEqualTo(new Msix(32, 2, 0, 2, 0x800));
        assertThat(function.bars()).extracting(Bar::index).containsExactly(0, 2);
        assertThat(function.bars()).extracting(Bar::kind)
                .containsExactly(Bar.Kind.MEMORY_64, Bar.Kind.MEMORY_32);
        assertThat(function.bars().getFirst().prefetchable()).isTrue();
        assertThat(function.bars().getFirst().region().size()).isEqualTo(0x4000);
    }

    @Test
    void passesOnlyCapabilitiesWhoseBodiesHarmNobodyAtTheirOffsets() {
        assertThat(fixture.make().describe().capabilities()).extracting(PciCapability::id)
                .containsExactly(0x09, 0x0F, 0x03);
        assertThat(fixture.make().describe().capabilities()).extracting(PciCapability::offset)
                .containsExactly(0x40, 0x100, 0x140);
        assertThat(fixture.make().describe().capabilities().getFirst().reset()).hasSize(6).endsWith(0xCA);
    }

    /** Configuration space is what the hardware says it is. */
    @Test
    void chainsOfCapabilitiesThatEndNowhereEnd() {
        fixture.config.put(0x71, (byte) 0x40).putInt(0x160, 0x1001_000B).putInt(0x164, 0xFFF0_0001);
        fixture.config.put(0x42, (byte) 0xFF);
        PciFunctionDescription function = fixture.make().describe();
        assertThat(function.msix()).isEqualTo(new Msix(32, 2, 0, 2, 0x800));
        assertThat(function.capabilities()).extracting(PciCapability::offset).containsExactly(0x100, 0x140);
    }

    @Test
    void aChainThatLeavesConfigurationSpaceEndsThere() {
        fixture.config.putInt(0x100, 0xFFD1_000F).putInt(0x140, 0).put(0x41, (byte) 0x08);
        PciFunctionDescription function = fixture.make().describe();
        assertThat(function.msix()).isNull();
        assertThat(function.express()).isFalse();
    }

    @Test
    void aDeviceThatTheHostDoesNotHaveIsRefusedBeforeItIsMade() {
        assertThatThrownBy(() -> fixture.make(Map.of("host", "0000:09:00.0"))).hasMessage(
                "vfio-pci: host=0000:09:00.0: the host has no such device to give away (ENODEV): host:list shows those "
                        + "it has");
    }

    @Test
    void opensTheDeviceAsALeaseAndConnectsIt() throws RealizeException {
        realized();
        assertThat(fixture.asked).containsExactly("open", "connect iommufd0");
        assertThat(fixture.held).containsOnlyKeys("device");
    }

    @Test
    void aBusyDeviceIsRefused() {
        fixture.openFails = Errno.EBUSY;
        assertThatThrownBy(this::realized).isInstanceOf(RealizeException.class).hasMessage(
                "vfio-pci: host=0000:01:00.0: the device is in use (EBUSY): host:list shows by whom, and "
                        + "what is free");
    }

    @ParameterizedTest
    @EnumSource(value = Errno.class, names = {"ENOMEM", "EPERM"})
    void anotherFailureIsToldAsItIs(Errno errno) {
        fixture.openFails = errno;
        assertThatThrownBy(this::realized).hasMessageContaining(
                "vfio-pci: host=0000:01:00.0 cannot be opened: VFIO_DEVICE_OPEN: " + errno);
    }

    @Test
    void whatCannotBeConnectedIsClosedAgain() {
        fixture.connectFails = "no";
        assertThatThrownBy(this::realized).hasMessage("no");
        assertThat(fixture.asked).containsExactly("open", "close");
        assertThat(fixture.held).isEmpty();
    }

    @Test
    void aSuccessorAdoptsTheDeviceAndItsVectorsWithoutTouchingThem() throws RealizeException, RestoreException {
        VfioDevice first = running();
        first.vectorsEnabled(true, 32);
        first.vectorUsed(3, true, new Fixture.Fd());
        VfioDevice second = fixture.make();
        second.realize(fixture);
        fixture.asked.clear();
        first.quiesce();
        second.restore(first.save());
        second.vectorsEnabled(true, 32);
        second.resume();
        first.unrealize();
        assertThat(fixture.asked).isEmpty();
        second.vectorUsed(3, true, new Fixture.Fd());
        second.vectorReleased(3, true);
        second.vectorsEnabled(true, 0);
        assertThat(fixture.asked).containsExactly("MSIX 3 connected", "MSIX 3 none", "MSIX off", "INTX 0 connected");
    }

    @Test
    void aSuccessorLeavesThePinOffWhereVectorsAreEnabledAndAllMasked() throws RealizeException, RestoreException {
        VfioDevice first = running();
        first.vectorsEnabled(true, 32);
        VfioDevice second = fixture.make();
        second.realize(fixture);
        fixture.asked.clear();
        first.quiesce();
        second.restore(first.save());
        second.vectorsEnabled(true, 32);
        second.resume();
        assertThat(fixture.asked).isEmpty();
    }

    @Test
    void whatSoftwareEnabledWhileNoModelServedIsEnabledWithoutThePinInBetween() throws RealizeException {
        VfioDevice device = realized();
        fixture.asked.clear();
        device.vectorsEnabled(true, 32);
        device.resume();
        assertThat(fixture.asked).containsExactly("MSIX 0 none");
    }

    @Test
    void aStateOfTheFirstLayoutHasEnabledWhatItHasConnected() throws RealizeException, RestoreException {
        VfioDevice device = realized();
        device.restore(new SavedState("vfio-pci", 1, Map.of(
                "host", "0000:01:00.0", "msi-vectors", new int[0], "msix-vectors", new int[] {3})));
        fixture.asked.clear();
        device.resume();
        device.vectorsEnabled(true, 32);
        assertThat(fixture.asked).isEmpty();
    }

    @Test
    void aFailedSuccessorLeavesTheDeviceOpen() throws RealizeException {
        realized();
        fixture.connectFails = "no";
        assertThatThrownBy(this::realized).hasMessage("no");
        assertThat(fixture.asked).doesNotContain("close");
        assertThat(fixture.held).containsOnlyKeys("device");
    }

    @Test
    void theStateOfAnotherDeviceIsRefused() throws RealizeException {
        VfioDevice device = realized();
        var state = new SavedState("vfio-pci", 1, Map.of("host", "0000:02:00.0"));
        assertThatThrownBy(() -> device.restore(state)).hasMessageStartingWith(
                "vfio-pci: state is of host device 0000:02:00.0, this is 0000:01:00.0");
    }

    @Test
    void vectorsAreConnectedOneByOneAndThePinIsOffWhileTheyAreEnabled() throws RealizeException {
        VfioDevice device = running();
        device.vectorsEnabled(true, 32);
        device.vectorUsed(0, true, new Fixture.Fd());
        device.vectorUsed(5, true, new Fixture.Fd());
        device.vectorReleased(0, true);
        device.vectorReleased(7, true);
        device.vectorReleased(5, true);
        assertThat(fixture.asked).containsExactly("INTX off", "MSIX 0 none", "MSIX 0 connected", "MSIX 5 connected",
                "MSIX 0 none", "MSIX 5 none");
        fixture.asked.clear();
        device.vectorsEnabled(true, 0);
        assertThat(fixture.asked).containsExactly("MSIX off", "INTX 0 connected");
    }

    @Test
    void pendingBitsAreReadWhereTheDeviceHasThem() throws RealizeException {
        VfioDevice device = running();
        assertThat(device.pendingVectors(true, 0)).isEqualTo(0x1234_5678);
        device.pendingVectors(true, 64);
        assertThat(device.pendingVectors(false, 0)).as("MSI without mask bits").isZero();
        assertThat(fixture.asked).containsExactly("read 2 0x800 8", "read 2 0x808 8");
        fixture.config.putShort(0x62, (short) 0x0186);
        VfioDevice maskable = running();
        assertThat(maskable.pendingVectors(false, 0)).isEqualTo(0x1234_5678);
        assertThat(fixture.asked).containsExactly("read 7 0x74 4");
    }

    @Test
    void messagesOfMsiAreAllottedAtOnce() throws RealizeException {
        VfioDevice device = running();
        device.vectorsEnabled(false, 4);
        device.vectorUsed(3, false, new Fixture.Fd());
        device.vectorReleased(3, false);
        assertThat(fixture.asked).containsExactly("INTX off", "MSI 0 to 3 none", "MSI 3 connected", "MSI 3 none");
        fixture.asked.clear();
        device.vectorsEnabled(false, 0);
        device.vectorsEnabled(true, 32);
        assertThat(fixture.asked).containsExactly("MSI off", "INTX 0 connected", "INTX off", "MSIX 0 none");
    }

    @Test
    void withoutAnAcceleratorThePinIsHighUntilSoftwareLooksAtARegister() throws RealizeException {
        VfioDevice device = running();
        fixture.pinTriggers.getFirst().signal();
        assertThat(fixture.pin).isTrue();
        var handler = device.describe().bars().getFirst().region().handler();
        handler.read(new Bus(), TransactionAttributes.NONE, 8, 4);
        assertThat(fixture.pin).isFalse();
        assertThat(fixture.asked).containsExactly("read 0 0x8 4", "unmask");
        handler.write(new Bus(), TransactionAttributes.NONE, 8, 4, 7);
        assertThat(fixture.asked).endsWith("write 0 0x8 4 0x7");
    }

    @Test
    void configurationAndCommandArePassedOn() throws RealizeException {
        VfioDevice device = running();
        assertThat(device.readConfig(0x44, 4)).isEqualTo(0x1234_5678);
        device.writeConfig(0x44, 1, -1);
        device.commandChanged(true, false);
        device.commandChanged(false, true);
        assertThat(fixture.asked).containsExactly("read 7 0x44 4", "write 7 0x44 1 0xff", "write 7 0x4 2 0x6",
                "write 7 0x4 2 0x402");
    }

    @Test
    void aResetReachesTheDeviceOnceBeforeAnyIommuForgets() throws RealizeException {
        VfioDevice device = running();
        for (ResetPhase phase : ResetPhase.values()) {
            device.reset(ResetKind.FUNCTION_LEVEL, phase);
        }
        assertThat(fixture.asked).containsExactly("reset");
    }

    private static final class Bus implements TransactionContext {
        private long data;

        @Override
        public long data() {
            return data;
        }

        @Override
        public void data(long value) {
            data = value;
        }
    }
}
