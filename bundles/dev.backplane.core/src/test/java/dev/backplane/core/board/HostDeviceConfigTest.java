package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.pci.Bdf;
import org.junit.jupiter.api.Test;

/** Configuration space of a host device: what is the hardware's, what the engine's, and what a reset does to it. */
class HostDeviceConfigTest extends HostDeviceBoard {
    private int config(int offset, int size) {
        return board.pci().readConfig(board.epochs().context(), Bdf.parse("00:03.0"), offset, size);
    }

    private void config(int offset, int size, int value) {
        board.pci().writeConfig(board.epochs().context(), Bdf.parse("00:03.0"), offset, size, value);
    }

    @Test
    void whatTheEngineDoesNotEmulateIsTheDevices() throws Exception {
        plug("nic0", "3", ONE);
        byte[] device = host.devices.get(ONE).config;
        for (int at = 0; at < device.length; at++) {
            device[at] = (byte) (0xA0 | at & 0xF);
        }
        assertThat(config(0, 4)).as("IDs").isEqualTo(0x1234_8086);
        assertThat(config(0x34, 1)).as("first capability").isGreaterThanOrEqualTo(0x40);
        assertThat(config(HostDeviceModel.VENDOR_CAPABILITY, 1)).as("a described header").isEqualTo(0x09);
        assertThat(config(HostDeviceModel.VENDOR_CAPABILITY + 2, 2)).as("its body").isEqualTo(0xA3A2);
        assertThat(config(HostDeviceModel.VENDOR_CAPABILITY, 4) >>> 16).as("both in one access").isEqualTo(0xA3A2);
        assertThat(config(0xE0, 4)).as("what nobody described").isEqualTo(0xA3A2A1A0);
        assertThat(config(0x200, 4)).isEqualTo(0xA3A2A1A0);

        config(HostDeviceModel.VENDOR_CAPABILITY, 4, 0x55667788);
        assertThat(devices.journal).contains("config 0xc2 2 0x5566");
        assertThat(device[HostDeviceModel.VENDOR_CAPABILITY]).as("the header is not written").isEqualTo((byte) 0xA0);
        config(0x04, 2, 0x406);
        assertThat(devices.journal).endsWith("master on, pin off");
        assertThat(device[4]).isEqualTo((byte) 0xA4);
    }

    /** Its pin may reach the interrupt controller past the engine, so the engine cannot know. */
    @Test
    void interruptStatusIsTheDevices() throws Exception {
        plug("nic0", "3", ONE);
        byte[] device = host.devices.get(ONE).config;
        device[6] = (byte) 0xFF;
        assertThat(config(6, 2)).isEqualTo(0x18);
        assertThat(config(6, 1)).isEqualTo(0x18);
        assertThat(config(4, 4)).isEqualTo(0x18_0000);
        assertThat(config(7, 1)).isZero();
        config(4, 2, 0x400);
        assertThat(config(6, 2)).as("Interrupt Disable").isEqualTo(0x18);
        bench.withdraw(deviceOffer);
        assertThat(config(6, 2)).as("the device is there still").isEqualTo(0x18);
        device[6] = 0;
        assertThat(config(6, 2)).isEqualTo(0x10);
    }

    @Test
    void whileNoModelServesReadsAnswerWhatWasThereAndWritesWait() throws Exception {
        plug("nic0", "3", ONE);
        host.devices.get(ONE).config[0xE0] = 0x11;
        assertThat(config(0xE0, 1)).isEqualTo(0x11);
        bench.withdraw(deviceOffer);
        host.devices.get(ONE).config[0xE0] = 0x22;
        assertThat(config(0xE0, 1)).isEqualTo(0x11);
        config(0xE4, 1, 0x33);
        assertThat(host.devices.get(ONE).config[0xE4]).isZero();
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(host.devices.get(ONE).config[0xE4]).isEqualTo((byte) 0x33);
        assertThat(config(0xE0, 1)).isEqualTo(0x22);
    }

    /** Software takes bus mastering away to rely on it, so the hardware learns of it at once. */
    @Test
    void whileNoModelServesCommandReachesTheHardware() throws Exception {
        plug("nic0", "3", ONE);
        config(0x04, 2, 0x6);
        bench.withdraw(deviceOffer);
        byte[] device = host.devices.get(ONE).config;
        config(0x04, 2, 0x402);
        assertThat(device[4]).as("memory space").isEqualTo((byte) 0x02);
        assertThat(device[5]).as("interrupt disable").isEqualTo((byte) 0x04);
        config(0x04, 2, 0x6);
        assertThat(device[4]).as("memory space, bus master").isEqualTo((byte) 0x06);
        assertThat(device[5]).isZero();
    }

    /** Software may go on for as long as it likes. */
    @Test
    void ofWritesThatWaitForAModelTheLastOfEachPlaceCounts() throws Exception {
        plug("nic0", "3", ONE);
        bench.withdraw(deviceOffer);
        devices.journal.clear();
        for (int i = 0; i < 1_000; i++) {
            config(0xE4, 4, i);
            config(0xE4, 1, i);
        }
        config(0xE8, 2, 1);
        config(0xE4, 4, 0x1234);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.journal).filteredOn(step -> step.startsWith("config"))
                .containsExactly("config 0xe4 1 0xe7", "config 0xe8 2 0x1", "config 0xe4 4 0x1234");
    }

    @Test
    void hardwareWhoseModelIsAwayIsResetAtOnceAndNothingWaitsFromBefore() throws Exception {
        plug("nic0", "3", ONE);
        config(0x04, 2, 0x6);
        bench.withdraw(deviceOffer);
        config(0xE4, 1, 0x33);
        host.journal.clear();
        board.reset(ResetKind.COLD);
        assertThat(host.journal).containsExactly("reset " + ONE);
        assertThat(host.devices.get(ONE).config[4]).as("memory space alone").isEqualTo((byte) 0x02);
        config(0xE8, 1, 0x44);
        devices.journal.clear();
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.journal).filteredOn(step -> step.startsWith("config"))
                .containsExactly("config 0xe8 1 0x44");
        assertThat(devices.last().resets).containsExactly(ResetPhase.values());
        assertThat(host.live).as("leases are adopted").isNotEmpty();
    }

    @Test
    void hardwareWhoseModelServesIsLeftToIt() throws Exception {
        plug("nic0", "3", ONE);
        host.journal.clear();
        board.reset(ResetKind.COLD);
        assertThat(host.journal).isEmpty();
        assertThat(devices.last().resets).endsWith(ResetPhase.values());
    }

    @Test
    void nothingPassesAnIommuThatWasResetWhileItsModelIsAwayUntilTheNextOneSaysSo() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        bench.withdraw(iommuOffer);
        assertThat(host.devices.get(ONE).table).isNotNull();
        board.reset(ResetKind.COLD);
        assertThat(host.devices.get(ONE).table).isNull();
        iommus.journal.clear();
        iommuOffer = iommus.offer(21);
        bench.registry.offer(iommuOffer);
        bench.settled(board);
        assertThat(iommus.journal).containsExactly("2 unset 00:03.0", "2 set 00:03.0 " + ONE);
        assertThat(host.devices.get(ONE).table).isNotNull();
        host.journal.clear();
        bench.withdraw(iommuOffer);
        bench.registry.offer(iommus.offer(22));
        bench.settled(board);
        assertThat(host.journal).as("no reset since: hardware is left as it is").isEmpty();
    }
}
