package dev.backplane.smmuv3.emulated;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.backplane.inspect.IommuInspection.Outcome;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any bytes in any table, queue or register end in an architectural result. */
class FuzzTest {
    private static final long RAM = 0x4000_0000L;
    private static final int PAGES = 16;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void anyBytesEndInAnArchitecturalResult(long seed) throws Exception {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < 60; round++) {
            String where = "seed %d, round %d".formatted(seed, round);
            var board = new TestBoard(Map.of("profile", random.nextBoolean() ? "default" : "virt-11.1"));
            board.reset();
            scribble(board, random);
            program(board, random);
            assertThatCode(() -> live(board, random)).as(where).doesNotThrowAnyException();
            assertThat(board.read(0x24, 4)).as(where).isEqualTo(board.read(0x20, 4));
        }
    }

    private static long word(SplittableRandom random) {
        long address = RAM + ((long) random.nextInt(PAGES) << 12);
        return switch (random.nextInt(6)) {
            case 0 -> random.nextLong();
            case 1 -> address | 3;
            case 2 -> address | random.nextInt(0x1000);
            case 3 -> random.nextInt(0x100);
            case 4 -> address | 0x7C3;
            default -> address | 1 | random.nextInt(8) << 1;
        };
    }

    private static void scribble(TestBoard board, SplittableRandom random) {
        for (long address = RAM; address < RAM + PAGES * 4096; address += 8) {
            board.memory.put(address, word(random));
        }
        // Configurations that get somewhere more often than chance would have it.
        for (int stream = 0; stream < 16; stream++) {
            long ste = RAM + 64 * stream;
            board.memory.put(ste, RAM + 0x1000 + 64 * random.nextInt(16) | random.nextInt(8) << 1 | 1);
            board.memory.put(ste + 8, 2 | (long) random.nextInt(4) << 44);
            board.memory.put(ste + 16, random.nextInt(4) | (long) (16 + random.nextInt(24)) << 32
                    | (long) random.nextInt(4) << 38 | (long) random.nextInt(8) << 48 | 1L << 51
                    | (long) random.nextInt(2) << 58);
            long cd = RAM + 0x1000 + 64 * stream;
            board.memory.put(cd, 16 + random.nextInt(24) | random.nextInt(4) << 6 | 1L << 31
                    | (long) (16 + random.nextInt(24)) << 16 | (long) random.nextInt(8) << 32
                    | 0b0110_0010L << 40 | (long) random.nextInt(4) << 48);
        }
    }

    private static void program(TestBoard board, SplittableRandom random) {
        board.write(0x2C, 4, random.nextInt(8));
        board.write(0x80, 8, RAM);
        board.write(0x88, 4, random.nextInt(4) == 0 ? random.nextInt() & 0x307FFL : 4 + random.nextInt(3));
        board.write(0x90, 8, RAM + 0x8000 | random.nextInt(8));
        board.write(0xA0, 8, RAM + 0x9000 | random.nextInt(6));
        board.write(0x50, 4, 5);
        board.write(0x20, 4, 0xD);
    }

    private static void live(TestBoard board, SplittableRandom random) {
        for (int step = 0; step < 200; step++) {
            var attributes = new TransactionAttributes(
                    random.nextInt(20), random.nextInt(8) == 0 ? random.nextInt(32) : -1, random.nextBoolean(),
                    random.nextBoolean());
            long iova = random.nextInt(3) == 0 ? random.nextLong() : word(random);
            AccessKind access = random.nextBoolean() ? AccessKind.READ : AccessKind.WRITE;
            switch (random.nextInt(8)) {
                case 0 -> board.write(random.nextInt(0x200) & ~3, 4, random.nextInt(0x1000));
                case 1 -> board.write(0x98, 4, random.nextInt(256));
                case 2 -> board.write(0x64, 4, board.read(0x60, 4));
                case 3 -> board.write(0x100AC, 4, board.read(0x100A8, 4));
                case 4 -> board.memory.put(RAM + 8L * random.nextInt(PAGES * 512), word(random));
                case 5 -> {
                    Outcome outcome = board.smmu.explain(attributes, iova, access).outcome();
                    assertThat(outcome).isNotNull();
                    board.smmu.contextDescriptor(attributes.requesterId(), 0);
                    board.smmu.streamTableEntry(attributes.requesterId());
                }
                default -> {
                    Translation translation = board.space().translate(board.context(), attributes, iova, access);
                    if (translation instanceof Translation.Mapped mapped) {
                        assertThat(mapped.allows(access)).isTrue();
                        assertThat(iova & ~mapped.mask()).isEqualTo(mapped.input());
                    }
                }
            }
        }
        board.smmu.events();
        board.smmu.commands();
        board.smmu.tlb();
        board.smmu.configurationCache();
        board.smmu.inspect();
    }
}
