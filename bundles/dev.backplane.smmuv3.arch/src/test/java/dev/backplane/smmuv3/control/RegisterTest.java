package dev.backplane.smmuv3.control;

import static dev.backplane.smmuv3.control.Bench.*;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** IHI 0070 chapter 6. */
class RegisterTest {
    private final Bench bench = new Bench();

    /** QEMU stores and returns most RES0 bits, and keeps GERROR_IRQ_CFG although IDR0.MSI is 0. */
    @ParameterizedTest(name = "{0} ({1})")
    @CsvSource({
        // register, section, offset, reset, what remains of all ones
        "CR0,             6.3.9,  0x20,    0,      0x0000000D",
        "CR1,             6.3.11, 0x28,    0,      0x00000FFF",
        "CR2,             6.3.12, 0x2C,    0,      0x00000006",
        "STATUSR,         6.3.13, 0x40,    0,      0",
        "GBPA,            6.3.15, 0x44,    0x1000, 0x001F3F1F",
        "AGBPA,           6.3.16, 0x48,    0,      0",
        "IRQ_CTRL,        6.3.17, 0x50,    0,      0x00000005",
        "GERROR,          6.3.19, 0x60,    0,      0",
        "GERRORN,         6.3.20, 0x64,    0,      0",
        "GERROR_IRQ_CFG0, 6.3.21, 0x68,    0,      0",
        "STRTAB_BASE_CFG, 6.3.25, 0x88,    0,      0x000307FF",
        "CMDQ_BASE,       6.3.26, 0x90,    0x13,   0xFFFFFFFF",
        "EVENTQ_BASE,     6.3.29, 0xA0,    0x13,   0xFFFFFFFF",
        "CMDQ_PROD,       6.3.27, 0x98,    0,      0x000FFFFF",
        "CMDQ_CONS,       6.3.28, 0x9C,    0,      0x7F0FFFFF",
        "EVENTQ_PROD,     6.3.30, 0x100A8, 0,      0x800FFFFF",
        "EVENTQ_CONS,     6.3.31, 0x100AC, 0,      0x800FFFFF",
        "GERROR_IRQ_CFG1, 6.3.22, 0x70,    0,      0",
        "GERROR_IRQ_CFG2, 6.3.23, 0x74,    0,      0",
        "EVENTQ_IRQ_CFG0, 6.3.30, 0xB0,    0,      0",
        "EVENTQ_IRQ_CFG1, 6.3.31, 0xB8,    0,      0",
        "EVENTQ_IRQ_CFG2, 6.3.32, 0xBC,    0,      0",
        "S2PII,           6.3.17, 0x58,    0,      0",
        "PRIQ_BASE,       6.3.33, 0xC0,    0,      0",
        "PRIQ_IRQ_CFG0,   6.3.34, 0xD0,    0,      0",
        "GATOS_CTRL,      6.3.37, 0x100,   0,      0",
        "GATOS_SID,       6.3.38, 0x108,   0,      0",
        "MPAMIDR,         6.3.41, 0x130,   0,      0",
        "GMPAM,           6.3.42, 0x138,   0,      0",
        "GBPMPAM,         6.3.43, 0x13C,   0,      0",
        "VATOS_SEL,       6.3.44, 0x180,   0,      0",
        "IDR6 (ECMDQ),    6.3.45, 0x190,   0,      0",
        "DPT_BASE,        6.3.46, 0x200,   0,      0",
        "DPT_BASE_CFG,    6.3.47, 0x208,   0,      0",
        "DPT_CFG_FAR,     6.3.48, 0x210,   0,      0",
        "CMDQ page base,  6.3.49, 0x4000,  0,      0",
        "PRIQ_CONS,       6.3.37, 0x100CC, 0,      0",
        "Secure IDR0,     6.2,    0x8000,  0,      0",
        "past the end,    6.2,    0x1FFFC, 0,      0",
    })
    void keepsItsFieldsAndNothingElse(String name, String section, String at, String reset, String kept) {
        long offset = Long.decode(at);
        assertThat(bench.read(offset)).isEqualTo(Long.decode(reset));
        bench.write(offset, 0xFFFF_FFFFL);
        assertThat(bench.read(offset)).isEqualTo(Long.decode(kept));
    }

    @ParameterizedTest
    @CsvSource({"0x80, 0x40FFFFFFFFFFFFC0", "0x90, 0x40FFFFFFFFFFFFFF", "0xA0, 0x40FFFFFFFFFFFFFF"})
    void baseRegistersTakeEightBytesOrTwoHalves(String at, String kept) {
        long offset = Long.decode(at);
        long all = Long.decode(kept);
        bench.write(offset, 8, -1L);
        assertThat(bench.control.read(offset, 8)).isEqualTo(all);
        bench.write(offset, 0);
        assertThat(bench.control.read(offset, 8)).isEqualTo(all & 0xFFFF_FFFF_0000_0000L);
        bench.write(offset + 4, 0x1234_5678);
        assertThat(bench.read(offset + 4)).isEqualTo(0x1234_5678 & all >>> 32);
        assertThat(bench.read(offset)).isZero();
    }

    @Test
    void identificationRegistersIgnoreWrites() {
        for (int offset : IntStream.concat(
                        IntStream.iterate(0, i -> i < 0x20, i -> i + 4),
                        IntStream.iterate(0xFD0, i -> i < 0x1000, i -> i + 4))
                .toArray()) {
            long before = bench.read(offset);
            bench.write(offset, ~before);
            assertThat(bench.read(offset)).isEqualTo(before);
        }
    }

    @Test
    void acknowledgeRegistersMirrorTheirControls() {
        bench.write(CR0, 0xD);
        assertThat(bench.read(CR0ACK)).isEqualTo(0xD);
        bench.write(CR0ACK, 0);
        assertThat(bench.read(CR0ACK)).isEqualTo(0xD);
        bench.write(CR0, 0x4);
        assertThat(bench.read(CR0ACK)).isEqualTo(0x4);
        bench.write(IRQ_CTRL, 0x1);
        assertThat(bench.read(IRQ_CTRLACK)).isEqualTo(0x1);
    }

    @Test
    void eventQueueIndexesAreAliasedInPage0() {
        bench.write(0xA8, 0x123);
        bench.write(0xAC, 0x8000_0456L);
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(0x123);
        assertThat(bench.read(EVENTQ_CONS)).isEqualTo(0x8000_0456L);
        assertThat(bench.control.read(0xA8, 8)).isEqualTo(0x8000_0456_0000_0123L);
    }

    /** CONSTRAINED UNPREDICTABLE, where QEMU applies the write at once. */
    @ParameterizedTest(name = "{0} while {1}")
    @CsvSource({
        "STRTAB_BASE,     0x80,    0x1, 0xFFFFFFC0",
        "STRTAB_BASE_CFG, 0x88,    0x1, 0x000307FF",
        "CR2,             0x2C,    0x1, 0x2",
        "CMDQ_BASE,       0x90,    0x8, 0x7",
        "CMDQ_CONS,       0x9C,    0x8, 0x0",
        "EVENTQ_BASE,     0xA0,    0x4, 0x7",
        "EVENTQ_PROD,     0x100A8, 0x4, 0x5",
    })
    void isLockedWhileEnabled(String name, String at, String enable, String before) {
        long offset = Long.decode(at);
        bench.write(offset, Long.decode(before));
        bench.write(CR0, Long.decode(enable));
        bench.write(offset, Long.decode(before) ^ 0xF);
        assertThat(bench.read(offset)).isEqualTo(Long.decode(before));
        assertThat(bench.calls).contains("guest error");
        bench.write(CR0, 0);
        bench.write(offset, 0);
        assertThat(bench.read(offset)).isZero();
    }

    @ParameterizedTest(name = "CR0 = {0}")
    @CsvSource({"0x0, 0xFFF", "0x1, 0x03F", "0x8, 0xFC0", "0x4, 0xFC0", "0xD, 0x000"})
    void attributesOfCr1AreLockedByWhatUsesThem(String enables, String changed) {
        bench.write(CR0, Long.decode(enables));
        bench.write(CR1, 0xFFF);
        assertThat(bench.read(CR1)).isEqualTo(Long.decode(changed));
    }

    @Test
    void gbpaChangesOnlyWithUpdateAndClearsItWhenInForce() {
        bench.write(GBPA, 0x0010_0000);
        assertThat(bench.read(GBPA)).isEqualTo(0x1000);
        bench.onSynchronize = () -> {
            assertThat(bench.read(GBPA)).isEqualTo(0x8010_0000L);
            bench.write(GBPA, 0x8000_0000L);
        };
        bench.write(GBPA, 0x8010_0000L);
        assertThat(bench.read(GBPA)).as("writes during an update are ignored").isEqualTo(0x0010_0000);
        assertThat(bench.configuration.gbpa()).isEqualTo(0x0010_0000);
    }

    @Test
    void smmuenIsAcknowledgedWhenNoTransactionUsesTheOldConfiguration() {
        bench.onSynchronize = () -> {
            assertThat(bench.configuration.enabled()).isTrue();
            assertThat(bench.read(CR0ACK)).isZero();
        };
        bench.write(STRTAB_BASE, 8, 0x4000_0000_1234_5678L);
        bench.write(STRTAB_BASE_CFG, 0x0001_029F);
        bench.write(CR2, 2);
        bench.write(CR0, SMMUEN);
        assertThat(bench.read(CR0ACK)).isEqualTo(SMMUEN);
        assertThat(bench.configuration.streamTableBase()).isEqualTo(0x1234_5640L);
        assertThat(bench.configuration.streamTableLog2Size()).as("at most SIDSIZE").isEqualTo(16);
        assertThat(bench.configuration.split()).isEqualTo(10);
        assertThat(bench.configuration.twoLevel()).isTrue();
        assertThat(bench.configuration.recordInvalidStreamIds()).isTrue();
    }

    /** QEMU stays with two levels until reset once FMT was 1. */
    @Test
    void formatOfTheStreamTableFollowsTheRegisterBothWays() {
        bench.write(STRTAB_BASE_CFG, 0x1_0000);
        bench.write(CR0, SMMUEN);
        assertThat(bench.configuration.twoLevel()).isTrue();
        bench.write(CR0, 0);
        bench.write(STRTAB_BASE_CFG, 0);
        bench.write(CR0, SMMUEN);
        assertThat(bench.configuration.twoLevel()).isFalse();
    }

    /** CONSTRAINED UNPREDICTABLE; a toggle must not make an error appear. */
    @Test
    void gerrornTogglesOfInactiveErrorsAreIgnored() {
        bench.write(GERRORN, 0x5);
        assertThat(bench.activeErrors()).isZero();
        assertThat(bench.read(GERRORN)).isZero();
    }

    @Test
    void resetPutsEverythingBackAndForgetsWhatWasCached() {
        bench.withQueues(4, 4);
        bench.write(CR0, 0xD);
        bench.control.reset(bench.context());
        assertThat(bench.read(CR0)).isZero();
        assertThat(bench.read(CR0ACK)).isZero();
        assertThat(bench.read(GBPA)).isEqualTo(0x1000);
        assertThat(bench.configuration.enabled()).isFalse();
        assertThat(bench.calls).contains("forget");
    }

    @ParameterizedTest
    @MethodSource("everyOffset")
    void anyAccessAnywhereIsHarmless(int offset) {
        bench.write(offset, 0xFFFF_FFFFL);
        bench.control.read(offset, 4);
        bench.write(offset & ~7, 8, -1L);
        bench.control.read(offset & ~7, 8);
    }

    static IntStream everyOffset() {
        return IntStream.concat(IntStream.iterate(0, i -> i < 0x120, i -> i + 4),
                IntStream.of(0xFCC, 0xFD0, 0xFFC, 0x1000, 0x7FFC, 0x8000, 0xFFFC, 0x10000, 0x100A0, 0x100A8, 0x100AC,
                        0x100B0, 0x1FFFC));
    }
}
