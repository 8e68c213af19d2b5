package dev.backplane.host.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.backplane.host.smmu.SmmuParameters;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.hostpci.HostPciDevice.IrqIndex;
import dev.backplane.smmuv3.translate.Granule;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What each operation answers, by the table of Linux's iommufd and vfio interfaces. */
final class ErrnoTest {
    private static final SmmuParameters ALL = SmmuParameters.DEFAULT;

    /** An operation on a rig whose first device is assigned. */
    @FunctionalInterface
    interface Attempt {
        void run(Rig rig, Rig.Assigned first) throws HostException;
    }

    private static Arguments refusal(String what, Errno errno, Attempt attempt) {
        return Arguments.of(what, errno, attempt);
    }

    private static IommufdDevice bind(Rig rig, String address) throws HostException {
        return rig.host.pci().open(address).bind(rig.file);
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                refusal("map over a mapping", Errno.EEXIST, (rig, a) ->
                        rig.ioas.map(GuestRam.BASE + 0x1000, rig.ram.memory.asSlice(0, 0x1000), true, true)),
                refusal("map an odd IOVA", Errno.EINVAL, (rig, a) ->
                        rig.ioas.map(0x800, rig.ram.memory.asSlice(0, 0x1000), true, true)),
                refusal("map half a page", Errno.EINVAL, (rig, a) ->
                        rig.ioas.map(0x1000, rig.ram.memory.asSlice(0, 0x800), true, true)),
                refusal("map nothing", Errno.EINVAL, (rig, a) ->
                        rig.ioas.map(0x1000, rig.ram.memory.asSlice(0, 0), true, true)),
                refusal("map without a permission", Errno.EINVAL, (rig, a) ->
                        rig.ioas.map(0x1000, rig.ram.memory.asSlice(0, 0x1000), false, false)),
                refusal("map memory of the heap", Errno.EINVAL, (rig, a) ->
                        rig.ioas.map(0x1000, MemorySegment.ofArray(new long[512]), true, true)),
                refusal("map over the end", Errno.EOVERFLOW, (rig, a) ->
                        rig.ioas.map(-0x1000, rig.ram.memory.asSlice(0, 0x2000), true, true)),
                refusal("map the window of MSIs", Errno.EINVAL, (rig, a) ->
                        rig.ioas.map(0x080F_F000L, rig.ram.memory.asSlice(0, 0x1000), true, true)),
                refusal("map beyond the address size", Errno.EINVAL, (rig, a) ->
                        rig.ioas.map(1L << 48, rig.ram.memory.asSlice(0, 0x1000), true, true)),
                refusal("unmap nothing", Errno.ENOENT, (rig, a) -> rig.ioas.unmap(0x1000, 0x1000)),
                refusal("unmap the begin of a mapping", Errno.ENOENT, (rig, a) -> rig.ioas.unmap(GuestRam.BASE,
                        0x1000)),
                refusal("unmap the end of a mapping", Errno.ENOENT, (rig, a) ->
                        rig.ioas.unmap(GuestRam.BASE + 0x1000, 8 << 20)),
                refusal("unmap no range", Errno.EINVAL, (rig, a) -> rig.ioas.unmap(GuestRam.BASE, 0)),
                refusal("close an address space in use", Errno.EBUSY, (rig, a) -> rig.ioas.close()),
                refusal("close a nesting parent in use", Errno.EBUSY, (rig, a) -> a.parent.close()),
                refusal("close a vIOMMU in use", Errno.EBUSY, (rig, a) -> a.viommu.close()),
                refusal("close a device with a vDEVICE", Errno.EBUSY, (rig, a) -> a.device.close()),
                refusal("close a table that is attached", Errno.EBUSY, (rig, a) -> a.nest(Rig.ABORT, 0).nested.close()),
                refusal("open a device twice", Errno.EBUSY, (rig, a) -> rig.host.pci().open(Rig.DMA)),
                refusal("open no device", Errno.ENODEV, (rig, a) -> rig.host.pci().open("0000:09:00.0")),
                refusal("look at no device", Errno.ENODEV, (rig, a) -> rig.host.pci().function("0000:09:00.0")),
                refusal("bind twice", Errno.EINVAL, (rig, a) -> a.pci.bind(rig.host.open())),
                refusal("two vDEVICEs for a device", Errno.EEXIST, (rig, a) -> a.viommu.allocateVdevice(a.device,
                        0x99)),
                refusal("two vDEVICEs of a StreamID", Errno.EEXIST, (rig, a) ->
                        a.viommu.allocateVdevice(bind(rig, Rig.DMA_2), Rig.STREAM)),
                refusal("a vDEVICE behind another SMMU", Errno.EINVAL, (rig, a) ->
                        a.viommu.allocateVdevice(bind(rig, "0001:01:00.0"), 0x99)),
                refusal("a vDEVICE of a device with two StreamIDs", Errno.EINVAL, (rig, a) ->
                        a.viommu.allocateVdevice(bind(rig, "0000:04:00.0"), 0x99)),
                refusal("a vIOMMU for a device with two StreamIDs", Errno.EOPNOTSUPP, (rig, a) ->
                        bind(rig, "0000:04:00.0").allocateViommu(a.parent)),
                refusal("a vIOMMU on a table that is no parent", Errno.EINVAL, (rig, a) ->
                        a.device.allocateViommu(a.device.allocateHwpt(rig.ioas, false))),
                refusal("a vIOMMU on a parent of another SMMU", Errno.EINVAL, (rig, a) ->
                        bind(rig, "0001:01:00.0").allocateViommu(a.parent)),
                refusal("a table of another SMMU", Errno.EINVAL, (rig, a) -> bind(rig,
                        "0001:01:00.0").attach(a.parent)),
                refusal("a nested table of another SMMU", Errno.EINVAL, (rig, a) ->
                        bind(rig, "0001:01:00.0").attach(a.nest(Rig.ABORT, 0).nested)),
                refusal("a translating table without vDEVICE", Errno.ENOENT, (rig, a) ->
                        bind(rig, Rig.DMA_2).attach(a.viommu.allocateHwpt(a.device, Rig.VALID_STAGE_1, 0))),
                refusal("a second event queue", Errno.EEXIST, (rig, a) -> a.viommu.allocateEventQueue(16)),
                refusal("an STE with stage 2", Errno.EIO, (rig, a) -> a.viommu.allocateHwpt(a.device, 0b1101, 0)),
                refusal("an STE with both stages", Errno.EIO, (rig, a) -> a.viommu.allocateHwpt(a.device, 0b1111, 0)),
                refusal("an STE with MEV", Errno.EIO, (rig, a) -> a.viommu.allocateHwpt(a.device, Rig.BYPASS, 1 << 19)),
                refusal("an STE with STRW", Errno.EIO, (rig, a) -> a.viommu.allocateHwpt(a.device, Rig.BYPASS,
                        2L << 30)),
                refusal("an STE with split-stage ATS", Errno.EIO, (rig, a) ->
                        a.viommu.allocateHwpt(a.device, Rig.VALID_STAGE_1, 2L << 28)),
                refusal("an event queue of no depth", Errno.EINVAL, (rig, a) ->
                        bind(rig, Rig.DMA_2).allocateViommu(a.parent).allocateEventQueue(3)),
                refusal("PASID of a device that has none", Errno.EOPNOTSUPP, (rig, a) -> a.device.attach(1, rig.ioas)),
                refusal("PASID 0", Errno.EOPNOTSUPP, (rig, a) -> bind(rig, Rig.ATS).attach(0, rig.ioas)),
                refusal("PASID with too many bits", Errno.EOPNOTSUPP, (rig, a) ->
                        bind(rig, Rig.ATS).attach(1 << 16, rig.ioas)),
                refusal("PASID with a table of stage 2", Errno.EINVAL, (rig, a) -> bind(rig, Rig.ATS).attach(1,
                        a.parent)),
                refusal("an object that was closed", Errno.ENOENT, (rig, a) -> {
                    Hwpt gone = a.viommu.allocateHwpt(a.device, Rig.ABORT, 0);
                    gone.close();
                    a.device.attach(gone);
                }),
                refusal("an object of another iommufd", Errno.ENOENT, (rig, a) ->
                        rig.host.pci().open(Rig.DMA_2).bind(rig.host.open()).attach(rig.ioas)),
                refusal("a vector too many", Errno.EINVAL, (rig, a) ->
                        a.pci.setTriggers(IrqIndex.MSIX, 32, Collections.singletonList(null))),
                refusal("MSI of a device that has none", Errno.EINVAL, (rig, a) ->
                        a.pci.setTriggers(IrqIndex.MSI, 0, List.of(new Event()))),
                refusal("the pin beside MSI-X", Errno.EINVAL, (rig, a) -> {
                    a.pci.setTriggers(IrqIndex.MSIX, 0, List.of(new Event()));
                    a.pci.setTriggers(IrqIndex.INTX, 0, List.of(new Event()));
                }),
                refusal("a device that was closed", Errno.ENODEV, (rig, a) -> {
                    HostPciDevice pci = rig.host.pci().open(Rig.DMA_2);
                    pci.close();
                    pci.reset();
                }));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("refusals")
    void isAnswered(String what, Errno errno, Attempt attempt) throws HostException {
        try (Rig rig = new Rig(Rig.plan(ALL, "dma*2", "ats", "aliased", "dma@1"))) {
            Rig.Assigned first = rig.new Assigned(Rig.DMA);
            HostException refused =
                    catchThrowableOfType(HostException.class, () -> attempt.run(rig, first));
            assertThat(refused).as(what).isNotNull();
            assertThat(refused.errno()).isEqualTo(errno);
        }
    }

    @Test
    void memoryInTheWindowOfMessagesIsInTheWayOfATable() throws HostException {
        try (Rig rig = new Rig()) {
            rig.ioas.map(0x0800_0000L, rig.ram.memory.asSlice(0, 0x1000), true, true);
            HostException refused = catchThrowableOfType(
                    HostException.class, () -> bind(rig, Rig.DMA).allocateHwpt(rig.ioas, true));
            assertThat(refused.errno()).isEqualTo(Errno.EADDRINUSE);
        }
    }

    static Stream<Arguments> poorHosts() {
        Set<Granule> granules = EnumSet.allOf(Granule.class);
        Function<SmmuParameters, Arguments> of = Arguments::of;
        return Stream.of(
                of.apply(new SmmuParameters(48, granules, false, false, true, 16, true, 16, List.of())),
                of.apply(new SmmuParameters(48, granules, true, false, true, 16, true, 16, List.of())));
    }

    @ParameterizedTest
    @MethodSource("poorHosts")
    void aHostThatCannotNestSaysSo(SmmuParameters parameters) throws HostException {
        try (Rig rig = new Rig(Rig.plan(parameters, "dma"))) {
            HostException refused = catchThrowableOfType(HostException.class, () -> rig.new Assigned(Rig.DMA));
            assertThat(refused.errno()).isEqualTo(Errno.EOPNOTSUPP);
            assertThat(rig.host.pci().addresses()).containsExactly(Rig.DMA);
        }
    }

    @Test
    void rangesLeaveTheWindowOutOnceATableIsThere() throws HostException {
        try (Rig rig = new Rig()) {
            assertThat(rig.ioas.ranges()).hasSize(1);
            rig.new Assigned(Rig.DMA);
            assertThat(rig.ioas.ranges()).hasToString(
                    "[IovaRange[first=0, last=%d], IovaRange[first=%d, last=%d]]"
                            .formatted(0x07FF_FFFFL, 0x0810_0000L, (1L << 48) - 1));
        }
    }

    @Test
    void hardwareInfoHoldsWhatItPromisesAndNoMore() throws HostException {
        try (Rig rig = new Rig()) {
            var info = rig.new Assigned(Rig.DMA).device.hardwareInfo();
            assertThat(info.idr()).containsExactly(
                    0x0948_1008, 0x410, 0, 0x1400, 0, 0x470);
            assertThat(info.atsNotSupported()).isTrue();
            assertThat(info.maxPasidLog2()).isZero();
            var ats = bind(rig, Rig.ATS).hardwareInfo();
            assertThat(ats.atsNotSupported()).isFalse();
            assertThat(ats.maxPasidLog2()).isEqualTo(16);
        }
    }
}
