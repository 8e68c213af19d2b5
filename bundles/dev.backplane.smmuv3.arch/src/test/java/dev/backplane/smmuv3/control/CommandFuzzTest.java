package dev.backplane.smmuv3.control;

import static dev.backplane.smmuv3.control.Bench.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One command of any bytes is consumed or CERROR_ILL; which of them is decided here a second time, from IHI 0070
 * sections 4.1.3 to 4.7.
 */
class CommandFuzzTest {
    /** What a non-secure queue takes where stages 1 and 2 are there, and no ATS, PRI, HYP, MPAM, DPT and stalls. */
    private static final Set<Integer> LEGAL =
            Set.of(0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13, 0x28, 0x2A, 0x30, 0x46);

    private static final Set<Integer> WITH_SSEC = Set.of(0x01, 0x02, 0x03, 0x04, 0x05, 0x06);
    private static final Set<Integer> BY_ADDRESS = Set.of(0x12, 0x13, 0x2A);
    private static final int ILL = 1;

    @MethodSource("seeds")
    @FuzzTest
    void anyCommandIsConsumedOrIllegal(byte[] data) {
        ByteBuffer in = ByteBuffer.wrap(Arrays.copyOf(data == null ? new byte[0] : data, 16))
                .order(ByteOrder.LITTLE_ENDIAN);
        long low = in.getLong();
        long high = in.getLong();
        var bench = new Bench().withQueues(3, 3);
        bench.command(0, low, high);
        bench.write(CMDQ_PROD, 1);
        boolean legal = isLegal(low, high);
        assertThat(bench.read(CMDQ_CONS)).as("%016x %016x", low, high).isEqualTo(legal ? 1 : ILL << 24);
        assertThat(bench.activeErrors()).isEqualTo(legal ? 0 : 1);
    }

    private static boolean isLegal(long low, long high) {
        int opcode = (int) low & 0xFF;
        if (!LEGAL.contains(opcode) || WITH_SSEC.contains(opcode) && (low >>> 10 & 1) == 1) {
            return false;
        }
        if (BY_ADDRESS.contains(opcode)) {
            long tg = high >>> 10 & 3;
            long ttl = high >>> 8 & 3;
            boolean noLevel = ttl == 0 || tg == 2 && ttl == 1;
            return tg == 0 || !noLevel || (low >>> 12 & 31) != 0 || (low >>> 20 & 31) != 0;
        }
        return opcode != 0x46 || (low >>> 12 & 3) != 3;
    }

    static Stream<byte[]> seeds() {
        return Stream.concat(
                Stream.of("01", "03", "04", "05", "10", "12", "13", "18", "28", "2a", "30", "40", "41", "44", "46", "ff")
                        .map(opcode -> "%s1010000100020001040506".formatted(opcode)),
                // TG alone, TTL 1 with 16 KiB granules, and each with bit 25, which is no part of SCALE without IDR5.DS.
                Stream.of("12000000", "13000000", "2a000000", "12000002", "13000002", "2a000002")
                        .flatMap(low -> Stream.of("0004", "0008", "0009").map(high -> low + "00000000" + high)))
                .map(HexFormat.of()::parseHex);
    }
}
