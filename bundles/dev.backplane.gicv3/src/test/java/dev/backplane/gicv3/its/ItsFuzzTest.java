package dev.backplane.gicv3.its;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.gicv3.fake.Guest;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever a guest writes, the ITS neither throws nor stops to answer. */
class ItsFuzzTest {
    private static final int ROUNDS = 20_000;

    @Test
    void noCommandQueueMakesItThrow() {
        long seed = Long.getLong("backplane.seed", 20240611L);
        var random = new SplittableRandom(seed);
        var guest = new Guest(3).withLpis().withIts();
        try {
            for (int round = 0; round < ROUNDS; round++) {
                step(guest, random);
            }
            assertThat(guest.its.inspect().children()).isNotEmpty();
            assertThat(guest.its.commands()).isNotNull();
            assertThat(guest.its.devices()).isNotNull();
            assertThat(guest.its.errors()).isNotNull();
        } catch (RuntimeException | Error e) {
            throw new AssertionError("-Dbackplane.seed=" + seed, e);
        }
    }

    private static void step(Guest guest, SplittableRandom random) {
        switch (random.nextInt(16)) {
            case 0 -> guest.its(random.nextInt(0x140), 1 << random.nextInt(4), interesting(random));
            case 1 -> guest.its(0, 4, random.nextInt(4) == 0 ? 0 : 1);
            case 2 -> guest.its(0x100 + 8 * random.nextInt(2), 8, interesting(random));
            case 3 -> guest.its(0x88, 8, random.nextInt(0x1000) | random.nextInt(2));
            case 4 -> guest.ram.word(Guest.DEVICES + random.nextInt(64) * 8L, interesting(random));
            case 5 -> guest.ram.word(Guest.ITT + random.nextInt(64) * 8L, interesting(random));
            case 6 -> guest.ram.word(Guest.COLLECTIONS + random.nextInt(8) * 8L, interesting(random));
            case 7 -> guest.msi(random.nextInt(64), random.nextInt(70));
            case 8 -> guest.route(random.nextInt(), random.nextInt());
            case 9 -> {
                guest.its(0, 4, 0);
                guest.withIts();
            }
            default -> guest.command(
                    (long) random.nextInt(64) << 32 | random.nextInt(0x12),
                    random.nextBoolean() ? random.nextInt(16) | 8192L + random.nextInt(64) << 32 : interesting(random),
                    random.nextBoolean()
                            ? 1L << 63 | Guest.ITT | random.nextInt(4) << 16 | random.nextInt(4)
                            : interesting(random),
                    interesting(random));
        }
    }

    /** {@return a word in which fields are often small, zero or all ones} */
    private static long interesting(SplittableRandom random) {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextLong();
            case 1 -> 1L << 63 | Guest.ITT;
            case 2 -> -1L - random.nextInt(3);
            case 3 -> 1L << 63 | random.nextInt(0x10000);
            case 4 -> random.nextInt(256);
            default -> 1L << random.nextInt(64);
        };
    }
}
