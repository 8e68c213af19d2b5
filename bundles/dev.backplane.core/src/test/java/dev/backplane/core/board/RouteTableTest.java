package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.accelerator.GsiRoute;
import dev.backplane.accelerator.MsiRoutes.Route;
import dev.backplane.board.DeviceRequest;
import dev.backplane.irq.EventFd;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** GSIs and the accelerator's table, which may be full or refuse a change. */
class RouteTableTest extends RoutedBoard {
    @Test
    void aTableThatTheAcceleratorRefusesLeavesTheRouteBefore() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        kvm.refuses = true;
        program(0, DOORBELL, 8);
        assertThat(route().data()).isEqualTo(7);
        use(1, DOORBELL, 9);
        assertThat(routes()).hasSize(1);
        assertThat(device.used).containsOnlyKeys("msix0");
        assertThat(refusals()).hasSize(2).allSatisfy(refusal -> assertThat(refusal.reason()).contains("planted"));
        kvm.refuses = false;
        program(1, DOORBELL, 9);
        assertThat(routes()).hasSize(2);
    }

    @Test
    void gsisRunOutVisiblyAndAreUsedAgain() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        board.plug(new DeviceRequest(IrqfdModel.TYPE, "dev0", "", "4", Map.of()));
        enableMsix(true);
        for (int vector = 0; vector < 4; vector++) {
            use(vector, DOORBELL, vector);
        }
        assertThat(device.context.pinTrigger(kvm.new Event())).isEmpty();
        mask(1, true);
        EventFd resample = kvm.new Event();
        assertThat(device.context.pinTrigger(resample)).isPresent();
        assertThat(kvm.table).containsEntry(1, new GsiRoute.Pin(1, 35 + 3 - 32));
        use(1, DOORBELL, 1);
        assertThat(refusals()).first().satisfies(refusal -> assertThat(refusal.reason()).contains("all 4 GSIs"));
    }

    @Test
    void nobodyGetsAGsiThatTheAcceleratorHasNotTakenOut() throws Exception {
        accelerated();
        plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        use(1, DOORBELL, 8);
        kvm.refuses = true;
        mask(0, true);
        assertThat(routes()).extracting(Route::gsi).containsExactly(1);
        assertThat(kvm.table).containsOnlyKeys(0, 1);
        kvm.refuses = false;
        use(2, DOORBELL, 9);
        assertThat(routes()).extracting(Route::gsi).as("0 was in the table").containsExactly(1, 2);
        assertThat(kvm.table).containsOnlyKeys(1, 2);
        use(3, DOORBELL, 10);
        assertThat(routes()).extracting(Route::gsi).containsExactly(0, 1, 2);
    }

    @Test
    void gsisThatWaitToBeTakenOutMakeRoomWhenThereIsNoOther() throws Exception {
        accelerated();
        plugDevice();
        enableMsix(true);
        for (int vector = 0; vector < 4; vector++) {
            use(vector, DOORBELL, vector);
        }
        kvm.refuses = true;
        mask(0, true);
        kvm.refuses = false;
        mask(0, false);
        assertThat(routes()).hasSize(4);
        assertThat(kvm.table).hasSize(4);
    }
}
