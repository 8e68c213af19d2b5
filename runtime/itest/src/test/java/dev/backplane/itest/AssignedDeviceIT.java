package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.pci.Bdf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.inject.Inject;
import org.awaitility.Awaitility;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;

/** What a guest does with an assigned device beyond DMA and messages: it numbers its bus, uses its pin, resets it. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class AssignedDeviceIT {
    private static final String BOARD = "assigned";
    private static final String SMMU = AcceleratedMachine.SMMU;
    private static final String NIC = AcceleratedMachine.NIC;
    private static final String DMA = "0000:01:00.0";
    private static final String WITH_ATS = "0000:03:00.0";
    private static final long BARS = 0x1000_0000L;
    private static final long TARGET = 0x4080_0000L;
    private static final long TARGET_2 = 0x4090_0000L;
    private static final long IOVA = 0x12_3000L;
    private static final int LOG2_STREAMS = 11;
    private static final int EXPRESS = 0x10;
    private static final int FIRST_PIN = 35;
    private static final int LPI = 8200;
    private static final int RENUMBERINGS = 200;

    @Inject
    private Boards boards;

    @Inject
    private HostIommu host;

    private Map<String, Long> before;
    private Machine machine;
    private SmmuDriver smmu;

    @Configuration
    public Option[] shipped() {
        return options(AcceleratedMachine.features());
    }

    @Before
    public void count() {
        before = AcceleratedMachine.inUse(host);
    }

    @After
    public void destroy() {
        boards.destroy(BOARD);
        assertThat(AcceleratedMachine.inUse(host)).as("what the host has given away").isEqualTo(before);
    }

    private void compose(DeviceRequest... devices) throws InterruptedException {
        var all = new ArrayList<>(List.of(AcceleratedMachine.smmu(SMMU, "pcie.0")));
        all.addAll(List.of(devices));
        machine = AcceleratedMachine.create(boards, BOARD, List.of(), all.toArray(DeviceRequest[]::new));
        smmu = new SmmuDriver(
                machine, AcceleratedMachine.base(machine, SMMU), AcceleratedMachine.SMMU_AREA, LOG2_STREAMS);
        smmu.enable();
    }

    /** Gives the bus below the port a number; when this returns the SMMU knows the device by it. */
    private PhysicalDmaDriver number(int bus) {
        Bdf port = machine.slot("rp0").pciAddress().orElseThrow();
        machine.config(port, 0x18, 4, bus << 16 | bus << 8);
        machine.config(port, 0x20, 4, 0x1000_1000);
        machine.config(port, 4, 2, 0x6);
        var nic = new PhysicalDmaDriver(machine, NIC, BARS);
        assertThat(nic.streamId()).isEqualTo(bus << 8);
        return nic;
    }

    @Test
    public void aDeviceOnABusThatSoftwareRenumbersHasAnotherStreamId() throws Exception {
        compose(AcceleratedMachine.device("pcie-root-port", "rp0", ""),
                new DeviceRequest("vfio-pci", NIC, "rp0", "", Map.of("host", DMA, "iommufd", "iommufd0")));
        PhysicalDmaDriver nic = number(1);
        smmu.attach(nic.streamId());
        smmu.map(nic.streamId(), IOVA, TARGET);
        assertThat(nic.fill(IOVA, 4, 1)).isTrue();
        assertThat(machine.read(TARGET, 4)).isEqualTo(1);
        Map<String, Long> used = AcceleratedMachine.inUse(host);

        nic = number(2);
        assertThat(nic.fill(IOVA, 4, 2)).as("the new StreamID has no STE").isFalse();
        smmu.attach(nic.streamId());
        smmu.map(nic.streamId(), IOVA, TARGET_2);
        assertThat(nic.fill(IOVA, 4, 3)).isTrue();
        assertThat(machine.read(TARGET_2, 4)).isEqualTo(3);
        assertThat(machine.read(TARGET, 4)).as("what the old StreamID's tables lead to").isEqualTo(1);
        assertThat(AcceleratedMachine.inUse(host)).as("one vDEVICE, under its new StreamID").isEqualTo(used);
        assertThat(nic.fill(IOVA + 0x1000, 4, 4)).as("not mapped").isFalse();
        var events = new ArrayList<long[]>();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            long[] event = smmu.takeEvent();
            if (event != null) {
                events.add(event);
            }
            return !events.isEmpty();
        });
        assertThat(events.getFirst()[0] >>> 32).as("StreamID of the event").isEqualTo(0x200);
    }

    /** The old StreamID may be another device's as soon as the write has returned, and its tables another domain's. */
    @Test
    public void noWriteOfTheDeviceGoesByTheStreamIdThatItHadBefore() throws Exception {
        compose(AcceleratedMachine.device("pcie-root-port", "rp0", ""),
                new DeviceRequest("vfio-pci", NIC, "rp0", "", Map.of("host", DMA, "iommufd", "iommufd0")));
        PhysicalDmaDriver nic = number(1);
        for (int bus = 1; bus <= 2; bus++) {
            smmu.attach(bus << 8);
            smmu.map(bus << 8, IOVA, bus == 1 ? TARGET : TARGET_2);
        }
        Bdf port = machine.slot("rp0").pciAddress().orElseThrow();
        for (int round = 1; round <= RENUMBERINGS; round++) {
            int bus = 1 + round % 2;
            long left = bus == 1 ? TARGET_2 : TARGET;
            nic.fillForEver(IOVA, 4, -1, 0);
            machine.config(port, 0x18, 4, bus << 16 | bus << 8);
            machine.write(left, 4, 0);
            smmu.command(0x03 | (long) bus << 40, 1); // CFGI_STE
            smmu.sync();
            nic.stop();
            assertThat(nic.fill(IOVA, 4, round)).as("round %d, after CMD_SYNC", round).isTrue();
            assertThat(machine.read(left == TARGET ? TARGET_2 : TARGET, 4)).as("round %d", round).isEqualTo(round);
            assertThat(machine.read(left, 4)).as("round %d, the page that it left", round).isZero();
        }
        assertThat(smmu.takeEvent()).isNull();
    }

    @Test
    public void aPinThatStaysHighFiresAgainWhenSoftwareEndsTheInterrupt() throws Exception {
        compose(AcceleratedMachine.assigned(NIC, DMA));
        var nic = new PhysicalDmaDriver(machine, NIC, BARS);
        var gic = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA);
        gic.enableSpis();
        int intid = FIRST_PIN + nic.function().device() % 4;
        nic.raisePin();
        assertThat(machine.config(nic.function(), 6, 2) & 8).as("Interrupt Status").isEqualTo(8);
        for (int time = 0; time < 3; time++) {
            assertThat(interrupt(gic)).as("while the pin is high").isEqualTo(intid);
        }
        nic.clearPin();
        assertThat(machine.config(nic.function(), 6, 2) & 8).as("Interrupt Status").isZero();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> gic.take() == -1 && gic.take() == -1);
        nic.raisePin();
        assertThat(interrupt(gic)).isEqualTo(intid);
        nic.clearPin();
    }

    @Test
    public void aFunctionWhoseVectorsAreMaskedKeepsItsMessagesAndDoesNotUseItsPin() throws Exception {
        compose(AcceleratedMachine.assigned(NIC, DMA));
        var nic = new PhysicalDmaDriver(machine, NIC, BARS);
        var gic = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA);
        gic.enableSpis();
        gic.map(nic.streamId(), 2, LPI);
        smmu.attach(nic.streamId());
        smmu.map(nic.streamId(), AcceleratedMachine.MESSAGE_WINDOW, AcceleratedMachine.MESSAGE_WINDOW);
        smmu.map(nic.streamId(), IOVA, GicV3Driver.DOORBELL_PAGE);

        nic.controlMsix(true, false);
        sendMasked(nic, gic);
        nic.enableMsix(1, IOVA + GicV3Driver.DOORBELL_OFFSET, 1);
        assertThat(interrupt(gic)).as("unmasked for the first time").isEqualTo(LPI + 1);
        nic.maskVector(1);
        sendMasked(nic, gic);
        nic.enableMsix(1, IOVA + GicV3Driver.DOORBELL_OFFSET, 1);
        assertThat(interrupt(gic)).as("unmasked again").isEqualTo(LPI + 1);
        assertThat(nic.isPending(1)).isFalse();
        nic.controlMsix(true, true);
        sendMasked(nic, gic);
        nic.controlMsix(true, false);
        assertThat(interrupt(gic)).as("function unmasked").isEqualTo(LPI + 1);
        assertThat(gic.take()).isEqualTo(-1);

        nic.controlMsix(false, false);
        nic.raisePin();
        assertThat(interrupt(gic)).as("MSI-X disabled").isEqualTo(FIRST_PIN + nic.function().device() % 4);
        nic.clearPin();
    }

    private static void sendMasked(PhysicalDmaDriver nic, GicV3Driver gic) {
        nic.raiseMasked(1);
        assertThat(gic.take()).as("masked").isEqualTo(-1);
    }

    private static int interrupt(GicV3Driver gic) {
        var taken = new ArrayList<Integer>();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            int intid = gic.take();
            if (intid >= 0) {
                taken.add(intid);
            }
            return !taken.isEmpty();
        });
        return taken.getFirst();
    }

    @Test
    public void aFunctionLevelResetStopsTheHardwareAndKeepsItAttached() throws Exception {
        compose(AcceleratedMachine.assigned(NIC, DMA));
        var nic = new PhysicalDmaDriver(machine, NIC, BARS);
        smmu.attach(nic.streamId());
        smmu.map(nic.streamId(), IOVA, TARGET);
        nic.fillForEver(IOVA, 4, 1, 0);
        Awaitility.await().until(() -> nic.transfers() > 0);
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        int express = machine.config(nic.function(), 0x34, 1) & 0xFF;
        while ((machine.config(nic.function(), express, 1) & 0xFF) != EXPRESS) {
            express = machine.config(nic.function(), express + 1, 1) & 0xFF;
        }
        machine.config(nic.function(), express + 8, 2, 1 << 15);
        Awaitility.await().atMost(Duration.ofSeconds(30))
                .until(() -> (machine.config(nic.function(), 4, 2) & 4) == 0);
        var again = new PhysicalDmaDriver(machine, NIC, BARS);
        assertThat(again.isBusy()).isFalse();
        assertThat(again.transfers()).as("registers are reset").isZero();
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(used);
        assertThat(again.fill(IOVA, 4, 7)).isTrue();
        assertThat(machine.read(TARGET, 4)).isEqualTo(7);
    }

    @Test
    public void aDeviceThatCachesTranslationsForgetsThemWhenTheGuestSaysSo() throws Exception {
        compose(AcceleratedMachine.assigned(NIC, WITH_ATS));
        var nic = new PhysicalDmaDriver(machine, NIC, BARS);
        int stream = nic.streamId();
        assertThat(machine.read(AcceleratedMachine.base(machine, SMMU), 4) >>> 10 & 1).as("IDR0.ATS").isEqualTo(1);
        smmu.attach(stream);
        smmu.map(stream, IOVA, TARGET);
        long full = 1L << 28; // EATS
        smmu.entry(stream, 1 | 5 << 1 | smmu.descriptor(stream), 2 | 1 << 2 | 1 << 4 | 3 << 6 | full);
        assertThat(nic.fill(IOVA, 4, 1)).isTrue();
        smmu.map(stream, IOVA, TARGET_2);
        smmu.invalidate(stream);
        assertThat(nic.fill(IOVA, 4, 2)).isTrue();
        assertThat(machine.read(TARGET, 4)).as("by the translation that the device has cached").isEqualTo(2);
        smmu.command(0x40 | (long) stream << 32, 52); // CMD_ATC_INV of everything
        smmu.sync();
        assertThat(nic.fill(IOVA, 4, 3)).isTrue();
        assertThat(machine.read(TARGET_2, 4)).isEqualTo(3);
        assertThat(machine.read(TARGET, 4)).isEqualTo(2);
    }
}
