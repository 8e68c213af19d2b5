package dev.backplane.smmuv3.accel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.RealizeException;
import dev.backplane.firmware.FirmwareContribution;
import dev.backplane.inspect.IommuInspection.Outcome;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.pci.HostIommuDevice;
import dev.backplane.pci.MsiDoorbell;
import dev.backplane.pci.PciIommuOps.ViommuFlag;
import dev.backplane.pci.PciRequester.Kind;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.SmmuEvent;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AccelSmmuTest {
    private static final String NEEDS_KVM = "SMMUv3 accel=on requires KVM with kernel-irqchip=on support: run the "
            + "machine with accel=kvm and without kernel-irqchip=off, or set accel=off";

    private final FakeHost host = new FakeHost();

    @ParameterizedTest
    @CsvSource({"none, true", "tcg, true", "kvm, false"})
    void needsKvmWithItsInterruptController(String accelerator, boolean irqchip) {
        Optional<VirtualMachine> vm =
                accelerator.equals("none") ? Optional.empty() : TestBoard.vm(accelerator, irqchip);
        assertThatThrownBy(() -> new TestBoard(host, new TestMemory(), new TestBoard.TestLeases(), vm, Map.of()))
                .isInstanceOf(RealizeException.class)
                .hasMessage(NEEDS_KVM);
        assertThat(host.calls).isEmpty();
    }

    @Test
    void needsABus() {
        assertThatThrownBy(() -> new TestBoard(host, Map.of("primary-bus", "")))
                .isInstanceOf(RealizeException.class)
                .hasMessageContaining("SMMU is not attached to any PCI bus!");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "accel=off              | fills slots whose accel is on",
        "cmdqv=on               | no host offers virtual command queues",
        "stage=nested           | property stage: 'nested' does not fit",
        "ssidsize=21            | property ssidsize: '21' does not fit: expected auto or 0 to 20",
        "granules=8K            | property granules: '8K' does not fit",
        "sidsize=33             | sidsize 33 is out of range: expected 1 to 32",
        "identifier=256         | identifier 256 is out of range: expected 0 to 255",
        "oas=52;granules=4K     | oas 52 needs the 64K granule",
        "colour=red             | arm-smmuv3 has no property 'colour'",
    })
    void refusesContradictionsByName(String given, String message) {
        var properties = new HashMap<String, Object>();
        for (String pair : given.split(";")) {
            properties.put(pair.split("=")[0], pair.split("=")[1]);
        }
        assertThatThrownBy(() -> new TestBoard(host, properties))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    /** Software renumbers buses in transactions, and settling the registers waits for those. */
    @Test
    @Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
    void aTransactionMayMoveADeviceWhileTheRegistersAreSettled() throws Exception {
        var board = new TestBoard(host);
        var device = host.device("a");
        board.connect(0x108, device);
        var inside = new CountDownLatch(1);
        var settling = Thread.currentThread();
        Thread guest = Thread.ofPlatform().daemon().start(() -> {
            board.context().enter();
            inside.countDown();
            while (!isIn(settling, "synchronize")) {
                Thread.onSpinWait();
            }
            board.connect(0x110, device);
            board.context().exit();
        });
        inside.await();
        board.smmu.machineDone();
        guest.join();
        assertThat(device.attachment()).isEqualTo("bypass");
    }

    private static boolean isIn(Thread thread, String method) {
        return Stream.of(thread.getStackTrace()).anyMatch(frame -> frame.getMethodName().equals(method));
    }

    @Test
    void theDoorbellIsSetByTheFrameworkAlone() {
        assertThat(AccelProperties.DESCRIPTORS)
                .filteredOn(PropertyDescriptor::wiring)
                .extracting(PropertyDescriptor::name)
                .containsExactly("msi-gpa");
    }

    @Test
    void theFactoryFillsSlotsWhoseAccelIsOn() {
        var factory = new AccelSmmuFactory();
        assertThat(factory.type()).isEqualTo("arm-smmuv3");
        assertThat(factory.description()).isNotBlank();
        assertThat(factory.create(DeviceProperties.of("arm-smmuv3", factory.properties(), Map.of("accel", "on"))))
                .isInstanceOf(AccelSmmu.class);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void takesBridgesRootsAndAssignedDevicesWithAnIommufd(Kind kind) throws Exception {
        var refusal = new TestBoard(host).smmu.iommuOps().supportsAddressSpace(FakeHost.function(0x108, kind));
        switch (kind) {
            case BRIDGE, ROOT, ASSIGNED_ENDPOINT -> assertThat(refusal).isEmpty();
            case EMULATED_ENDPOINT -> assertThat(refusal.orElseThrow())
                    .startsWith("Emulated endpoint devices are not allowed when using arm-smmuv3,accel=on: put vfio-pci "
                            + "at 01:01.0");
            case ASSIGNED_ENDPOINT_WITHOUT_IOMMUFD -> assertThat(refusal.orElseThrow())
                    .startsWith("vfio-pci endpoint devices without an iommufd backend are not allowed when using "
                            + "arm-smmuv3,accel=on: set iommufd= of the device at 01:01.0");
        }
    }

    /** A user of the peer's found that assigned devices have to share the system's address space. */
    @Test
    void assignedDevicesShareTheSystemsAddressSpaceAndOthersTheTranslatedOne() throws Exception {
        var ops = new TestBoard(host).smmu.iommuOps();
        assertThat(ops.addressSpace(FakeHost.function(0x108))).isEqualTo(DmaAddressSpace.SystemBus.DIRECT);
        var bridge = ops.addressSpace(FakeHost.function(0x110, Kind.BRIDGE));
        assertThat(bridge).isInstanceOf(DmaAddressSpace.Translating.class);
        assertThat(ops.addressSpace(FakeHost.function(0x100, Kind.ROOT))).isSameAs(bridge);
    }

    @Test
    void theTranslatedSpaceStaysWhenTheIdentityIsSettled() throws Exception {
        var board = new TestBoard(host);
        var ops = board.smmu.iommuOps();
        var before = ops.addressSpace(FakeHost.function(0x110, Kind.BRIDGE));
        board.connect(0x108, host.device("a"));
        board.started();
        assertThat(ops.addressSpace(FakeHost.function(0x110, Kind.BRIDGE))).isSameAs(before);
    }

    /** Software never walks for the StreamID of an assigned device, whoever asks: C_BAD_CD storms came of that. */
    @Test
    void nobodyWalksForAnAssignedStream() throws Exception {
        var board = new TestBoard(host);
        board.connect(0x108, host.device("a"));
        board.enabled();
        board.translating(0x108, 0x4400_0000L);
        board.translating(0x110, 0x4500_0000L);
        board.configure(0x108);
        board.memory.readPages.clear();
        var space = (DmaAddressSpace.Translating)
                board.smmu.iommuOps().addressSpace(FakeHost.function(0x108, Kind.EMULATED_ENDPOINT));
        assertThat(space.translate(
                        board.context(), TransactionAttributes.ofRequester(0x108), 0x1234, AccessKind.WRITE))
                .isEqualTo(Translation.Terminated.ABORT);
        assertThat(board.smmu.contextDescriptor(0x108, 0).value()).isEqualTo("not read");
        board.smmu.explain(TransactionAttributes.ofRequester(0x108), 0x1234, AccessKind.READ);
        board.smmu.streamTableEntry(0x108);
        board.smmu.mappings(0x108, mapping -> {
            throw new AssertionError("mapping of an assigned stream");
        });
        assertThat(board.memory.readPages).doesNotContain(0x4400_0000L >>> 12);
        assertThat(board.shown("attachments", "software accesses refused")).isEqualTo("1");
        // The control: for a bridge the very same walk reads the CD.
        space.translate(board.context(), TransactionAttributes.ofRequester(0x110), 0x1234, AccessKind.WRITE);
        assertThat(board.memory.readPages).contains(0x4500_0000L >>> 12);
    }

    @Test
    void explainsWhatSoftwareKnowsOfAnAssignedStream() throws Exception {
        var board = new TestBoard(host);
        board.connect(0x108, host.device("a"));
        board.enabled();
        var attributes = TransactionAttributes.ofRequester(0x108);
        var illegal = board.smmu.explain(attributes, 0x1000, AccessKind.READ);
        assertThat(illegal.outcome()).isInstanceOfSatisfying(Outcome.Faulted.class, faulted -> {
            assertThat(faulted.reason()).isEqualTo("C_BAD_STE");
            assertThat(SmmuEvent.decode(faulted.record().orElseThrow()).type()).isEqualTo(EventType.C_BAD_STE);
        });
        assertThat(illegal.tree().child("target").value()).isEqualTo("abort");
        assertThat(illegal.tree().child("target").note()).isEqualTo("no legal STE: STE.V is 0");
        board.ste(0x108, 0b1);
        assertThat(board.smmu.explain(attributes, 0x1000, AccessKind.READ).outcome())
                .isEqualTo(new Outcome.Faulted("STE.Config", Optional.empty()));
        board.ste(0x108, 0b1001);
        var bypass = board.smmu.explain(attributes, 0x1000, AccessKind.READ);
        assertThat(bypass.outcome().toString()).contains("output=4096");
        assertThat(bypass.tree().child("target").value()).isEqualTo("bypass");
        board.translating(0x108, 0x4400_0000L);
        var nested = board.smmu.explain(attributes, 0x1000, AccessKind.READ);
        assertThat(nested.outcome().toString()).contains("the host's SMMU walks the tables");
        assertThat(nested.tree().child("target").value()).isEqualTo("stage 1");
        assertThat(nested.tree().child("target").note()).isEqualTo("STE 0x000000004400000b 0x0000000000000000");
        assertThat(board.smmu.streamTableEntry(0x108).child("STE[0x108]").child("V").value()).isEqualTo("0x1");
        assertThat(board.smmu.streams()).contains(0x108);
    }

    @Test
    void wantsANestingParentAndSaysWhetherSubstreamsMayBeShown() throws Exception {
        assertThat(new TestBoard(host, Map.of("ssidsize", "0")).smmu.iommuOps().viommuFlags())
                .containsExactly(ViommuFlag.WANT_NESTING_PARENT);
        assertThat(new TestBoard(host, Map.of("ssidsize", "5")).smmu.iommuOps().viommuFlags())
                .containsExactlyInAnyOrder(ViommuFlag.WANT_NESTING_PARENT, ViommuFlag.PASID_SUPPORTED);
    }

    @Test
    void theDoorbellOfAnAssignedDeviceIsNeverFoundByAWalk() throws Exception {
        var with = new TestBoard(host, Map.of("msi-gpa", "0x08090040")).smmu.iommuOps();
        var without = new TestBoard(host).smmu.iommuOps();
        assertThat(with.msiDoorbell(FakeHost.function(0x108))).isEqualTo(new MsiDoorbell.Direct(0x0809_0040L));
        assertThat(without.msiDoorbell(FakeHost.function(0x108)))
                .isEqualTo(new MsiDoorbell.Refuse("no MSI controller serves root bus pcie.1: give the machine one "
                        + "(msi=its or msi=gicv2m)"));
        assertThat(without.msiDoorbell(FakeHost.function(0x110, Kind.BRIDGE)))
                .isEqualTo(MsiDoorbell.Translate.TRANSLATE);
    }

    @Test
    void contributesTheHostsDoorbellWindowAndItsNode() throws Exception {
        var board = new TestBoard(host, Map.of("identifier", "3", "ats", "on"));
        assertThat(board.smmu.firmware()).containsExactly(
                new FirmwareContribution.ReservedMemoryRange("smmu1", 0x0800_0000L, 0x10_0000L, "host MSI doorbell"),
                new FirmwareContribution.SmmuNode("smmu1", 3, true));
    }

    @Test
    void refusesADeviceWithoutHandles() throws Exception {
        HostIommuDevice bare = new HostIommuDevice() {
            @Override
            public String hostName() {
                return "0000:41:00.0";
            }

            @Override
            public Optional<String> pass() {
                return Optional.empty();
            }

            @Override
            public Optional<String> block() {
                return Optional.empty();
            }
        };
        assertThat(new TestBoard(host).smmu.iommuOps().setIommuDevice(FakeHost.function(0x108), bare).orElseThrow())
                .startsWith("host device 0000:41:00.0 has no handles of the host's IOMMU");
    }
}
