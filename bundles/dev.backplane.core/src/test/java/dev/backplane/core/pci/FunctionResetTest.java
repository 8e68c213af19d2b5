package dev.backplane.core.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.ResetKind;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.pci.Bar;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Resets, power states, hot plug and snapshots of functions (PCIe 6.6, 5.3, 6.7). */
class FunctionResetTest {
    private static final Bdf PORT = new Bdf(0, 2, 0);
    private static final Bdf DEVICE = new Bdf(1, 0, 0);
    private static final long BAR = 0x1000_0000L;

    private final PciBench bench = new PciBench();
    private final List<String> resets = new ArrayList<>();
    private PciBench.Plugged port;
    private PciBench.Plugged device;

    @BeforeEach
    void plug() throws Exception {
        bench.segment.onReset((functions, kind) ->
                resets.add(kind + " " + functions.stream().map(PciFunction::slot).toList()));
        port = bench.rootPort("rp", "pcie.0", 2);
        device = bench.plug("dev", "rp", 0, express());
        bench.openBridge(PORT, 1, 1);
        bench.config(PORT, ConfigRegister.MEMORY_BASE, 4, 0x1000_1000L);
        bench.config(DEVICE, 0x10, 4, BAR);
        bench.config(DEVICE, ConfigRegister.COMMAND, 2, 7);
        bench.config(DEVICE, msix() + 2, 2, 0x8000);
    }

    private static PciFunctionDescription express() {
        return PciFunctionDescription.builder(0x1234, 1)
                .express()
                .interruptPin(1)
                .msi(1, true)
                .msix(new Msix(2, 0, 0, 0, 0x800))
                .bar(new Bar(0, Bar.Kind.MEMORY_32, false, PciBench.store("bar", 0x1000)))
                .build();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private int msix() {
        return bench.capability(DEVICE, 0x11);
    }

    private int express(Bdf at) {
        return bench.capability(at, 0x10);
    }

    @Test
    void functionLevelResetTakesTheFunctionToItsInitialState() {
        int control = express(DEVICE) + ExpressCapability.DEVICE_CONTROL;
        bench.write(BAR, 8, 0x1234);
        device.context().intx().set(true);
        bench.config(DEVICE, control, 2, 0x20 | 0x8000);
        assertThat(resets).containsExactly("FUNCTION_LEVEL [dev]");
        assertThat(bench.config(DEVICE, ConfigRegister.COMMAND, 2)).isZero();
        assertThat(bench.config(DEVICE, 0x10, 4)).isZero();
        assertThat(bench.config(DEVICE, msix() + 2, 2)).isEqualTo(1);
        assertThat(bench.config(DEVICE, control, 2)).as("Max_Payload_Size stays").isEqualTo(0x2830);
        assertThat(bench.tryRead(BAR, 4)).isEqualTo(Fault.DECODE_ERROR);
        assertThat(device.context().dma().read(bench.context(), PciBench.RAM, 4)).isEqualTo(Fault.BUS_MASTER_DISABLED);
        assertThat(bench.interrupts).containsExactly("+37", "-37");
    }

    @Test
    void portHasNoFunctionLevelReset() {
        int control = express(PORT) + ExpressCapability.DEVICE_CONTROL;
        bench.config(PORT, control, 2, 0x8000);
        assertThat(resets).isEmpty();
        assertThat(bench.config(PORT, control, 2)).isZero();
    }

    @Test
    void secondaryBusResetReachesEverythingBelow() {
        bench.config(PORT, ConfigRegister.BRIDGE_CONTROL, 2, ConfigRegister.BRIDGE_SECONDARY_RESET);
        assertThat(resets).containsExactly("BUS [dev]");
        assertThat(bench.config(DEVICE, 0, 4)).isEqualTo(0xFFFF_FFFFL);
        bench.config(PORT, ConfigRegister.BRIDGE_CONTROL, 2, ConfigRegister.BRIDGE_SECONDARY_RESET);
        bench.config(PORT, ConfigRegister.BRIDGE_CONTROL, 2, 0);
        assertThat(resets).hasSize(1);
        assertThat(bench.config(DEVICE, 0, 4)).isEqualTo(0x0001_1234L);
        assertThat(bench.config(DEVICE, ConfigRegister.COMMAND, 2)).isZero();
        assertThat(bench.config(PORT, ConfigRegister.SECONDARY_BUS, 1)).isEqualTo(1);
    }

    @Test
    void coldResetOfABridgeRenumbersWhatIsBelow() {
        port.function().reset(ResetKind.COLD);
        assertThat(device.address()).isEqualTo(new Bdf(0, 0, 0));
        assertThat(bench.config(DEVICE, 0, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.tryRead(BAR, 4)).isEqualTo(Fault.DECODE_ERROR);
        assertThat(resets).as("the caller resets the models").isEmpty();
    }

    @Test
    void sleepingFunctionNeitherAnswersNorStartsAnything() {
        int control = bench.capability(DEVICE, 0x01) + ExpressCapability.POWER_CONTROL;
        device.context().intx().set(true);
        bench.config(DEVICE, control, 2, 3);
        assertThat(bench.tryRead(BAR, 4)).isEqualTo(Fault.DECODE_ERROR);
        assertThat(device.context().dma().read(bench.context(), PciBench.RAM, 4)).isEqualTo(Fault.BUS_MASTER_DISABLED);
        assertThat(bench.interrupts).containsExactly("+37", "-37");
        bench.config(DEVICE, control, 2, 0);
        bench.read(BAR, 4);
        assertThat(device.context().dma().read(bench.context(), PciBench.RAM, 4)).isEqualTo(Done.DONE);
        assertThat(bench.interrupts).containsExactly("+37", "-37", "+37");
    }

    @Test
    void powerStateThatIsNotThereIsNotEntered() {
        int control = bench.capability(DEVICE, 0x01) + ExpressCapability.POWER_CONTROL;
        for (int state = 1; state <= 2; state++) {
            bench.config(DEVICE, control, 2, state);
            assertThat(bench.config(DEVICE, control, 2) & 3).isZero();
        }
    }

    @Test
    void sleepingBridgePassesNothing() {
        bench.config(PORT, bench.capability(PORT, 0x01) + ExpressCapability.POWER_CONTROL, 2, 3);
        assertThat(bench.config(DEVICE, 0, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(bench.tryRead(BAR, 4)).isEqualTo(Fault.DECODE_ERROR);
    }

    @Test
    void slotShowsWhatIsInItAndInterruptsOnChange() throws Exception {
        int status = express(PORT) + ExpressCapability.SLOT_STATUS;
        int control = express(PORT) + ExpressCapability.SLOT_CONTROL;
        int link = express(PORT) + ExpressCapability.LINK_STATUS;
        assertThat(bench.config(PORT, status, 2)).isEqualTo(0x148);
        assertThat(bench.config(PORT, link, 2) & ExpressCapability.LINK_ACTIVE).isNotZero();
        bench.config(PORT, status, 2, 0xFFFF);
        assertThat(bench.config(PORT, status, 2)).isEqualTo(0x40);
        bench.config(PORT, control, 2, 0x1028);
        bench.segment.unplug(device.function());
        assertThat(bench.interrupts).containsExactly("+37");
        assertThat(bench.config(PORT, status, 2)).isEqualTo(0x108);
        assertThat(bench.config(PORT, link, 2) & ExpressCapability.LINK_ACTIVE).isZero();
        bench.config(PORT, status, 2, 0x108);
        assertThat(bench.interrupts).containsExactly("+37", "-37");
        long table = 0x2000_0000L;
        bench.config(PORT, 0x10, 4, table);
        bench.config(PORT, bench.capability(PORT, 0x11) + 2, 2, 0x8000);
        bench.write(table, 8, PciBench.RAM);
        bench.write(table + 8, 8, 0x99);
        bench.plug("again", "rp", 0, express());
        assertThat(bench.read(PciBench.RAM, 4)).isEqualTo(0x99);
        assertThat(bench.interrupts).hasSize(2);
    }

    @Test
    void snapshotBringsEverythingBack() {
        bench.write(BAR, 8, PciBench.RAM);
        bench.write(BAR + 8, 4, 0x51);
        device.context().sendMsi(bench.context(), 0);
        device.context().intx().set(true);
        Map<String, Object> portState = port.function().save();
        Map<String, Object> state = device.function().save();
        port.function().reset(ResetKind.COLD);
        device.function().reset(ResetKind.COLD);
        assertThat(bench.interrupts).containsExactly("+37", "-37");
        port.function().restore(portState);
        device.function().restore(state);
        assertThat(bench.interrupts).containsExactly("+37", "-37", "+37");
        assertThat(bench.config(DEVICE, 0x10, 4)).isEqualTo(BAR);
        assertThat(bench.read(BAR + 0x800, 8)).as("still pending").isEqualTo(1);
        bench.write(BAR + 12, 4, 0);
        assertThat(bench.read(PciBench.RAM, 4)).isEqualTo(0x51);
        assertThat(device.context().dma().attributes().requesterId()).isEqualTo(0x100);
    }

    @Test
    void snapshotOfAnotherFunctionIsRefusedAndNothingChanges() {
        Map<String, Object> before = device.function().save();
        assertThatThrownBy(() -> device.function().restore(port.function().save()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is of another function");
        var truncated = new HashMap<String, Object>(before);
        truncated.put("msix.table", new int[3]);
        assertThatThrownBy(() -> device.function().restore(truncated))
                .hasMessage("slot dev: saved field msix.table: expected 8 elements, found 3");
        truncated.remove("config");
        assertThatThrownBy(() -> device.function().restore(truncated))
                .hasMessage("slot dev: saved field config: expected byte[], found nothing");
        assertThat(device.function().save()).usingRecursiveComparison().isEqualTo(before);
    }

    @Test
    void parkedFunctionKeepsItsRegistersAndForgetsItsModel() {
        device.gate().park();
        device.function().park();
        assertThat(bench.config(DEVICE, 0x10, 4)).isEqualTo(BAR);
        assertThat(device.context().dma().read(bench.context(), PciBench.RAM, 4)).isEqualTo(Fault.BUS_MASTER_DISABLED);
        var successor = device.function().context(new SlotContext("dev", bench.epochs, device.gate()));
        device.function().serve(express());
        device.gate().open();
        assertThat(successor.dma().read(bench.context(), PciBench.RAM, 4)).isEqualTo(Done.DONE);
        bench.write(BAR + 0x100, 4, 0x77);
        assertThat(bench.read(BAR + 0x100, 4)).isEqualTo(0x77);
    }
}
