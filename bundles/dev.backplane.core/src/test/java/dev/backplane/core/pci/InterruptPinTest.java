package dev.backplane.core.pci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciFunctionDescription;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** INTx: wired through bridges, level, ORed, gated by Interrupt Disable (PCIe 2.2.8.1, 7.5.1.1.3). */
class InterruptPinTest {
    private final PciBench bench = new PciBench();

    @AfterEach
    void close() {
        bench.close();
    }

    private static PciFunctionDescription withPin(int pin) {
        return PciFunctionDescription.builder(0x1234, 1).interruptPin(pin).build();
    }

    @ParameterizedTest
    @CsvSource({
        // device, pin, INTID
        "1, 1, 36", "1, 4, 35", "2, 1, 37", "3, 1, 38", "4, 1, 35", "4, 2, 36", "31, 3, 36"
    })
    void deviceNumberSwizzlesThePin(int deviceNumber, int pin, int intid) throws Exception {
        PciBench.Plugged device = bench.plug("dev", "pcie.0", deviceNumber, withPin(pin));
        device.context().intx().set(true);
        device.context().intx().set(true);
        device.context().intx().set(false);
        assertThat(bench.interrupts).containsExactly("+" + intid, "-" + intid);
    }

    @ParameterizedTest
    @CsvSource({"0, 37", "1, 38", "2, 35", "5, 38"})
    void everyBridgeOnTheWaySwizzles(int deviceNumber, int intid) throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        bench.plug(new PciePciBridgeFactory(), "br", "rp", 0, Map.of());
        bench.plug("dev", "br", deviceNumber, withPin(1)).context().intx().set(true);
        assertThat(bench.interrupts).containsExactly("+" + intid);
    }

    @Test
    void expanderBusIsWiredAsARootBus() throws Exception {
        bench.expander("pxb", 3, 64);
        bench.plug("dev", "pxb", 1, withPin(1)).context().intx().set(true);
        assertThat(bench.interrupts).containsExactly("+36");
    }

    @Test
    void inputIsTheOrOfItsSources() throws Exception {
        PciBench.Plugged one = bench.plug("one", "pcie.0", 1, withPin(1));
        PciBench.Plugged two = bench.plug("two", "pcie.0", 5, withPin(1));
        one.context().intx().set(true);
        two.context().intx().set(true);
        one.context().intx().set(false);
        assertThat(bench.interrupts).containsExactly("+36");
        two.context().intx().set(false);
        assertThat(bench.interrupts).containsExactly("+36", "-36");
    }

    @Test
    void interruptDisableHidesThePinButNotTheStatus() throws Exception {
        PciBench.Plugged device = bench.plug("dev", "pcie.0", 1, withPin(1));
        Bdf at = device.address();
        device.context().intx().set(true);
        bench.config(at, ConfigRegister.COMMAND, 2, ConfigRegister.COMMAND_INTX_DISABLE);
        assertThat(bench.config(at, ConfigRegister.STATUS, 2) & ConfigRegister.STATUS_INTERRUPT).isNotZero();
        bench.config(at, ConfigRegister.COMMAND, 2, 0);
        device.context().intx().set(false);
        assertThat(bench.interrupts).containsExactly("+36", "-36", "+36", "-36");
        assertThat(bench.config(at, ConfigRegister.STATUS, 2) & ConfigRegister.STATUS_INTERRUPT).isZero();
    }

    @Test
    void levelIsRightAfterThreadsHaveToggledPinAndDisable() throws Exception {
        PciBench.Plugged one = bench.plug("one", "pcie.0", 1, withPin(1));
        PciBench.Plugged two = bench.plug("two", "pcie.0", 5, withPin(1));
        var threads = new ArrayList<Thread>();
        for (PciBench.Plugged device : List.of(one, two)) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i <= 5_000; i++) {
                    device.context().intx().set((i & 1) == 0);
                }
            }));
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i <= 5_000; i++) {
                    bench.config(device.address(), ConfigRegister.COMMAND, 2, (i & 1) << 10);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(bench.interrupts.getLast()).isEqualTo("+36");
        two.context().intx().set(false);
        assertThat(bench.interrupts.getLast()).isEqualTo("+36");
        one.context().intx().set(false);
        assertThat(bench.interrupts.getLast()).isEqualTo("-36");
        for (int i = 0; i < bench.interrupts.size(); i++) {
            assertThat(bench.interrupts.get(i)).isEqualTo((i & 1) == 0 ? "+36" : "-36");
        }
    }

    @Test
    void functionWithoutPinIsNotWired() throws Exception {
        bench.plug("dev", "pcie.0", 1, withPin(0)).context().intx().set(true);
        assertThat(bench.interrupts).isEmpty();
    }

    @Test
    void unpluggedFunctionLetsGoOfTheLine() throws Exception {
        PciBench.Plugged device = bench.plug("dev", "pcie.0", 1, withPin(1));
        device.context().intx().set(true);
        bench.segment.unplug(device.function());
        device.context().intx().set(true);
        assertThat(bench.interrupts).containsExactly("+36", "-36");
    }
}
