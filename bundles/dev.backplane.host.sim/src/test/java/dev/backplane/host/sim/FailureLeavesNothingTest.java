package dev.backplane.host.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.host.memory.Operation;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostpci.HostPciDevice;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Failures in the middle of things leave no object, page, VMID or ASID behind. */
final class FailureLeavesNothingTest {

    private static void useEverything(Rig rig) throws HostException {
        HostPciDevice pci = rig.host.pci().open(Rig.ATS);
        try (pci) {
            IommufdDevice device = pci.bind(rig.file);
            var ioas = rig.file.allocateIoas();
            try {
                ioas.map(0x1000, rig.ram.memory.asSlice(0x1000, 0x5000), true, true);
                device.attach(ioas);
                device.attach(3, ioas);
                device.detach(3);
                var parent = device.allocateHwpt(ioas, true);
                try (parent) {
                    ioas.map(1L << 40, rig.ram.memory, true, false);
                    var viommu = device.allocateViommu(parent);
                    try (viommu;
                            var vdevice = viommu.allocateVdevice(device, 1);
                            var events = viommu.allocateEventQueue(4);
                            var nested = viommu.allocateHwpt(device, Rig.VALID_STAGE_1 | 0x5000, 0)) {
                        assertThat(vdevice.id() + events.id()).isPositive();
                        try {
                            device.attach(nested);
                            device.attach(parent);
                        } finally {
                            device.detach();
                        }
                    }
                }
                ioas.unmap(0x1000, 0x5000);
            } finally {
                device.detach();
                device.close();
                ioas.close();
            }
        }
    }

    @Test
    void allIsGivenBack() throws HostException {
        try (Rig rig = new Rig()) {
            List<Long> before = rig.resources();
            long pinned = rig.host.memory().pinnedBytes();
            useEverything(rig);
            assertThat(rig.resources()).isEqualTo(before);
            assertThat(rig.host.memory().pinnedBytes()).isEqualTo(pinned);
            assertThat(rig.objects()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Operation.class, mode = EnumSource.Mode.EXCLUDE,
            names = {"IOMMU_DESTROY", "VFIO_DEVICE_DETACH_IOMMUFD_PT", "IOMMU_OPEN", "IOMMU_IOAS_UNMAP",
                "VFIO_DEVICE_SET_IRQS", "VFIO_DEVICE_RESET", "IOMMU_GET_HW_INFO", "IOMMU_IOAS_IOVA_RANGES",
                "IOMMU_HWPT_INVALIDATE"})
    void aFailureOfEachCallLeavesNothing(Operation operation) throws HostException {
        try (Rig rig = new Rig()) {
            List<Long> before = rig.resources();
            long pinned = rig.host.memory().pinnedBytes();
            for (int after = 0; ; after++) {
                rig.host.faults().fail(operation.name(), Errno.ENOMEM, after);
                boolean failed = false;
                try {
                    useEverything(rig);
                } catch (HostException e) {
                    failed = true;
                    assertThat(e.errno()).isEqualTo(Errno.ENOMEM);
                }
                assertThat(rig.resources()).as("%s fails after %d", operation, after).isEqualTo(before);
                assertThat(rig.host.memory().pinnedBytes()).as("%s fails after %d", operation, after).isEqualTo(pinned);
                assertThat(rig.objects()).as("%s fails after %d", operation, after).isEqualTo(1);
                if (!failed) {
                    assertThat(after).isPositive();
                    return;
                }
            }
        }
    }

    @Test
    void whatFailedBeforeStaysAttached() throws HostException {
        try (Rig rig = new Rig()) {
            Rig.Assigned device = rig.new Assigned(Rig.DMA).nest(Rig.BYPASS, 0);
            rig.host.faults().fail("ALLOC_PAGE", Errno.ENOMEM, 0);
            assertThatThrownBy(() -> device.nest(Rig.ABORT, 0)).hasMessageStartingWith(
                    "VFIO_DEVICE_ATTACH_IOMMUFD_PT: ENOMEM");
            rig.host.faults().clear();
            assertThat(device.run(Rig.FILL, 0, GuestRam.BASE, 4, 1)).isEqualTo(2);
        }
    }

    @Test
    void closingTheFileTakesAllOfItAway() throws HostException {
        try (Rig rig = new Rig()) {
            Rig.Assigned device = rig.new Assigned(Rig.DMA).nest(Rig.BYPASS, 0);
            device.command(Rig.FILL | Rig.CONTINUOUS, 0, GuestRam.BASE, 64, 1);
            rig.file.close();
            assertThat(rig.objects()).isZero();
            assertThat(rig.host.memory().pinnedBytes()).isZero();
            device.device.detach();
            assertThat(rig.ioas.unmap(GuestRam.BASE, 8 << 20)).as("nothing is left to unmap").isZero();
            device.pci.close();
            assertThat(rig.host.pci().inspect().getFirst().toString()).contains("value=free");
        }
    }
}
