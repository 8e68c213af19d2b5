package dev.backplane.kvm.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.accelerator.GsiRoute;
import dev.backplane.accelerator.GsiRoute.Msi;
import dev.backplane.accelerator.GsiRoute.Pin;
import dev.backplane.accelerator.Irqchip;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.EventFd;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SimVmTest {
    private static final long DOORBELL = 0x0809_0040L;

    private final List<String> injected = new ArrayList<>();
    private final VirtualMachine vm = new KvmSim().createVm("b", new Irqchip() {
        @Override
        public boolean deliverMsi(long address, int data, int deviceId) {
            injected.add("msi 0x%x 0x%x 0x%x".formatted(address, data, deviceId));
            return address == DOORBELL;
        }

        @Override
        public void setSpi(int intid, boolean asserted) {
            injected.add((asserted ? "+" : "-") + intid);
        }
    });

    private static void refused(Errno errno, String detail, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(HostException.class, refusal -> assertThat(refusal.errno()).isEqualTo(errno))
                .hasMessageContaining(detail);
    }

    private static String value(InspectNode node, String name) {
        return node.child(name).value();
    }

    @Test
    void aSignalInjectsWhatTheTableSaysOfItsGsiNow() throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 5, null);
        vm.setGsiRouting(List.of(new Msi(5, DOORBELL, 0x11, 0x100)));
        event.signal();
        vm.setGsiRouting(List.of(new Msi(5, DOORBELL, 0x22, 0x200)));
        event.signal();
        assertThat(injected).containsExactly("msi 0x8090040 0x11 0x100", "msi 0x8090040 0x22 0x200");
        assertThat(event.signals()).isEqualTo(2);
        assertThat(vm.inspect().child("irqfds").children()).singleElement()
                .satisfies(irqfd -> assertThat(irqfd.value()).isEqualTo("fired 2, lost 0"));
    }

    @Test
    void aSignalWithoutARouteIsLostAndCounted() throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 7, null);
        event.signal();
        assertThat(injected).isEmpty();
        assertThat(value(vm.inspect(), "unrouted")).isEqualTo("1");
        assertThat(value(vm.inspect(), "delivered")).isEqualTo("0");
    }

    /** As KVM_IRQFD looks at the event first, whose signals nobody has read. */
    @Test
    void aSignalOfAnEventThatInjectsNothingIsKeptAndInjectedOnce() throws HostException {
        EventFd event = vm.eventFd();
        vm.setGsiRouting(List.of(new Msi(5, DOORBELL, 0x11, 0x100)));
        event.signal();
        event.signal();
        assertThat(injected).isEmpty();
        vm.assignIrqfd(event, 5, null);
        assertThat(injected).containsExactly("msi 0x8090040 0x11 0x100");
        vm.deassignIrqfd(event, 5);
        vm.assignIrqfd(event, 5, null);
        assertThat(injected).as("once").hasSize(1);
        vm.deassignIrqfd(event, 5);
        event.signal();
        assertThat(event.take()).isTrue();
        assertThat(event.take()).isFalse();
        vm.assignIrqfd(event, 5, null);
        assertThat(injected).as("taken").hasSize(1);
    }

    @Test
    void aSignalThatWakesSomebodyOrInjectsIsNotKept() throws HostException {
        EventFd event = vm.eventFd();
        event.onSignal(() -> injected.add("woken"));
        event.signal();
        assertThat(event.take()).isFalse();
        event.onSignal(null);
        vm.assignIrqfd(event, 5, null);
        event.signal();
        assertThat(event.take()).as("without a route it is lost, as in KVM").isFalse();
        event.close();
        event.signal();
        assertThat(event.take()).as("closed").isFalse();
        assertThat(injected).containsExactly("woken");
    }

    @Test
    void noSignalIsLostWhileTheEventIsGivenAndTakenItsGsi() throws Exception {
        var arrived = new AtomicInteger();
        VirtualMachine busy = new KvmSim().createVm("busy", new Irqchip() {
            @Override
            public boolean deliverMsi(long address, int data, int deviceId) {
                arrived.incrementAndGet();
                return true;
            }

            @Override
            public void setSpi(int intid, boolean asserted) {}
        });
        busy.setGsiRouting(List.of(new Msi(0, DOORBELL, 1, 1)));
        EventFd event = busy.eventFd();
        for (int round = 0; round < 2_000; round++) {
            int before = arrived.get();
            var signalling = new Thread(event::signal);
            signalling.start();
            busy.assignIrqfd(event, 0, null);
            busy.deassignIrqfd(event, 0);
            signalling.join();
            busy.assignIrqfd(event, 0, null);
            busy.deassignIrqfd(event, 0);
            assertThat(arrived).as("round %d", round).hasValue(before + 1);
        }
    }

    @Test
    void aMessageToAnAddressThatIsNoDoorbellIsLostAndCounted() throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 0, null);
        vm.setGsiRouting(List.of(new Msi(0, 0x4000_0000L, 1, 8)));
        event.signal();
        assertThat(value(vm.inspect(), "undelivered")).isEqualTo("1");
        assertThat(value(vm.inspect(), "delivered")).isEqualTo("0");
    }

    /** Its thread has been delayed between looking at the event and looking at the table. */
    @Test
    void aSignalUnderWayDoesNotInjectWhatAnotherHasGotTheGsiFor() throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 5, null);
        vm.setGsiRouting(List.of(new Msi(5, DOORBELL, 0x11, 0x100)));
        Irqfd delayed = ((SimEventFd) event).irqfd();
        vm.deassignIrqfd(event, 5);
        vm.setGsiRouting(List.of(new Msi(5, DOORBELL, 0x22, 0x200)));
        vm.assignIrqfd(vm.eventFd(), 5, null);
        delayed.fire();
        assertThat(injected).isEmpty();
    }

    @Test
    void aPinThatFiresWhileItIsTakenAwayStaysDeasserted() throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 3, vm.eventFd());
        vm.setGsiRouting(List.of(new Pin(3, 4)));
        Irqfd delayed = ((SimEventFd) event).irqfd();
        event.signal();
        vm.deassignIrqfd(event, 3);
        delayed.fire();
        assertThat(injected).containsExactly("+36", "-36");
    }

    @Test
    void anEdgeOnAPinIsAPulse() throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 3, null);
        vm.setGsiRouting(List.of(new Pin(3, 4)));
        event.signal();
        assertThat(injected).containsExactly("+36", "-36");
    }

    @Test
    void aLevelStaysUntilTheGuestEndsItAndThenAllSourcesAreAsked() throws HostException {
        EventFd one = vm.eventFd();
        EventFd other = vm.eventFd();
        EventFd resampleOne = vm.eventFd();
        EventFd resampleOther = vm.eventFd();
        vm.assignIrqfd(one, 3, resampleOne);
        vm.assignIrqfd(other, 4, resampleOther);
        vm.setGsiRouting(List.of(new Pin(3, 4), new Pin(4, 4)));
        one.signal();
        other.signal();
        assertThat(injected).containsExactly("+36");
        resampleOther.onSignal(other::signal);
        vm.ended(35);
        assertThat(resampleOne.signals()).isZero();
        vm.ended(36);
        assertThat(resampleOne.signals()).isOne();
        // The other one still has a reason: up again.
        assertThat(injected).containsExactly("+36", "-36", "+36");
    }

    @Test
    void theLastSourceOfALevelTakesItDownWhenItLeaves() throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 3, vm.eventFd());
        vm.setGsiRouting(List.of(new Pin(3, 4)));
        event.signal();
        vm.deassignIrqfd(event, 3);
        assertThat(injected).containsExactly("+36", "-36");
        event.signal();
        assertThat(injected).hasSize(2);
    }

    @Test
    void anEventInjectsOneGsiAtATime() throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 1, null);
        refused(Errno.EBUSY, "GSI 1 already", () -> vm.assignIrqfd(event, 2, null));
        refused(Errno.ENOENT, "GSI 2", () -> vm.deassignIrqfd(event, 2));
        vm.deassignIrqfd(event, 1);
        refused(Errno.ENOENT, "GSI 1", () -> vm.deassignIrqfd(event, 1));
        vm.assignIrqfd(event, 2, null);
    }

    @Test
    void anEventOfSomebodyElseIsRefused() {
        var signalled = new AtomicInteger();
        EventFd foreign = new EventFd() {
            @Override
            public void signal() {
                signalled.incrementAndGet();
            }

            @Override
            public void onSignal(Runnable listener) {}

            @Override
            public long signals() {
                return signalled.get();
            }

            @Override
            public void close() {}
        };
        refused(Errno.EINVAL, "none of this accelerator", () -> vm.assignIrqfd(foreign, 1, null));
    }

    static List<List<GsiRoute>> badTables() {
        return List.of(
                List.of(new Msi(SimVm.GSIS, DOORBELL, 0, 0)),
                List.of(new Msi(-1, DOORBELL, 0, 0)),
                List.of(new Msi(1, DOORBELL, 0, 0), new Pin(1, 0)),
                List.of(new Pin(1, 988)),
                List.of(new Msi(1, DOORBELL, 0, 0x1_0000)));
    }

    @ParameterizedTest
    @MethodSource("badTables")
    void aBadTableLeavesTheOldOne(List<GsiRoute> bad) throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 1, null);
        vm.setGsiRouting(List.of(new Msi(1, DOORBELL, 9, 9)));
        refused(Errno.EINVAL, "", () -> vm.setGsiRouting(bad));
        event.signal();
        assertThat(injected).containsExactly("msi 0x8090040 0x9 0x9");
    }

    @Test
    void gsisBeyondTheTableAreRefused() {
        refused(Errno.EINVAL, "GSI 4096", () -> vm.assignIrqfd(vm.eventFd(), SimVm.GSIS, null));
        assertThat(vm.gsis()).isEqualTo(SimVm.GSIS);
    }

    @Test
    void withTheInterruptControllersInUserSpaceThereIsNothingToRoute() {
        VirtualMachine split = new KvmSim().createVm("b", null);
        assertThat(split.irqchipInKernel()).isFalse();
        assertThat(split.gsis()).isZero();
        refused(Errno.EINVAL, "no interrupt controller in the kernel", () -> split.setGsiRouting(List.of()));
        refused(Errno.EINVAL, "no interrupt controller in the kernel",
                () -> split.assignIrqfd(split.eventFd(), 0, null));
        var woken = new AtomicInteger();
        EventFd event = split.eventFd();
        event.onSignal(woken::incrementAndGet);
        event.signal();
        assertThat(woken).hasValue(1);
    }

    @Test
    void aClosedEventDoesNothingAnyMore() throws HostException {
        EventFd event = vm.eventFd();
        vm.assignIrqfd(event, 1, null);
        vm.setGsiRouting(List.of(new Msi(1, DOORBELL, 9, 9)));
        event.close();
        event.signal();
        assertThat(injected).isEmpty();
        assertThat(event.signals()).isZero();
        assertThat(vm.inspect().child("irqfds").children()).isEmpty();
    }

    @Test
    void aDestroyedMachineInjectsNothing() throws HostException {
        EventFd event = vm.eventFd();
        EventFd level = vm.eventFd();
        vm.assignIrqfd(event, 1, null);
        vm.assignIrqfd(level, 2, vm.eventFd());
        vm.setGsiRouting(List.of(new Msi(1, DOORBELL, 9, 9), new Pin(2, 0)));
        level.signal();
        vm.close();
        event.signal();
        level.signal();
        assertThat(injected).containsExactly("+32", "-32");
        refused(Errno.ENODEV, "is gone", () -> vm.setGsiRouting(List.of()));
    }
}
