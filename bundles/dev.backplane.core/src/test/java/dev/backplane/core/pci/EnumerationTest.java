package dev.backplane.core.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.Board.MapEntry;
import dev.backplane.board.PciFabric;
import dev.backplane.board.PlugException;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.pci.Bar;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciCapability;
import dev.backplane.pci.PciFunctionDescription;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Software finds, sizes, places and numbers (PCIe 7.5.1). */
class EnumerationTest {
    private final PciBench bench = new PciBench();

    @AfterEach
    void close() {
        bench.close();
    }

    private static PciFunctionDescription device(Bar... bars) {
        var builder = PciFunctionDescription.builder(0x1234, 0x11e8).classCode(0x00ff00, 0x10).interruptPin(1);
        for (Bar bar : bars) {
            builder.bar(bar);
        }
        return builder.build();
    }

    private static Bar memory32(int index, long size) {
        return new Bar(index, Bar.Kind.MEMORY_32, false, PciBench.store("bar" + index, size));
    }

    private static Bar memory64(int index, long size) {
        return new Bar(index, Bar.Kind.MEMORY_64, true, PciBench.store("bar" + index, size));
    }

    private static Bar io(int index, long size) {
        return new Bar(index, Bar.Kind.IO, false, PciBench.store("bar" + index, size));
    }

    private static Bdf at(int bus, int device) {
        return new Bdf(bus, device, 0);
    }

    @Test
    void hostBridgeIsTheFirstFunction() {
        Bdf host = at(0, 0);
        assertThat(bench.config(host, 0, 4)).isEqualTo(0x0008_1b36L);
        assertThat(bench.config(host, 8, 4) >>> 8).isEqualTo(0x060000);
        assertThat(bench.segment.functions()).singleElement().satisfies(function -> {
            assertThat(function.address()).isEqualTo(host);
            assertThat(function.slot()).isEmpty();
        });
    }

    @ParameterizedTest
    @CsvSource({"1,0xff", "2,0xffff", "4,0xffffffff", "8,-1"})
    void absentFunctionReadsAllOnes(int size, String expected) {
        assertThat(bench.config(at(0, 5), 0, size)).isEqualTo(Long.decode(expected));
        bench.config(at(0, 5), 0, size, 0);
        assertThat(bench.config(at(77, 5), 0, size)).isEqualTo(Long.decode(expected));
    }

    @Test
    void conventionalFunctionHasNoExtendedSpace() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device());
        assertThat(bench.config(at(0, 1), 0x100, 4)).isEqualTo(0xFFFF_FFFFL);
        bench.config(at(0, 1), 0x100, 4, 0);
    }

    @Test
    void eightByteAccessIsTwoOfFour() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device());
        assertThat(bench.config(at(0, 1), 0, 8)).isEqualTo(0x0000_0000_11e8_1234L);
        bench.config(at(0, 1), 0x38, 8, 0x0000_00AB_FFFF_FFFFL);
        assertThat(bench.config(at(0, 1), 0x3C, 1)).isEqualTo(0xAB);
    }

    @Test
    void identificationCannotBeWritten() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device());
        bench.config(at(0, 1), 0, 4, 0);
        bench.config(at(0, 1), 8, 4, 0);
        bench.config(at(0, 1), 0x3D, 1, 7);
        assertThat(bench.config(at(0, 1), 0, 4)).isEqualTo(0x11e8_1234L);
        assertThat(bench.config(at(0, 1), 8, 4)).isEqualTo(0x00ff_0010L);
        assertThat(bench.config(at(0, 1), 0x3D, 1)).isEqualTo(1);
    }

    @Test
    void commandKeepsWhatSoftwareEnables() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device());
        bench.config(at(0, 1), ConfigRegister.COMMAND, 2, 0xFFFF);
        assertThat(bench.config(at(0, 1), ConfigRegister.COMMAND, 2)).isEqualTo(0x507);
        bench.config(at(0, 1), ConfigRegister.COMMAND, 2, 7);
        assertThat(bench.config(at(0, 1), ConfigRegister.COMMAND, 2)).isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource({"0x10, 0xfffffff0", "0x1000, 0xfffff000", "0x100000, 0xfff00000", "0x80000000, 0x80000000"})
    void sizeOf32BitBarShowsInItsWritableBits(String size, String mask) throws PlugException {
        bench.plug("dev", "pcie.0", 1, device(memory32(0, Long.decode(size))));
        bench.config(at(0, 1), 0x10, 4, 0xFFFF_FFFFL);
        assertThat(bench.config(at(0, 1), 0x10, 4)).isEqualTo(Long.decode(mask));
        assertThat(bench.config(at(0, 1), 0x14, 4)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x1000, 0xfffff00c, 0xffffffff", "0x100000000, 0xc, 0xffffffff", "0x4000000000, 0xc, 0xffffffc0"})
    void sizeOf64BitBarShowsInBothRegisters(String size, String low, String high) throws PlugException {
        bench.plug("dev", "pcie.0", 1, device(memory64(2, Long.decode(size))));
        bench.config(at(0, 1), 0x18, 4, 0xFFFF_FFFFL);
        bench.config(at(0, 1), 0x1C, 4, 0xFFFF_FFFFL);
        assertThat(bench.config(at(0, 1), 0x18, 4)).isEqualTo(Long.decode(low));
        assertThat(bench.config(at(0, 1), 0x1C, 4)).isEqualTo(Long.decode(high));
    }

    @Test
    void sizeOfIoBarShowsInItsWritableBits() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device(io(1, 32)));
        bench.config(at(0, 1), 0x14, 4, 0xFFFF_FFFFL);
        assertThat(bench.config(at(0, 1), 0x14, 4)).isEqualTo(0xFFFF_FFE1L);
    }

    @Test
    void barAnswersOnlyWhileMemorySpaceIsEnabled() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device(memory32(0, 0x1000)));
        bench.config(at(0, 1), 0x10, 4, 0x1000_0000L);
        assertThat(bench.tryRead(0x1000_0000L, 4)).isEqualTo(Fault.DECODE_ERROR);
        bench.config(at(0, 1), ConfigRegister.COMMAND, 2, ConfigRegister.COMMAND_MEMORY);
        bench.write(0x1000_0010L, 4, 0xCAFE);
        assertThat(bench.read(0x1000_0010L, 4)).isEqualTo(0xCAFE);
        bench.config(at(0, 1), 0x10, 4, 0x1000_5000L);
        assertThat(bench.tryRead(0x1000_0010L, 4)).isEqualTo(Fault.DECODE_ERROR);
        assertThat(bench.read(0x1000_5010L, 4)).isEqualTo(0xCAFE);
        bench.config(at(0, 1), ConfigRegister.COMMAND, 2, 0);
        assertThat(bench.tryRead(0x1000_5010L, 4)).isEqualTo(Fault.DECODE_ERROR);
    }

    @Test
    void barOf64BitsGoesAbove4GiB() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device(memory64(0, 0x1_0000_0000L)));
        bench.config(at(0, 1), ConfigRegister.COMMAND, 2, 7);
        bench.config(at(0, 1), 0x10, 4, 0);
        bench.config(at(0, 1), 0x14, 4, 0x81);
        bench.write(0x81_0000_0040L, 8, 0x1122_3344_5566_7788L);
        assertThat(bench.read(0x81_0000_0040L, 8)).isEqualTo(0x1122_3344_5566_7788L);
        assertThat(bench.segment.functions().getLast().bars())
                .containsExactly(new PciFabric.BarMapping(0, "mem64", 0x81_0000_0000L, 0x1_0000_0000L));
    }

    @Test
    void ioBarAnswersInTheIoWindow() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device(io(0, 32)));
        bench.config(at(0, 1), 0x10, 4, 0x1020);
        bench.config(at(0, 1), ConfigRegister.COMMAND, 2, ConfigRegister.COMMAND_IO);
        bench.write(PciBench.IO.base() + 0x1024, 1, 0x5A);
        assertThat(bench.read(PciBench.IO.base() + 0x1024, 1)).isEqualTo(0x5A);
    }

    @ParameterizedTest
    @CsvSource({"0x0", "0x40000000", "0xfffff000", "0x08000000"})
    void barOutsideTheWindowsIsNotMapped(String address) throws PlugException {
        List<MapEntry> before = bench.bus.memoryMap();
        bench.plug("dev", "pcie.0", 1, device(memory32(0, 0x1000)));
        bench.config(at(0, 1), ConfigRegister.COMMAND, 2, 7);
        bench.config(at(0, 1), 0x10, 4, Long.decode(address));
        assertThat(bench.bus.memoryMap()).isEqualTo(before);
    }

    @Test
    void ofTwoBarsAtOneAddressTheFirstPluggedAnswers() throws PlugException {
        for (int device = 1; device <= 2; device++) {
            bench.plug("dev" + device, "pcie.0", device, device(memory32(0, 0x1000)));
            bench.config(at(0, device), 0x10, 4, 0x1000_0000L);
            bench.config(at(0, device), ConfigRegister.COMMAND, 2, 7);
        }
        assertThat(bench.bus.memoryMap()).filteredOn(entry -> entry.base() == 0x1000_0000L)
                .extracting(MapEntry::owner).containsExactly("dev1");
        bench.config(at(0, 1), ConfigRegister.COMMAND, 2, 0);
        assertThat(bench.bus.memoryMap()).filteredOn(entry -> entry.base() == 0x1000_0000L)
                .extracting(MapEntry::owner).containsExactly("dev2");
    }

    @Test
    void deviceBehindARootPortIsReachedThroughItsWindows() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        bench.plug("dev", "rp", 0, device(memory32(0, 0x1000), memory64(2, 0x1000), io(4, 32)));
        Bdf port = at(0, 2);
        assertThat(bench.config(port, ConfigRegister.HEADER_TYPE, 1)).isEqualTo(1);
        assertThat(bench.config(at(1, 0), 0, 2)).isEqualTo(0xFFFF);
        bench.openBridge(port, 1, 1);
        assertThat(bench.config(at(1, 0), 0, 4)).isEqualTo(0x11e8_1234L);
        assertThat(bench.config(at(1, 1), 0, 2)).isEqualTo(0xFFFF);
        bench.config(at(1, 0), 0x10, 4, 0x1020_0000L);
        bench.config(at(1, 0), 0x18, 4, 0);
        bench.config(at(1, 0), 0x1C, 4, 0x80);
        bench.config(at(1, 0), 0x20, 4, 0x2000);
        bench.config(at(1, 0), ConfigRegister.COMMAND, 2, 7);
        assertThat(bench.tryRead(0x1020_0000L, 4)).isEqualTo(Fault.DECODE_ERROR);
        bench.config(port, ConfigRegister.MEMORY_BASE, 2, 0x1020);
        bench.config(port, ConfigRegister.MEMORY_LIMIT, 2, 0x1020);
        bench.read(0x1020_0000L, 4);
        bench.config(port, ConfigRegister.PREFETCHABLE_BASE, 4, 0x0000_0000L);
        bench.config(port, ConfigRegister.PREFETCHABLE_BASE_UPPER, 4, 0x80);
        bench.config(port, ConfigRegister.PREFETCHABLE_LIMIT_UPPER, 4, 0x80);
        bench.read(0x80_0000_0000L, 4);
        assertThat(bench.tryRead(PciBench.IO.base() + 0x2000, 1)).isEqualTo(Fault.DECODE_ERROR);
        bench.config(port, ConfigRegister.IO_BASE, 2, 0x2020);
        bench.read(PciBench.IO.base() + 0x2000, 1);
        bench.config(port, ConfigRegister.COMMAND, 2, ConfigRegister.COMMAND_MEMORY);
        assertThat(bench.tryRead(PciBench.IO.base() + 0x2000, 1)).isEqualTo(Fault.DECODE_ERROR);
        bench.read(0x1020_0000L, 4);
        bench.config(port, ConfigRegister.COMMAND, 2, 0);
        assertThat(bench.tryRead(0x1020_0000L, 4)).isEqualTo(Fault.DECODE_ERROR);
    }

    @Test
    void hostBridgeForgetsWhatSoftwareWroteAtReset() {
        bench.config(at(0, 0), ConfigRegister.COMMAND, 2, 7);
        bench.config(at(0, 0), 0x0C, 1, 0x10);
        bench.segment.resetHostBridge(ResetKind.COLD);
        assertThat(bench.config(at(0, 0), ConfigRegister.COMMAND, 2)).isZero();
        assertThat(bench.config(at(0, 0), 0x0C, 1)).isZero();
    }

    @Test
    void windowsOfARootPortAreClosedAtReset() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        Bdf port = at(0, 2);
        assertThat(bench.config(port, ConfigRegister.IO_BASE, 2)).isEqualTo(0x00F0);
        assertThat(bench.config(port, ConfigRegister.MEMORY_BASE, 4)).isEqualTo(0x0000_FFF0);
        assertThat(bench.config(port, ConfigRegister.PREFETCHABLE_BASE, 4)).isEqualTo(0x0001_FFF1);
    }

    @Test
    void rootPortRaisesOneMsixVectorAndAnswersParityErrors() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        Bdf port = at(0, 2);
        int msix = bench.capability(port, 0x11);
        assertThat(bench.config(port, msix + 2, 2)).as("table size less 1").isZero();
        assertThat(bench.config(port, msix + 4, 4)).as("table").isZero();
        assertThat(bench.config(port, msix + 8, 4)).as("pending bits").isEqualTo(0x800);
        bench.config(port, 0x10, 4, 0xFFFF_FFFFL);
        assertThat(bench.config(port, 0x10, 4)).isEqualTo(0xFFFF_F000L);
        bench.config(port, ConfigRegister.COMMAND, 2, 0xFFFF);
        assertThat(bench.config(port, ConfigRegister.COMMAND, 2)).isEqualTo(0x547);
    }

    @Test
    void expanderAddsARootBusOfItsNumber() throws Exception {
        bench.expander("pxb1", 3, 0x40);
        bench.plug("dev", "pxb1", 4, device(memory32(0, 0x1000)));
        assertThat(bench.config(at(0, 3), 0, 4)).isEqualTo(0x000b_1b36L);
        assertThat(bench.config(at(0x40, 4), 0, 4)).isEqualTo(0x11e8_1234L);
        bench.config(at(0x40, 4), 0x10, 4, 0x1000_0000L);
        bench.config(at(0x40, 4), ConfigRegister.COMMAND, 2, 7);
        bench.read(0x1000_0000L, 4);
        bench.rootPort("rp", "pxb1", 5);
        bench.openBridge(at(0x40, 5), 0x41, 0x43);
        assertThat(bench.segment.rootBuses()).containsExactly(
                new PciFabric.RootBus("pcie.0", 0, 0, ""), new PciFabric.RootBus("pxb1", 0x40, 0x43, ""));
    }

    @Test
    void bridgeOfAnotherRootBusDoesNotReachIntoAnExpander() throws Exception {
        bench.expander("pxb1", 3, 0x40);
        bench.rootPort("rp", "pcie.0", 2);
        bench.plug("dev", "rp", 0, device());
        bench.openBridge(at(0, 2), 0x40, 0xFF);
        assertThat(bench.config(at(0x40, 0), 0, 2)).isEqualTo(0xFFFF);
    }

    @Test
    void deviceBehindTwoBridgesIsFoundAfterNumbering() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        bench.plug(new PciePciBridgeFactory(), "br", "rp", 0, Map.of());
        PciBench.Plugged dev = bench.plug("dev", "br", 7, device());
        bench.openBridge(at(0, 2), 1, 2);
        bench.openBridge(at(1, 0), 2, 2);
        assertThat(bench.config(at(2, 7), 0, 2)).isEqualTo(0x1234);
        assertThat(dev.address()).isEqualTo(at(2, 7));
        bench.config(at(0, 2), ConfigRegister.SUBORDINATE_BUS, 1, 1);
        assertThat(bench.config(at(2, 7), 0, 2)).isEqualTo(0xFFFF);
        bench.openBridge(at(0, 2), 5, 9);
        bench.openBridge(at(5, 0), 9, 9);
        assertThat(dev.address()).isEqualTo(at(9, 7));
    }

    @Test
    void functionZeroTellsOfItsSiblings() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device());
        assertThat(bench.config(at(0, 1), ConfigRegister.HEADER_TYPE, 1)).isZero();
        bench.plugAt("second", "test-device", "pcie.0", 1 << 3 | 3, device());
        assertThat(bench.config(at(0, 1), ConfigRegister.HEADER_TYPE, 1)).isEqualTo(0x80);
        assertThat(bench.config(new Bdf(0, 1, 3), 0, 2)).isEqualTo(0x1234);
    }

    @Test
    void capabilitiesAreChained() throws PlugException {
        var description = PciFunctionDescription.builder(0x1234, 1)
                .express()
                .msi(4, true)
                .msix(new PciFunctionDescription.Msix(8, 0, 0x800, 0, 0xC00))
                .bar(memory32(0, 0x1000))
                .capability(new PciCapability(0x09, false, 0, new byte[] {6, 1, 2, 3}, new byte[] {0, 0, 0, -1}))
                .capability(new PciCapability(0x0F, true, 1, new byte[] {0x20, 0, 0, 0}, new byte[] {0, 0, 0x1F, -128}))
                .capability(new PciCapability(0x1B, true, 1, new byte[4], new byte[4]))
                .build();
        bench.plug("dev", "pcie.0", 1, description);
        Bdf dev = at(0, 1);
        for (int id : new int[] {0x01, 0x05, 0x09, 0x10, 0x11}) {
            assertThat(bench.capability(dev, id)).as("capability 0x%x", id).isNotZero();
        }
        assertThat(bench.extendedCapabilities(dev)).containsExactly(0x0F, 0x1B);
        bench.config(dev, 0x104, 4, 0xFFFF_FFFFL);
        assertThat(bench.config(dev, 0x104, 4)).isEqualTo(0x801F_0020L);
        int vendorSpecific = bench.capability(dev, 0x09);
        bench.config(dev, vendorSpecific + 2, 4, 0xFFFF_FFFFL);
        assertThat(bench.config(dev, vendorSpecific + 2, 4)).isEqualTo(0xFF02_0106L);
        int express = bench.capability(dev, 0x10);
        assertThat(bench.config(dev, express + 2, 2)).as("integrated endpoint").isEqualTo(0x92);
    }

    @Test
    void expressDeviceBelowAPortIsAnEndpoint() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        bench.openBridge(at(0, 2), 1, 1);
        bench.plug("dev", "rp", 0, PciFunctionDescription.builder(0x1234, 1).express().build());
        int express = bench.capability(at(1, 0), 0x10);
        assertThat(bench.config(at(1, 0), express + 2, 2)).isEqualTo(2);
        int port = bench.capability(at(0, 2), 0x10);
        assertThat(bench.config(at(0, 2), port + 2, 2)).isEqualTo(0x142);
    }

    @Test
    void takenAddressIsRefusedAndNamed() throws PlugException {
        bench.plug("dev", "pcie.0", 1, device());
        assertThatThrownBy(() -> bench.plug("other", "pcie.0", 1, device()))
                .isInstanceOf(PlugException.class)
                .hasMessage("slot other: address 01.0 of PCI bus pcie.0 is taken by slot dev (test-device): "
                        + "choose another address");
        assertThatThrownBy(() -> bench.plug("other", "pcie.0", 0, device())).hasMessageContaining("the host bridge");
        assertThat(bench.segment.functions()).hasSize(2);
    }

    @Test
    void unknownBusIsRefusedWithThoseThatExist() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        assertThatThrownBy(() -> bench.plug("dev", "pcie.1", 0, device()))
                .hasMessage("there is no PCI bus 'pcie.1'; there are pcie.0, rp");
    }

    @Test
    void linkHasRoomForOneDevice() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        assertThatThrownBy(() -> bench.plug("dev", "rp", 1, device())).hasMessageContaining("which has 1 device:");
        assertThat(bench.segment.nextFreeDevfn("rp")).isZero();
        bench.plug("dev", "rp", 0, device());
        assertThatThrownBy(() -> bench.segment.nextFreeDevfn("rp"))
                .hasMessage("PCI bus rp is full: choose another bus");
        assertThat(bench.segment.nextFreeDevfn("pcie.0")).isEqualTo(1 << 3);
    }

    @ParameterizedTest
    @CsvSource({"0", "256", "4096"})
    void expanderNumberOutsideTheWindowIsRefused(int number) {
        assertThatThrownBy(() -> bench.expander("pxb", 3, number))
                .isInstanceOf(RealizeException.class)
                .hasMessageContaining("bus_nr " + number + ": expected 1 to 255");
    }

    @Test
    void expanderNumberIsTakenOnce() throws Exception {
        bench.expander("pxb", 3, 8);
        assertThatThrownBy(() -> bench.expander("pxb2", 4, 8)).hasMessageContaining("is taken");
    }

    @Test
    void descriptionThatDoesNotFitIsRefused() {
        var description = PciFunctionDescription.builder(1, 1)
                .capability(new PciCapability(0x09, false, 0, new byte[250], new byte[250]))
                .build();
        assertThatThrownBy(() -> bench.plug("dev", "pcie.0", 1, description))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("capability 0x9 of 252 bytes");
        var extended = PciFunctionDescription.builder(1, 1)
                .capability(new PciCapability(0x0F, true, 1, new byte[4], new byte[4]))
                .build();
        assertThatThrownBy(() -> bench.plug("dev", "pcie.0", 1, extended))
                .hasMessageContaining("no PCI Express capability");
        var table = PciFunctionDescription.builder(1, 1)
                .msix(new PciFunctionDescription.Msix(256, 0, 0, 0, 0x800))
                .bar(memory32(0, 0x1000))
                .build();
        assertThatThrownBy(() -> bench.plug("dev", "pcie.0", 1, table)).hasMessageContaining("overlap");
        assertThat(bench.segment.functions()).hasSize(1);
    }

    @Test
    void unpluggedFunctionIsGone() throws Exception {
        bench.rootPort("rp", "pcie.0", 2);
        bench.openBridge(at(0, 2), 1, 1);
        PciBench.Plugged dev = bench.plug("dev", "rp", 0, device(memory32(0, 0x1000)));
        List<MapEntry> before = bench.bus.memoryMap();
        bench.config(at(0, 2), ConfigRegister.MEMORY_BASE, 4, 0x1000_1000L);
        bench.config(at(1, 0), 0x10, 4, 0x1000_0000L);
        bench.config(at(1, 0), ConfigRegister.COMMAND, 2, 7);
        assertThat(bench.bus.memoryMap()).isNotEqualTo(before);
        bench.segment.unplug(dev.function());
        assertThat(bench.bus.memoryMap()).isEqualTo(before);
        assertThat(bench.config(at(1, 0), 0, 2)).isEqualTo(0xFFFF);
        assertThat(dev.context().dma().read(bench.context(), PciBench.RAM, 4)).isEqualTo(Fault.BUS_MASTER_DISABLED);
    }

    @Test
    void bridgeWithADeviceBelowStays() throws Exception {
        PciBench.Plugged port = bench.rootPort("rp", "pcie.0", 2);
        bench.plug("dev", "rp", 0, device());
        assertThatThrownBy(() -> bench.segment.unplug(port.function()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("slot rp still has dev on its bus: unplug it first");
    }
}
