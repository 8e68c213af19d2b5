package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.accelerator.MsiRoutes.Route;
import dev.backplane.device.ResetKind;
import dev.backplane.irq.EventFd;
import org.junit.jupiter.api.Test;

/** When a vector has a route, and how long. */
class RouteLifeTest extends RoutedBoard {
    @Test
    void aVectorHasARouteWhileItIsEnabledAndNotMasked() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        use(0, DOORBELL, 7);
        assertThat(routes()).as("not enabled").isEmpty();
        enableMsix(true);
        assertThat(devices.journal).endsWith("uses msix0");
        EventFd trigger = device.used.get("msix0");
        mask(0, true);
        assertThat(routes()).isEmpty();
        assertThat(devices.journal).endsWith("releases msix0");
        trigger.signal();
        assertThat(received()).isZero();
        mask(0, false);
        assertThat(device.used.get("msix0")).as("the same event").isSameAs(trigger);
        trigger.signal();
        assertThat(received()).isEqualTo(7);
        config(capability(MSIX) + 2, 2, 0xC000);
        assertThat(routes()).as("masked as a whole").isEmpty();
        enableMsix(true);
        assertThat(routes()).hasSize(1);
        enableMsix(false);
        assertThat(routes()).isEmpty();
        assertThat(kvm.irqfds).isEmpty();
    }

    @Test
    void aRewriteReachesTheNextSignal() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        int tables = kvm.tables;
        program(0, DOORBELL, 8);
        assertThat(kvm.tables).as("one new table for the word that changed").isEqualTo(tables + 1);
        device.used.get("msix0").signal();
        assertThat(received()).isEqualTo(8);
        assertThat(devices.journal).filteredOn(entry -> entry.equals("uses msix0")).hasSize(1);
    }

    @Test
    void vectorsOfMsiAreRoutedWithTheirOwnData() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        int msi = capability(MSI);
        config(msi + 4, 4, (int) DOORBELL);
        config(msi + 8, 4, (int) (DOORBELL >>> 32));
        config(msi + 0xC, 2, 0x40);
        config(msi + 2, 2, 1 << 4 | 1);
        assertThat(routes()).extracting(Route::data).containsExactly(0x40, 0x41);
        assertThat(device.used).containsOnlyKeys("msi0", "msi1");
        device.used.get("msi1").signal();
        assertThat(received()).isEqualTo(0x41);
        config(msi + 0x10, 4, 2);
        assertThat(device.used).containsOnlyKeys("msi0");
        config(msi + 2, 2, 0);
        assertThat(device.used).isEmpty();
    }

    @Test
    void aResetOfTheFunctionEndsItsRoutes() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        board.reset(ResetKind.COLD);
        assertThat(routes()).isEmpty();
        assertThat(device.used).isEmpty();
    }

    @Test
    void routesStayWhileNoModelServesAndTheNextOneIsTold() throws Exception {
        accelerated();
        plugIommu();
        iommus.offset = 0L;
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        use(1, DOORBELL, 8);
        EventFd trigger = device.used.get("msix0");
        bench.withdraw(deviceOffer);
        bench.withdraw(iommuOffer);
        assertThat(routes()).hasSize(2);
        assertThat(refusals()).isEmpty();
        trigger.signal();
        assertThat(received()).isEqualTo(7);
        config(capability(MSIX) + 2, 2, 0xC000);
        assertThat(routes()).isEmpty();
        config(capability(MSIX) + 2, 2, 0x8000);
        bench.registry.offer(iommus.offer(21));
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.last()).isNotSameAs(device);
        assertThat(devices.last().used).containsOnlyKeys("msix0", "msix1").containsEntry("msix0", trigger);
        assertThat(routes()).hasSize(2);
    }

    @Test
    void unplugEndsRoutesAndEvents() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        device.context.pinTrigger(kvm.new Event());
        enableMsix(true);
        use(0, DOORBELL, 7);
        assertThat(kvm.table).hasSize(2);
        board.unplug("nic0");
        assertThat(kvm.table).isEmpty();
        assertThat(kvm.irqfds).isEmpty();
        assertThat(kvm.events).noneMatch(event -> event.open);
    }

    @Test
    void anEventThatCannotBeClosedLeavesNothingElseBehind() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        device.context.pinTrigger(kvm.new Event());
        enableMsix(true);
        use(0, DOORBELL, 7);
        use(1, DOORBELL, 8);
        kvm.closesBadly = true;
        board.unplug("nic0");
        kvm.closesBadly = false;
        assertThat(kvm.table).isEmpty();
        assertThat(kvm.irqfds).isEmpty();
        assertThat(kvm.events).noneMatch(event -> event.open);
    }
}
