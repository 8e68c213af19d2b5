package dev.backplane.core.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.pci.Bar;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Message-signalled interrupts are writes of the function, masked and pending as PCIe 6.1.4 says. */
class MessageTest {
    private static final Bdf DEVICE = new Bdf(0, 1, 0);
    private static final long BAR = 0x1000_0000L;
    private static final long DOORBELL = PciBench.RAM + 0x100;
    private static final long TABLE = BAR + 0x800;
    private static final long PBA = BAR + 0x1000;

    private final PciBench bench = new PciBench();
    private PciBench.Plugged device;
    private int msi;
    private int msix;

    @BeforeEach
    void plug() throws Exception {
        device = bench.plug("dev", "pcie.0", 1, PciFunctionDescription.builder(0x1234, 1)
                .msi(8, true)
                .msix(new Msix(70, 0, 0x800, 0, 0x1000))
                .bar(new Bar(0, Bar.Kind.MEMORY_32, false, PciBench.store("bar", 0x2000)))
                .build());
        bench.config(DEVICE, 0x10, 4, BAR);
        bench.config(DEVICE, ConfigRegister.COMMAND, 2, 7);
        msi = bench.capability(DEVICE, 0x05);
        msix = bench.capability(DEVICE, 0x11);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private void enableMsi(int control, long address, int data) {
        bench.config(DEVICE, msi + 4, 4, address & 0xFFFF_FFFFL);
        bench.config(DEVICE, msi + 8, 4, address >>> 32);
        bench.config(DEVICE, msi + 12, 2, data);
        bench.config(DEVICE, msi + 2, 2, control);
    }

    private void entry(int vector, long address, long data, int control) {
        long at = TABLE + vector * 16L;
        bench.write(at, 8, address);
        bench.write(at + 8, 4, data);
        bench.write(at + 12, 4, control);
    }

    private long delivered() {
        long value = bench.read(DOORBELL, 4);
        bench.write(DOORBELL, 4, 0);
        return value;
    }

    @Test
    void nothingIsSentWhileNothingIsEnabled() {
        assertThat(device.context().msiEnabled()).isFalse();
        assertThat(device.context().sendMsi(bench.context(), 0)).isEqualTo(Done.DONE);
        assertThat(delivered()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        // allocated, vector, data
        "0, 0, 0xabcf", "0, 5, 0xabcf", "1, 0, 0xabce", "1, 1, 0xabcf", "1, 4, 0xabce", "3, 5, 0xabcd", "7, 7, 0xabcf"
    })
    void msiDataCarriesTheVectorInTheBitsThatSoftwareAllocated(int allocated, int vector, String data) {
        enableMsi(1 | allocated << 4, DOORBELL, 0xABCF);
        assertThat(device.context().msiEnabled()).isTrue();
        assertThat(device.context().sendMsi(bench.context(), vector)).isEqualTo(Done.DONE);
        assertThat(delivered()).isEqualTo(Long.decode(data));
    }

    @Test
    void maskedMsiVectorIsPendingUntilUnmasked() {
        enableMsi(1 | 3 << 4, DOORBELL, 0x40);
        bench.config(DEVICE, msi + 0x10, 4, 1 << 3);
        device.context().sendMsi(bench.context(), 3);
        device.context().sendMsi(bench.context(), 3);
        assertThat(delivered()).isZero();
        assertThat(bench.config(DEVICE, msi + 0x14, 4)).isEqualTo(1 << 3);
        bench.config(DEVICE, msi + 0x14, 4, 0);
        bench.config(DEVICE, msi + 0x10, 4, 0);
        assertThat(delivered()).isEqualTo(0x43);
        assertThat(bench.config(DEVICE, msi + 0x14, 4)).isZero();
    }

    @Test
    void msiVectorsThatWereNotAskedForAreNotEnabled() {
        // PCIe 7.7.1.2: Multiple Message Enable is at most Multiple Message Capable.
        bench.config(DEVICE, msi + 2, 2, 7 << 4);
        assertThat(bench.config(DEVICE, msi + 2, 2) >>> 4 & 7).isEqualTo(3);
        bench.config(DEVICE, msi + 2, 2, 2 << 4);
        assertThat(bench.config(DEVICE, msi + 2, 2) >>> 4 & 7).isEqualTo(2);
    }

    @Test
    void msiMaskHasABitPerVector() {
        bench.config(DEVICE, msi + 0x10, 4, 0xFFFF_FFFFL);
        assertThat(bench.config(DEVICE, msi + 0x10, 4)).isEqualTo(0xFF);
        assertThat(bench.config(DEVICE, msi + 2, 2)).as("64-bit, maskable, eight vectors").isEqualTo(0x186);
    }

    @Test
    void msixEntryIsMaskedAfterReset() {
        bench.config(DEVICE, msix + 2, 2, 0x8000);
        assertThat(bench.read(TABLE + 12, 4)).isEqualTo(1);
        device.context().sendMsi(bench.context(), 0);
        assertThat(bench.read(PBA, 8)).isEqualTo(1);
    }

    @Test
    void msixMessageGoesWhereItsEntrySays() {
        bench.config(DEVICE, msix + 2, 2, 0x8000);
        entry(69, DOORBELL, 0xDEAD_BEEFL, 0);
        assertThat(device.context().sendMsi(bench.context(), 69)).isEqualTo(Done.DONE);
        assertThat(delivered()).isEqualTo(0xDEAD_BEEFL);
    }

    @Test
    void msixVectorMaskedAloneIsPendingUntilUnmasked() {
        bench.config(DEVICE, msix + 2, 2, 0x8000);
        entry(65, DOORBELL, 0x77, 1);
        device.context().sendMsi(bench.context(), 65);
        assertThat(bench.read(PBA + 8, 8)).isEqualTo(2);
        assertThat(bench.read(PBA + 8, 4)).isEqualTo(2);
        assertThat(bench.read(PBA + 12, 4)).isZero();
        assertThat(delivered()).isZero();
        bench.write(TABLE + 65 * 16 + 12, 4, 0);
        assertThat(delivered()).isEqualTo(0x77);
        assertThat(bench.read(PBA + 8, 8)).isZero();
    }

    @Test
    void functionMaskHoldsAllVectors() {
        bench.config(DEVICE, msix + 2, 2, 0xC000);
        entry(0, DOORBELL, 1, 0);
        entry(1, DOORBELL + 8, 2, 0);
        device.context().sendMsi(bench.context(), 0);
        device.context().sendMsi(bench.context(), 1);
        assertThat(bench.read(PBA, 8)).isEqualTo(3);
        bench.config(DEVICE, msix + 2, 2, 0x8000);
        assertThat(delivered()).isEqualTo(1);
        assertThat(bench.read(DOORBELL + 8, 4)).isEqualTo(2);
        assertThat(bench.read(PBA, 8)).isZero();
    }

    @Test
    void pendingBitsCannotBeWritten() {
        bench.write(PBA, 8, -1L);
        assertThat(bench.read(PBA, 8)).isZero();
    }

    @Test
    void tableKeepsReservedBitsAtZero() {
        bench.write(TABLE, 8, -1L);
        bench.write(TABLE + 8, 8, -1L);
        assertThat(bench.read(TABLE, 8)).isEqualTo(~3L);
        assertThat(bench.read(TABLE + 8, 8)).isEqualTo(0x1_FFFF_FFFFL);
    }

    @Test
    void tableTakesNoBytes() {
        assertThat(bench.tryRead(TABLE, 1)).isEqualTo(Fault.SLAVE_ERROR);
        assertThat(bench.tryRead(TABLE + 2, 2)).isEqualTo(Fault.SLAVE_ERROR);
    }

    @Test
    void modelAnswersAroundTheTable() {
        bench.write(TABLE - 8, 8, 0x1111_2222_3333_4444L);
        bench.write(TABLE + 70 * 16, 2, 0x5555);
        assertThat(bench.read(TABLE - 8, 8)).isEqualTo(0x1111_2222_3333_4444L);
        assertThat(bench.read(TABLE + 70 * 16, 2)).isEqualTo(0x5555);
    }

    @Test
    void messageNeedsBusMasterEnable() {
        bench.config(DEVICE, msix + 2, 2, 0x8000);
        entry(0, DOORBELL, 9, 0);
        bench.config(DEVICE, ConfigRegister.COMMAND, 2, 3);
        assertThat(device.context().sendMsi(bench.context(), 0)).isEqualTo(Fault.BUS_MASTER_DISABLED);
        assertThat(delivered()).isZero();
    }

    @Test
    void unknownVectorIsRefused() {
        bench.config(DEVICE, msix + 2, 2, 0x8000);
        for (int vector : List.of(-1, 70)) {
            assertThatThrownBy(() -> device.context().sendMsi(bench.context(), vector))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("slot dev has no MSI vector %d: expected below 70".formatted(vector));
        }
    }

    @Test
    void fabricSendsWhatTheFunctionWouldSend() {
        enableMsi(1 | 3 << 4, DOORBELL, 0x40);
        bench.segment.sendMsi(bench.context(), DEVICE, 2);
        assertThat(delivered()).isEqualTo(0x42);
        assertThatThrownBy(() -> bench.segment.sendMsi(bench.context(), new Bdf(0, 9, 0), 0))
                .hasMessage("there is no PCI function 00:09.0");
    }

    @Test
    void sendingAllocatesNothing() {
        bench.config(DEVICE, msix + 2, 2, 0x8000);
        entry(0, DOORBELL, 9, 0);
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        var context = bench.context();
        var sender = device.context();
        int messages = 20_000;
        long bytes = 0;
        for (int round = 0; round < 3; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < messages; i++) {
                sender.sendMsi(context, 0);
            }
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(bytes).as("bytes for %d messages", messages).isLessThan(messages);
    }

    @Test
    void engineMakesABarForATableWithoutOne() throws Exception {
        PciBench.Plugged other = bench.plug("other", "pcie.0", 2, PciFunctionDescription.builder(0x1234, 2)
                .msix(new Msix(4, 1, 0, 1, 0x800))
                .build());
        Bdf at = other.address();
        bench.config(at, 0x14, 4, 0xFFFF_FFFFL);
        assertThat(bench.config(at, 0x14, 4)).isEqualTo(0xFFFF_F000L);
        bench.config(at, 0x14, 4, BAR + 0x10_0000);
        bench.config(at, ConfigRegister.COMMAND, 2, 7);
        bench.config(at, bench.capability(at, 0x11) + 2, 2, 0x8000);
        long table = BAR + 0x10_0000;
        bench.write(table, 8, DOORBELL);
        bench.write(table + 8, 8, 0x12);
        other.context().sendMsi(bench.context(), 0);
        assertThat(delivered()).isEqualTo(0x12);
    }
}
