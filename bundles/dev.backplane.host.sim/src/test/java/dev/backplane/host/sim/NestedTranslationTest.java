package dev.backplane.host.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.backplane.host.smmu.HostCommand;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.VeventQueue.Vevent;
import dev.backplane.hostpci.HostPciDevice.IrqIndex;
import dev.backplane.inspect.InspectNode;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.SmmuEvent;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Physical DMA and messages through guest stage 1 and host stage 2. */
final class NestedTranslationTest {
    private static final long IOVA = 0x12_3456_7000L;
    private static final long MSI_WINDOW = 0x0800_0000L;

    private Rig rig;
    private Rig.Assigned device;
    private long root;
    private long data;

    @BeforeEach
    void assign() throws HostException {
        rig = new Rig();
        device = rig.new Assigned(Rig.DMA);
        root = rig.ram.page();
        data = rig.ram.page();
        rig.ram.map(root, IOVA, data);
    }

    @AfterEach
    void close() {
        rig.close();
        assertThat(rig.complaints).isEmpty();
    }

    private void nest() throws HostException {
        device.nest(Rig.VALID_STAGE_1 | rig.ram.context(root, 7), 0);
    }

    @Test
    void dmaArrivesWhereTheGuestsTablesAndTheHostsSay() throws HostException {
        nest();
        assertThat(device.run(Rig.FILL, 0, IOVA + 0x10, 8, 0xABCD_1234)).isEqualTo(2);
        assertThat(rig.ram.get(data + 0x10)).isEqualTo(0xABCD_1234_ABCD_1234L);
    }

    @Test
    void theCachesOfASmmuAreCountedForInspection() throws HostException {
        nest();
        assertThat(device.run(Rig.FILL, 0, IOVA + 0x10, 8, 1)).isEqualTo(2);
        assertThat(device.run(Rig.FILL, 0, IOVA + 0x20, 8, 1)).isEqualTo(2);
        InspectNode smmu = rig.host.inspect().child(rig.host.smmus().getFirst().name());
        assertThat(smmu.child("TLB").child("misses").value()).isEqualTo("1");
        assertThat(smmu.child("TLB").child("hits").value()).isEqualTo("1");
        assertThat(smmu.child("configuration cache").child("misses").value()).isEqualTo("1");
    }

    @Test
    void aCopyReadsAndWritesOverPages() throws HostException {
        long second = rig.ram.page();
        long from = rig.ram.page();
        rig.ram.page();
        rig.ram.map(root, IOVA + 0x1000, second);
        rig.ram.map(root, 0x5000, from);
        rig.ram.map(root, 0x6000, from + 0x1000);
        for (int i = 0; i < 0x2000; i += 8) {
            rig.ram.put(from + i, i * 0x1_0001L);
        }
        nest();
        assertThat(device.run(Rig.COPY, 0x5000, IOVA + 0x800, 0x1800, 0)).isEqualTo(2);
        assertThat(rig.ram.get(data + 0x800)).isZero();
        assertThat(rig.ram.get(data + 0xFF8)).isEqualTo(0x7F8 * 0x1_0001L);
        assertThat(rig.ram.get(second + 0xFF8)).isEqualTo(0x17F8 * 0x1_0001L);
        assertThat(device.counter(0x30)).isEqualTo(0x1800);
    }

    @Test
    void aFaultOfTheGuestComesWithItsOwnStreamId() throws HostException {
        nest();
        assertThat(device.run(Rig.FILL, 0, 0xBAD_0000, 4, 0)).isEqualTo(4);
        SmmuEvent event = nextEvent(0);
        assertThat(event.type()).isEqualTo(EventType.F_TRANSLATION);
        assertThat(event.streamId()).isEqualTo(Rig.STREAM);
        assertThat(event.inputAddress()).isEqualTo(0xBAD_0000);
        assertThat(event.read()).isFalse();
        assertThat(event.stage2()).isFalse();
    }

    private SmmuEvent nextEvent(int sequence) {
        await().until(() -> rig.host.smmus().getFirst().events() > sequence);
        var read = await().until(() -> device.events.read(), java.util.Optional::isPresent);
        assertThat(read).hasValueSatisfying(event -> assertThat(event.sequence()).isEqualTo(sequence));
        return SmmuEvent.decode(((Vevent.Event) read.orElseThrow()).record());
    }

    @Test
    void aFaultOfStage2StaysWithTheHost() throws HostException {
        rig.ram.map(root, IOVA + 0x5000, 0x3_0000_0000L);
        nest();
        assertThat(device.run(Rig.FILL, 0, IOVA + 0x5000, 4, 0)).isEqualTo(4);
        await().until(() -> rig.host.smmus().getFirst().events() == 1);
        assertThat(device.events.read()).isEmpty();
    }

    @Test
    void aTableOutsideOfTheGuestsMemoryIsABadContextOrAHostFaultAndHarmsNobody() throws HostException {
        device.nest(Rig.VALID_STAGE_1 | 0x9000_0000L, 0);
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 0)).isEqualTo(4);
    }

    /** As Linux has it: of the fields that are the guest's, only Config and EATS are looked at when it is allocated. */
    @ParameterizedTest
    @CsvSource({
        // S1CDMax exceeds SSIDSIZE
        "0x880000000000000B, 0x0",
        // S1STALLD, and the stall model is not configurable
        "0x000000000000000B, 0x8000000",
        // S1ContextPtr exceeds the address size
        "0x000400000000000B, 0x0"
    })
    void anSteThatTheHardwareFindsIllegalIsRecordedForEachTransaction(String ste0, String ste1) throws HostException {
        device.nest(Long.parseUnsignedLong(ste0.substring(2), 16), Long.decode(ste1));
        for (int sequence = 0; sequence < 3; sequence++) {
            assertThat(device.run(Rig.FILL, 0, IOVA, 4, 1)).isEqualTo(4);
            SmmuEvent event = nextEvent(sequence);
            assertThat(event.type()).isEqualTo(EventType.C_BAD_STE);
            assertThat(event.streamId()).isEqualTo(Rig.STREAM);
        }
        nest();
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 1)).as("a legal one").isEqualTo(2);
    }

    /** Linux puts an STE in its place that aborts. */
    @Test
    void anSteThatIsNotValidAbortsWithoutAnEvent() throws HostException {
        device.nest(0, 0);
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 1)).isEqualTo(4);
        assertThat(device.events.read()).isEmpty();
        assertThat(rig.host.smmus().getFirst().events()).isZero();
    }

    @Test
    void whatTheGuestUnmapsStaysUntilItInvalidates() throws HostException {
        nest();
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 1)).isEqualTo(2);
        rig.ram.map(root, IOVA, 0);
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 2)).isEqualTo(2);
        long vmidOfTheGuest = 0x55L << 32;
        assertThat(device.invalidate(HostCommand.TLBI_NH_VA | vmidOfTheGuest | 7L << 48, IOVA)).isTrue();
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 3)).isEqualTo(4);
        assertThat(rig.ram.word(data)).isEqualTo(2);
    }

    @Test
    void aChangedContextCountsAfterItsInvalidation() throws HostException {
        long context = rig.ram.context(root, 7);
        device.nest(Rig.VALID_STAGE_1 | context, 0);
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 1)).isEqualTo(2);
        long other = rig.ram.page();
        rig.ram.map(other, IOVA, data + 0x1000);
        rig.ram.page();
        rig.ram.writeContext(context, other, 8);
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 2)).isEqualTo(2);
        assertThat(rig.ram.word(data)).isEqualTo(2);
        assertThat(device.invalidate(HostCommand.CFGI_CD | (long) Rig.STREAM << 32, 0)).isTrue();
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 3)).isEqualTo(2);
        assertThat(rig.ram.word(data)).isEqualTo(2);
        assertThat(rig.ram.word(data + 0x1000)).isEqualTo(3);
    }

    @Test
    void bypassPassesAndAbortAborts() throws HostException {
        device.nest(Rig.BYPASS, 0);
        assertThat(device.run(Rig.FILL, 0, data, 4, 5)).isEqualTo(2);
        assertThat(rig.ram.word(data)).isEqualTo(5);
        device.nest(Rig.ABORT, 0);
        assertThat(device.run(Rig.FILL, 0, data, 4, 6)).isEqualTo(4);
        device.device.attach(device.parent);
        assertThat(device.run(Rig.FILL, 0, data, 4, 7)).isEqualTo(2);
        device.device.detach();
        assertThat(device.run(Rig.FILL, 0, data, 4, 8)).isEqualTo(4);
        assertThat(rig.ram.word(data)).isEqualTo(7);
        assertThat(device.events.read()).isEmpty();
    }

    @Test
    void messagesNeedTheGuestToMapTheWindowToItself() throws HostException {
        nest();
        var interrupt = new Event();
        device.pci.setTriggers(IrqIndex.MSIX, 3, List.of(interrupt));
        device.pci.write(0, 0x28, 4, 3);
        device.run(Rig.INTERRUPT | Rig.WITH_INTERRUPT, 0, 0, 0, 0);
        await().until(() -> device.counter(0x58) == 1);
        assertThat(interrupt.signals()).isZero();
        SmmuEvent event = nextEvent(0);
        assertThat(event.type()).isEqualTo(EventType.F_TRANSLATION);
        assertThat(event.inputAddress()).isEqualTo(MSI_WINDOW + 0x40);

        rig.ram.map(root, MSI_WINDOW, MSI_WINDOW);
        assertThat(device.invalidate(HostCommand.TLBI_NH_ALL, 0)).isTrue();
        device.run(Rig.INTERRUPT | Rig.WITH_INTERRUPT, 0, 0, 0, 0);
        await().until(() -> interrupt.signals() == 1);
        assertThat(rig.host.its().delivered()).isEqualTo(1);
    }

    @Test
    void aGuestThatMapsTheWindowElsewhereWritesItsOwnMemory() throws HostException {
        rig.ram.map(root, MSI_WINDOW, data);
        nest();
        var interrupt = new Event();
        device.pci.setTriggers(IrqIndex.MSIX, 3, List.of(interrupt));
        device.pci.write(0, 0x28, 4, 3);
        device.run(Rig.INTERRUPT | Rig.WITH_INTERRUPT, 0, 0, 0, 0);
        await().until(() -> rig.ram.word(data + 0x40) == 3);
        assertThat(interrupt.signals()).isZero();
    }

    @Test
    void replacingATableLeavesNoGapUnderContinuousDma() throws HostException {
        long other = rig.ram.page();
        rig.ram.map(other, IOVA, rig.ram.page());
        long first = Rig.VALID_STAGE_1 | rig.ram.context(root, 7);
        long second = Rig.VALID_STAGE_1 | rig.ram.context(other, 8);
        device.nest(first, 0);
        device.command(Rig.FILL | Rig.CONTINUOUS, 0, IOVA, 64, 0x77);
        for (int i = 0; i < 300; i++) {
            device.nest(i % 2 == 0 ? second : first, i % 3 == 0 ? 2 : 0);
        }
        await().until(() -> device.counter(0x40) > 100);
        device.pci.write(0, 0x20, 4, 0);
        assertThat(device.counter(0x38)).isZero();
    }
}
