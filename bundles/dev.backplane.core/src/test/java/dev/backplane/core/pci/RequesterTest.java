package dev.backplane.core.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.PciFabric;
import dev.backplane.board.PlugException;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.device.DeviceContext;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.memory.Translation;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who a function's transactions come from, whether it may start them, and which IOMMU they meet. */
class RequesterTest {
    private static final PciFunctionDescription DEVICE = PciFunctionDescription.builder(0x1234, 1).build();

    private final PciBench bench = new PciBench();
    private final DeviceGate iommuGate = new DeviceGate("smmu0", bench.epochs, Duration.ofMinutes(1));

    @AfterEach
    void close() {
        bench.close();
    }

    /** An IOMMU that adds an offset to every address and notes who translated. */
    private static final class Adder implements PciIommuOps {
        final List<PciRequester> asked = new CopyOnWriteArrayList<>();
        final List<Integer> streams = new CopyOnWriteArrayList<>();
        private final long offset;

        Adder(long offset) {
            this.offset = offset;
        }

        @Override
        public Optional<String> supportsAddressSpace(PciRequester function) {
            return function.deviceType().equals("unwanted")
                    ? Optional.of("no unwanted devices here")
                    : Optional.empty();
        }

        @Override
        public DmaAddressSpace addressSpace(PciRequester function) {
            asked.add(function);
            return new DmaAddressSpace.Translating() {
                @Override
                public Translation translate(
                        TransactionContext context, TransactionAttributes attributes, long iova, AccessKind access) {
                    streams.add(attributes.requesterId());
                    return new Translation.Mapped(
                            iova & ~0xFFFL, (iova & ~0xFFFL) + offset, 0xFFF, true, true, MemoryAttributes.INCOMING);
                }
            };
        }
    }

    private static int rid(int bus, int device) {
        return bus << 8 | device << 3;
    }

    private TransactionResult write(DmaPort port, long address, long value) {
        return port.write(bench.context(), address, 4, value);
    }

    @Test
    void busMasterEnableGatesDma() throws Exception {
        PciBench.Plugged device = bench.plug("dev", "pcie.0", 1, DEVICE);
        assertThat(write(device.context().dma(), PciBench.RAM, 1)).isEqualTo(Fault.BUS_MASTER_DISABLED);
        bench.config(device.address(), ConfigRegister.COMMAND, 2, ConfigRegister.COMMAND_MASTER);
        assertThat(write(device.context().dma(), PciBench.RAM, 1)).isEqualTo(Done.DONE);
        bench.config(device.address(), ConfigRegister.COMMAND, 2, 0);
        assertThat(write(device.context().dma(), PciBench.RAM, 2)).isEqualTo(Fault.BUS_MASTER_DISABLED);
        assertThat(bench.read(PciBench.RAM, 4)).isEqualTo(1);
    }

    @Test
    void busMasterEnableOfABridgeGatesWhatIsBelow() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        bench.openBridge(new Bdf(0, 2, 0), 1, 1);
        PciBench.Plugged device = bench.plug("dev", "rp", 0, DEVICE);
        bench.config(device.address(), ConfigRegister.COMMAND, 2, 7);
        assertThat(write(device.context().dma(), PciBench.RAM, 1)).isEqualTo(Done.DONE);
        bench.config(new Bdf(0, 2, 0), ConfigRegister.COMMAND, 2, 3);
        assertThat(write(device.context().dma(), PciBench.RAM, 1)).isEqualTo(Fault.BUS_MASTER_DISABLED);
    }

    @Test
    void testDeviceThatDocumentsItIsNotGated() throws Exception {
        PciBench.Plugged device = bench.plug("dev", "pcie.0", 1,
                PciFunctionDescription.builder(0x1b36, 5).ignoreBusMasterEnable().build());
        assertThat(write(device.context().dma(), PciBench.RAM, 1)).isEqualTo(Done.DONE);
        bench.config(device.address(), ConfigRegister.COMMAND, 2, 0);
        assertThat(write(device.context().dma(), PciBench.RAM, 1)).isEqualTo(Done.DONE);
    }

    @Test
    void requesterIdFollowsTheBusNumber() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        PciBench.Plugged device = bench.plug("dev", "rp", 0, DEVICE);
        bench.openBridge(new Bdf(0, 2, 0), 4, 4);
        assertThat(device.context().dma().attributes().requesterId()).isEqualTo(rid(4, 0));
        bench.openBridge(new Bdf(0, 2, 0), 7, 7);
        assertThat(device.context().dma().attributes().requesterId()).isEqualTo(rid(7, 0));
        assertThat(device.context().address()).isEqualTo(new Bdf(7, 0, 0));
    }

    @Test
    void bridgeToConventionalPciLendsItsBusNumber() throws Exception {
        Adder iommu = new Adder(0);
        bench.segment.attachIommu("pcie.0", "smmu0", iommuGate).serve(iommu, () -> {});
        bench.rootPort("rp", "pcie.0", 2);
        bench.plug(new PciePciBridgeFactory(), "br", "rp", 0, Map.of());
        PciBench.Plugged device = bench.plug("dev", "br", 7, DEVICE);
        bench.openBridge(new Bdf(0, 2, 0), 1, 2);
        bench.openBridge(new Bdf(1, 0, 0), 2, 2);
        assertThat(device.context().dma().attributes().requesterId()).isEqualTo(rid(2, 0));
        assertThat(iommu.asked.getLast()).isEqualTo(new PciRequester(
                new Bdf(2, 7, 0), new Bdf(2, 0, 0), "test-device", PciRequester.Kind.EMULATED_ENDPOINT));
    }

    @Test
    void iommuOfTheRootBusGovernsWhatIsBelow() throws Exception {
        Adder first = new Adder(0x1000);
        Adder second = new Adder(0x2000);
        DeviceGate secondGate = new DeviceGate("smmu1", bench.epochs, Duration.ofMillis(20));
        bench.expander("pxb", 3, 64);
        bench.rootPort("rp", "pxb", 1);
        bench.openBridge(new Bdf(64, 1, 0), 65, 65);
        PciBench.Plugged near = bench.plug("near", "pcie.0", 1, DEVICE);
        PciBench.Plugged far = bench.plug("far", "rp", 0, DEVICE);
        bench.config(near.address(), ConfigRegister.COMMAND, 2, 7);
        bench.config(far.address(), ConfigRegister.COMMAND, 2, 7);
        bench.segment.attachIommu("pcie.0", "smmu0", iommuGate).serve(first, () -> {});
        bench.segment.attachIommu("pxb", "smmu1", secondGate).serve(second, () -> {});
        iommuGate.open();
        secondGate.open();
        write(near.context().dma(), PciBench.RAM, 0x11);
        write(far.context().dma(), PciBench.RAM, 0x22);
        assertThat(bench.read(PciBench.RAM + 0x1000, 4)).isEqualTo(0x11);
        assertThat(bench.read(PciBench.RAM + 0x2000, 4)).isEqualTo(0x22);
        assertThat(first.streams).containsExactly(rid(0, 1));
        assertThat(second.streams).containsExactly(rid(65, 0));
        assertThat(bench.segment.iommuOps(0)).containsSame(first);
        assertThat(bench.segment.iommuOps(65)).containsSame(second);
        assertThat(bench.segment.rootBuses()).extracting(PciFabric.RootBus::iommuSlot)
                .containsExactly("smmu0", "smmu1");
    }

    @Test
    void dmaWaitsAtTheGateOfAParkedIommuAndForgetsItsModel() throws Exception {
        Adder iommu = new Adder(0x1000);
        IommuBinding binding = bench.segment.attachIommu("pcie.0", "smmu0", iommuGate);
        binding.serve(iommu, () -> {});
        iommuGate.open();
        PciBench.Plugged device = bench.plug("dev", "pcie.0", 1, DEVICE);
        bench.config(device.address(), ConfigRegister.COMMAND, 2, 7);
        iommuGate.park();
        binding.park();
        assertThat(bench.segment.iommuOps(0)).isEmpty();
        TransactionResult held = write(device.context().dma(), PciBench.RAM, 0x33);
        assertThat(held).isInstanceOf(TransactionResult.Pending.class);
        var done = new CompletableFuture<TransactionResult>();
        ((TransactionResult.Pending) held).ticket().whenDone((context, result) -> done.complete(result));
        Adder successor = new Adder(0x2000);
        binding.serve(successor, () -> {});
        iommuGate.open();
        assertThat(done.get(10, TimeUnit.SECONDS)).isEqualTo(Done.DONE);
        assertThat(bench.read(PciBench.RAM + 0x2000, 4)).isEqualTo(0x33);
        assertThat(iommu.streams).isEmpty();
        assertThat(write(device.context().dma(), PciBench.RAM, 0x44)).isEqualTo(Done.DONE);
        assertThat(bench.read(PciBench.RAM + 0x2000, 4)).isEqualTo(0x44);
        binding.detach();
        assertThat(write(device.context().dma(), PciBench.RAM, 0x55)).isEqualTo(Done.DONE);
        assertThat(bench.read(PciBench.RAM, 4)).isEqualTo(0x55);
    }

    @Test
    void iommuMayRefuseAFunction() throws Exception {
        bench.segment.attachIommu("pcie.0", "smmu0", iommuGate).serve(new Adder(0), () -> {});
        assertThatThrownBy(() -> bench.plugAt("dev", "unwanted", "pcie.0", 8, DEVICE))
                .isInstanceOf(PlugException.class)
                .hasMessage("slot dev: no unwanted devices here");
        assertThat(bench.segment.functions()).hasSize(1);
    }

    @Test
    void busHasOneIommuAndABridgeBusHasNone() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        bench.segment.attachIommu("pcie.0", "smmu0", iommuGate);
        assertThatThrownBy(() -> bench.segment.attachIommu("pcie.0", "smmu1", iommuGate))
                .hasMessageStartingWith("An iommu is already attached to this bus");
        assertThatThrownBy(() -> bench.segment.attachIommu("rp", "smmu1", iommuGate))
                .hasMessageStartingWith("SMMU should be attached to a default PCIe root complex(pcie.0) or a pxb-pcie "
                        + "based root complex");
    }

    @Test
    void functionsOfABypassedRootBusStayOnTheSystemBus() throws Exception {
        bench.plug(new PxbPcieFactory(), "pxb", "pcie.0", 3, Map.of("bus_nr", 64L, "bypass_iommu", true));
        bench.segment.attachIommu("pxb", "smmu1", iommuGate).serve(new Adder(0x1000), () -> {});
        iommuGate.open();
        DmaPort port = bench.segment.requesterPort("shell", new Bdf(64, 1, 0));
        assertThat(write(port, PciBench.RAM, 1)).isEqualTo(Done.DONE);
        assertThat(bench.read(PciBench.RAM, 4)).isEqualTo(1);
    }

    @Test
    void theyStayThereWhenTheIommuIsReplaced() throws Exception {
        bench.plug(new PxbPcieFactory(), "pxb", "pcie.0", 3, Map.of("bus_nr", 64L, "bypass_iommu", true));
        var iommu = bench.segment.attachIommu("pxb", "smmu1", iommuGate);
        iommu.serve(new Adder(0x1000), () -> {});
        iommuGate.open();
        DmaPort port = bench.segment.requesterPort("shell", new Bdf(64, 1, 0));
        iommu.rehearse();
        assertThat(write(port, PciBench.RAM, 1)).isEqualTo(Done.DONE);
        assertThat(bench.read(PciBench.RAM, 4)).isEqualTo(1);
        var next = new Adder(0x2000);
        iommu.serve(iommu.prepare(next), () -> {});
        assertThat(next.asked).isEmpty();
        assertThat(write(port, PciBench.RAM, 2)).isEqualTo(Done.DONE);
        assertThat(bench.read(PciBench.RAM, 4)).isEqualTo(2);
    }

    @Test
    void bareRequesterGoesThroughTheIommuOfItsRootBus() throws Exception {
        Adder iommu = new Adder(0x1000);
        DmaPort before = bench.segment.requesterPort("shell", new Bdf(70, 1, 0));
        assertThat(write(before, PciBench.RAM, 1)).isEqualTo(Done.DONE);
        bench.expander("pxb", 3, 64);
        bench.segment.attachIommu("pxb", "smmu1", iommuGate).serve(iommu, () -> {});
        iommuGate.open();
        assertThat(write(before, PciBench.RAM, 2)).isEqualTo(Done.DONE);
        assertThat(bench.read(PciBench.RAM, 4)).isEqualTo(1);
        assertThat(bench.read(PciBench.RAM + 0x1000, 4)).isEqualTo(2);
        assertThat(iommu.streams).containsExactly(rid(70, 1));
        assertThat(iommu.asked.getLast()).isEqualTo(new PciRequester(
                new Bdf(70, 1, 0), new Bdf(70, 1, 0), "", PciRequester.Kind.EMULATED_ENDPOINT));
    }

    @Test
    void iommuThatThrowsFailsItsSlot() throws Exception {
        IommuBinding binding = bench.segment.attachIommu("pcie.0", "smmu0", iommuGate);
        iommuGate.open();
        binding.serve(
                function -> {
                    throw new IllegalStateException("defect");
                },
                () -> {});
        assertThat(iommuGate.state()).isEqualTo(DeviceGate.State.FAILED);
        assertThat(write(bench.segment.requesterPort("shell", new Bdf(0, 1, 0)), PciBench.RAM, 1))
                .isEqualTo(Fault.DEVICE_FAILED);
    }

    @Test
    void successorMayStartDmaOnlyWhenItServes() throws Exception {
        PciBench.Plugged device = bench.plug("dev", "pcie.0", 1, DEVICE);
        bench.config(device.address(), ConfigRegister.COMMAND, 2, 7);
        DeviceContext base = new SlotContext("dev", bench.epochs, device.gate());
        var successor = device.function().context(base);
        assertThat(write(successor.dma(), PciBench.RAM, 1)).isEqualTo(Fault.BUS_MASTER_DISABLED);
        assertThat(successor.sendMsi(bench.context(), 0)).isEqualTo(Fault.DEVICE_FAILED);
        assertThat(write(device.context().dma(), PciBench.RAM, 2)).isEqualTo(Done.DONE);
        device.function().serve(DEVICE);
        assertThat(write(successor.dma(), PciBench.RAM, 3)).isEqualTo(Done.DONE);
        assertThat(write(device.context().dma(), PciBench.RAM, 4)).isEqualTo(Fault.BUS_MASTER_DISABLED);
        assertThatThrownBy(() -> device.function().serve(PciFunctionDescription.builder(0x1234, 2).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected 'IDs 1234:0001")
                .hasMessageContaining("found 'IDs 1234:0002");
    }

    @Test
    void whatASuccessorAnsweredBeforehandIsNotAskedAgain() throws Exception {
        var iommu = bench.segment.attachIommu("pcie.0", "smmu0", iommuGate);
        PciBench.Plugged device = bench.plug("dev", "pcie.0", 1, DEVICE);
        bench.config(device.address(), ConfigRegister.COMMAND, 2, 7);
        DmaPort port = bench.segment.requesterPort("test", new Bdf(0, 5, 0));
        iommu.serve(new Adder(0x1000), () -> {});
        iommuGate.open();
        var next = new Adder(0x2000);
        IommuBinding.Ready ready = iommu.prepare(next);
        assertThat(next.asked).extracting(PciRequester::address).contains(device.address(), new Bdf(0, 5, 0));
        write(port, PciBench.RAM, 1);
        assertThat(bench.read(PciBench.RAM + 0x1000, 4)).as("its predecessor serves").isEqualTo(1);
        next.asked.clear();
        iommuGate.park();
        iommu.pause();
        iommu.serve(ready, () -> {});
        iommuGate.open();
        write(port, PciBench.RAM, 2);
        write(device.context().dma(), PciBench.RAM + 8, 3);
        assertThat(next.asked).isEmpty();
        assertThat(bench.read(PciBench.RAM + 0x2000, 4)).isEqualTo(2);
        assertThat(bench.read(PciBench.RAM + 0x2008, 4)).isEqualTo(3);
    }

    @Test
    void aRequesterThatCameAfterASuccessorAnsweredIsLedToIt() throws Exception {
        var iommu = bench.segment.attachIommu("pcie.0", "smmu0", iommuGate);
        var next = new Adder(0x2000);
        IommuBinding.Ready ready = iommu.prepare(next);
        PciBench.Plugged device = bench.plug("dev", "pcie.0", 1, DEVICE);
        bench.config(device.address(), ConfigRegister.COMMAND, 2, 7);
        DmaPort port = bench.segment.requesterPort("test", new Bdf(0, 5, 0));
        iommu.serve(ready, () -> {});
        iommuGate.open();
        write(port, PciBench.RAM, 2);
        write(device.context().dma(), PciBench.RAM + 8, 3);
        assertThat(bench.read(PciBench.RAM + 0x2000, 4)).isEqualTo(2);
        assertThat(bench.read(PciBench.RAM + 0x2008, 4)).isEqualTo(3);
    }

    @Test
    void aFunctionThatIsRenumberedAfterASuccessorAnsweredIsAskedForByItsNewNumber() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        PciBench.Plugged device = bench.plug("dev", "rp", 0, DEVICE);
        bench.openBridge(new Bdf(0, 2, 0), 4, 4);
        var iommu = bench.segment.attachIommu("pcie.0", "smmu0", iommuGate);
        iommu.serve(new Adder(0x1000), () -> {});
        var next = new Adder(0x2000);
        IommuBinding.Ready ready = iommu.prepare(next);
        bench.openBridge(new Bdf(0, 2, 0), 7, 7);
        next.asked.clear();
        iommu.pause();
        iommu.serve(ready, () -> {});
        assertThat(next.asked).extracting(PciRequester::address).contains(new Bdf(7, 0, 0));
        assertThat(device.context().dma().attributes().requesterId()).isEqualTo(rid(7, 0));
    }

    @Test
    void aModelWithoutAnAddressSpaceForAFunctionIsNotReady() throws Exception {
        var iommu = bench.segment.attachIommu("pcie.0", "smmu0", iommuGate);
        PciBench.Plugged device = bench.plug("dev", "pcie.0", 1, DEVICE);
        PciIommuOps lacking = function -> function.address().equals(device.address())
                ? null
                : DmaAddressSpace.SystemBus.DIRECT;
        assertThatThrownBy(() -> iommu.prepare(lacking))
                .isInstanceOf(PlugException.class)
                .hasMessage("no address space for " + device.address());
    }

    @Test
    void whoServesAnIommuFindsEveryRouteLedThoughAnotherResolvesItStill() throws Exception {
        var iommu = bench.segment.attachIommu("pcie.0", "smmu0", iommuGate);
        DmaPort port = bench.segment.requesterPort("test", new Bdf(0, 5, 0));
        var asks = new AtomicInteger();
        var otherAsks = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        var adder = new Adder(0x1000);
        PciIommuOps slow = new PciIommuOps() {
            @Override
            public Optional<String> supportsAddressSpace(PciRequester function) {
                return Optional.empty();
            }

            @Override
            public DmaAddressSpace addressSpace(PciRequester function) {
                if (function.address().device() != 5) {
                    return adder.addressSpace(function);
                }
                try {
                    if (asks.incrementAndGet() == 1) {
                        Thread.ofPlatform().start(
                                () -> bench.segment.requesterPort("test", new Bdf(0, 5, 0)));
                        otherAsks.await();
                    } else {
                        otherAsks.countDown();
                        goOn.await();
                    }
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
                return adder.addressSpace(function);
            }
        };
        iommu.serve(slow, () -> {});
        iommuGate.open();
        TransactionResult result = write(port, PciBench.RAM, 9);
        goOn.countDown();
        assertThat(result).isEqualTo(Done.DONE);
        assertThat(bench.read(PciBench.RAM + 0x1000, 4)).isEqualTo(9);
    }
}
