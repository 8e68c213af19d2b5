package dev.backplane.smmuv3.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.smmuv3.translate.Invalidation;
import dev.backplane.smmuv3.translate.TlbRange;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** IHI 0070 sections 4.2 to 4.4 and 4.7: which operands reach which invalidation. */
class TranslatorBackendTest {
    private final List<String> calls = new ArrayList<>();
    private final Invalidation invalidation = (Invalidation) Proxy.newProxyInstance(
            Invalidation.class.getClassLoader(), new Class<?>[] {Invalidation.class}, (proxy, method, arguments) -> {
                calls.add(method.getName() + (arguments == null ? "" : Arrays.stream(arguments)
                        .map(argument -> argument instanceof Integer number
                                ? Integer.toHexString(number)
                                : argument.toString())
                        .collect(Collectors.joining(" ", " ", ""))));
                return null;
            });

    private void execute(SmmuIdentity identity, long low, long high) {
        var backend = new TranslatorBackend(identity, configuration -> {}, invalidation);
        var command = new Command(low, high);
        assertThat(backend.execute(null, command.code().orElseThrow(), command)).isTrue();
    }

    @ParameterizedTest(name = "{0}: {1} {2}")
    @CsvSource({
        "4.3.1,  0x1234567800000003, 0x1,                streamTableEntry 12345678",
        "4.3.2,  0xFFFF000000000004, 0x7,                streamTableEntries ffff0000 7",
        "4.3.2,  0x0000000000000004, 0x1F,               streamTableEntries 0 1f",
        "4.3.3,  0x0000001234567005, 0x1,                contextDescriptor 12 34567",
        "4.3.4,  0x0000001200000006, 0,                  contextDescriptors 12",
        "4.4.2,  0x0000123400000010, 0,                  tlbStage1OfVmid 1234",
        "4.4.2,  0x5678123400000011, 0,                  tlbOfAsid 1234 5678",
        "4.4.3,  0x0000123400000028, 0,                  tlbOfVmid 1234",
        "4.4.3,  0x0000000000000030, 0,                  tlb",
        "4.2.1,  0x0000001200000001, 0,                  ",
        "4.2.2,  0x0000001200000002, 0xFFFF000000001000, ",
        "4.7.3,  0x0000000000000046, 0,                  ",
    })
    void operandsReachTheirInvalidation(String section, String low, String high, String expected) {
        execute(IdentityProfile.FULL.identity(SmmuOptions.DEFAULT), word(low), word(high));
        assertThat(calls).isEqualTo(expected == null ? List.of() : List.of(expected));
    }

    @ParameterizedTest(name = "TG {0}, NUM {1}, SCALE {2}")
    @CsvSource({
        // TG, NUM, SCALE, leaf, RIL, first, last
        "0, 0,  0,  1, true,  0x7654321000, 0x7654321000",
        "1, 0,  0,  0, true,  0x7654321000, 0x7654321FFF",
        "1, 3,  2,  1, true,  0x7654321000, 0x7654330FFF",
        "2, 1,  0,  0, true,  0x7654320000, 0x7654327FFF",
        "3, 31, 31, 1, true,  0x7654320000, 0x1000765431FFFF",
        // Bit 25 belongs to SCALE with IDR5.DS = 1 only.
        "1, 0,  32, 1, true,  0x7654321000, 0x7654321FFF",
        "1, 0,  63, 1, true,  0x7654321000, 0x87654320FFF",
        "1, 3,  2,  1, false, 0x7654321000, 0x7654321000",
        "0, 3,  2,  1, true,  0x7654321000, 0x7654321000",
    })
    void rangesCoverWhatTheySpell(int tg, int num, int scale, int leaf, boolean ril, String first, String last) {
        var identity = IdentityProfile.FULL.identity(
                new SmmuOptions(true, true, 44, ril, SmmuOptions.DEFAULT.granules(), 16, 19, 19));
        long low = 0x5678_1234_0000_0000L | (long) num << 12 | (long) scale << 20;
        long high = 0x76_5432_1000L | tg << 10 | leaf;
        var range = "TlbRange[first=%d, last=%d, leaf=%s]".formatted(word(first), word(last), leaf == 1);
        execute(identity, low | 0x12, high);
        execute(identity, low | 0x13, high);
        execute(identity, low | 0x2A, high);
        assertThat(calls).containsExactly(
                "tlbOfVa 1234 5678 " + range, "tlbOfVaAllAsids 1234 " + range, "tlbOfIpa 1234 " + range);
    }

    @Test
    void anIpaHasNoBitsAboveItsField() {
        var full = IdentityProfile.FULL.identity(SmmuOptions.DEFAULT);
        execute(full, 0x0000_1234_0000_002AL, 0xFFF0_0076_5432_1001L);
        assertThat(calls).containsExactly("tlbOfIpa 1234 " + TlbRange.single(0x76_5432_1000L, true));
    }

    @Test
    void eightBitIdsIgnoreTheirUpperHalf() {
        var full = IdentityProfile.FULL.identity(SmmuOptions.DEFAULT);
        var narrow = new SmmuIdentity(
                full.idr0() & ~(1 << 12 | 1 << 18), full.idr1(), full.idr3(), full.idr5(), 0, 0, full.peripheral());
        execute(narrow, 0x5678_1234_0000_0011L, 0);
        assertThat(calls).containsExactly("tlbOfAsid 34 78");
    }

    private static long word(String hex) {
        return hex.startsWith("0x") ? Long.parseUnsignedLong(hex.substring(2), 16) : Long.parseLong(hex);
    }
}
