package dev.backplane.host.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.host.smmu.HostCommand;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.Ioas;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostpci.HostPciDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Devices that cache translations, and those with PASIDs. */
final class AtsAndPasidTest {
    private static final long IOVA = 0x7000_0000L;
    private static final long EATS = 1L << 28;

    private Rig rig;

    @BeforeEach
    void open() throws HostException {
        rig = new Rig();
    }

    @AfterEach
    void close() {
        rig.close();
        assertThat(rig.complaints).isEmpty();
    }

    private String facts() {
        return rig.host.pci().inspect().get(2).toString();
    }

    @Test
    void aCachedTranslationIsUsedUntilTheGuestInvalidatesTheDevice() throws HostException {
        long root = rig.ram.page();
        long data = rig.ram.page();
        rig.ram.map(root, IOVA, data);
        Rig.Assigned device = rig.new Assigned(Rig.ATS).nest(Rig.VALID_STAGE_1 | rig.ram.context(root, 3), EATS);
        assertThat(facts()).contains("name=ATS, value=on");
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 1)).isEqualTo(2);
        rig.ram.map(root, IOVA, 0);
        assertThat(device.invalidate(HostCommand.TLBI_NH_ALL, 0)).isTrue();
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 2)).as("the device's cache").isEqualTo(2);
        assertThat(device.invalidate(HostCommand.ATC_INV | (long) Rig.STREAM << 32, IOVA)).isTrue();
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 3)).isEqualTo(4);
        assertThat(rig.ram.word(data)).isEqualTo(2);
        assertThat(device.events.read()).as("a request that finds nothing is no event").isEmpty();
    }

    @Test
    void withoutEatsTheDeviceDoesNotAsk() throws HostException {
        long root = rig.ram.page();
        rig.ram.map(root, IOVA, rig.ram.page());
        Rig.Assigned device = rig.new Assigned(Rig.ATS).nest(Rig.VALID_STAGE_1 | rig.ram.context(root, 3), 0);
        assertThat(facts()).contains("name=ATS, value=off");
        assertThat(device.run(Rig.FILL, 0, IOVA, 4, 1)).isEqualTo(2);
        assertThat(facts()).contains("name=translated, value=0");
    }

    @Test
    void memoryThatTheHostTakesAwayIsTakenFromCachesToo() throws HostException {
        Rig.Assigned device = rig.new Assigned(Rig.ATS);
        device.device.attach(device.parent);
        assertThat(device.run(Rig.FILL, 0, GuestRam.BASE, 4, 1)).isEqualTo(2);
        assertThat(facts()).contains("name=translated, value=1");
        rig.ioas.unmap(GuestRam.BASE, 8 << 20);
        assertThat(device.run(Rig.FILL, 0, GuestRam.BASE, 4, 2)).isEqualTo(4);
        assertThat(rig.ram.word(GuestRam.BASE)).isEqualTo(1);
    }

    @Test
    void eachPasidHasAnAddressSpaceOfItsOwn() throws HostException {
        HostPciDevice pci = rig.host.pci().open(Rig.ATS);
        IommufdDevice device = pci.bind(rig.file);
        Ioas other = rig.file.allocateIoas();
        other.map(0x1000, rig.ram.memory.asSlice(0x2000, 0x1000), true, true);
        pci.write(HostPciDevice.CONFIG_REGION, 4, 2, 6);
        device.attach(rig.ioas);
        device.attach(5, other);
        assertThat(fill(pci, 0, GuestRam.BASE, 1)).isEqualTo(2);
        assertThat(fill(pci, 0x8000_0005, 0x1000, 2)).isEqualTo(2);
        assertThat(fill(pci, 0x8000_0005, GuestRam.BASE, 3)).isEqualTo(4);
        assertThat(fill(pci, 0x8000_0006, 0x1000, 4)).isEqualTo(4);
        assertThat(rig.ram.word(GuestRam.BASE)).isEqualTo(1);
        assertThat(rig.ram.word(GuestRam.BASE + 0x2000)).isEqualTo(2);
        device.attach(5, rig.ioas);
        assertThat(fill(pci, 0x8000_0005, GuestRam.BASE + 8, 5)).isEqualTo(2);
        device.detach(5);
        assertThat(fill(pci, 0x8000_0005, GuestRam.BASE + 8, 6)).isEqualTo(4);
        device.detach();
        assertThat(fill(pci, 0, GuestRam.BASE, 7)).isEqualTo(4);
        device.close();
        assertThat(rig.objects()).as("automatic tables are gone").isEqualTo(2);
    }

    @Test
    void aTableWithoutNestingIsOneOfStage1() throws HostException {
        HostPciDevice pci = rig.host.pci().open(Rig.DMA);
        IommufdDevice device = pci.bind(rig.file);
        Hwpt table = device.allocateHwpt(rig.ioas, false);
        pci.write(HostPciDevice.CONFIG_REGION, 4, 2, 6);
        device.attach(table);
        assertThat(fill(pci, 0, GuestRam.BASE + 4, 9)).isEqualTo(2);
        assertThat(rig.ram.word(GuestRam.BASE + 4)).isEqualTo(9);
    }

    private static int fill(HostPciDevice pci, int pasid, long address, int pattern) {
        pci.write(0, 0x48, 4, pasid);
        pci.write(0, 0x10, 8, address);
        pci.write(0, 0x18, 4, 4);
        pci.write(0, 0x1C, 4, pattern);
        pci.write(0, 0x20, 4, Rig.FILL);
        org.awaitility.Awaitility.await().until(() -> (pci.read(0, 0x24, 4) & 1) == 0);
        return (int) pci.read(0, 0x24, 4);
    }
}
