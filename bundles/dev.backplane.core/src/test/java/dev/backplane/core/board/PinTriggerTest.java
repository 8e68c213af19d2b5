package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.irq.EventFd;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

/** Pins that reach their input through the accelerator. */
class PinTriggerTest extends RoutedBoard {
    @Test
    void aPinAssertsItsInputThroughTheAcceleratorAndASuccessorKeepsIt() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        var changes = new ArrayList<String>();
        EventFd pin;
        EventFd resample = kvm.new Event();
        try (var observing = board.observeInputs("gic", (intid, asserted) -> changes.add((asserted ? "+" : "-") + intid))) {
            assertThat(observing).isNotNull();
            pin = device.context.pinTrigger(resample).orElseThrow();
            pin.signal();
        }
        assertThat(changes).containsExactly("+38");
        assertThat(kvm.resamples.get(pin)).isSameAs(resample);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.last().context.pinTrigger(resample)).containsSame(pin);
        assertThat(kvm.connections).as("no moment in which a signal is lost").isOne();
        EventFd other = kvm.new Event();
        assertThat(devices.last().context.pinTrigger(other)).containsSame(pin);
        assertThat(kvm.resamples.get(pin)).isSameAs(other);
    }

    @Test
    void aPinThatTheAcceleratorDoesNotConnectLeavesNoRouteAndMayBeAskedForAgain() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        kvm.refusesIrqfds = true;
        assertThat(device.context.pinTrigger(kvm.new Event())).isEmpty();
        assertThat(kvm.table).isEmpty();
        kvm.refusesIrqfds = false;
        assertThat(device.context.pinTrigger(kvm.new Event())).isPresent();
        assertThat(kvm.table).hasSize(1);
    }
}
