package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.irq.EventFd;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages that come for vectors which software has masked while no model serves. */
class PendingMessageTest extends RoutedBoard {
    /** The hardware goes on sending what no model tells it to keep. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aMessageOfAVectorThatIsMaskedWhileNoModelServesPendsAndIsSentOnceWhenItIsUnmasked(boolean unmaskedByThen)
            throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        use(1, DOORBELL, 8);
        EventFd trigger = device.used.get("msix1");
        var writes = new ArrayList<Long>();
        try (var recording = board.record("kvm", (write, address, length) -> writes.add(address))) {
            assertThat(recording).isNotNull();
            bench.withdraw(deviceOffer);
            config(capability(MSIX) + 2, 2, 0xC000);
            trigger.signal();
            trigger.signal();
            if (unmaskedByThen) {
                assertThat(writes).isEmpty();
                enableMsix(true);
                assertThat(received()).isEqualTo(8);
            }
            bench.registry.offer(devices.offer(11));
            bench.settled(board);
            if (!unmaskedByThen) {
                assertThat(writes).isEmpty();
                assertThat(devices.last().used).isEmpty();
                assertThat(Bench.read(board, BAR + 0x800)).as("pending").isEqualTo(2);
                devices.last().pendingMsix = 4;
                assertThat(Bench.read(board, BAR + 0x800)).as("beside what the device keeps").isEqualTo(6);
                devices.last().pendingMsix = 0;
                enableMsix(true);
                assertThat(received()).isEqualTo(8);
            }
            assertThat(writes).as("as one message").hasSize(1);
            assertThat(Bench.read(board, BAR + 0x800)).isZero();
            devices.last().used.get("msix1").signal();
            assertThat(writes).hasSize(2);
        }
    }

    @Test
    void pendingBitsOfMsiShowWhatCameWhileNoModelServes() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        int msi = capability(MSI);
        config(msi + 4, 4, (int) DOORBELL);
        config(msi + 8, 4, (int) (DOORBELL >>> 32));
        config(msi + 0xC, 2, 0x40);
        config(msi + 2, 2, 1 << 4 | 1);
        EventFd trigger = device.used.get("msi1");
        bench.withdraw(deviceOffer);
        config(msi + 0x10, 4, 2);
        trigger.signal();
        assertThat(config(msi + 0x14, 4)).isEqualTo(2);
        assertThat(received()).isZero();
        config(msi + 0x10, 4, 0);
        assertThat(received()).isEqualTo(0x41);
        assertThat(config(msi + 0x14, 4)).isZero();
    }

    @Test
    void aMessageThatPendsIsGoneWhenSoftwareDisablesTheVectors() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        EventFd trigger = device.used.get("msix0");
        bench.withdraw(deviceOffer);
        config(capability(MSIX) + 2, 2, 0xC000);
        trigger.signal();
        enableMsix(false);
        trigger.signal();
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(Bench.read(board, BAR + 0x800)).isZero();
        enableMsix(true);
        assertThat(routes()).hasSize(1);
        assertThat(received()).isZero();
    }
}
