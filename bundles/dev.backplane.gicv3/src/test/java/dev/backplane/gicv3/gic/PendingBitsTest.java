package dev.backplane.gicv3.gic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PendingBitsTest {
    private static final int COUNT = 57_344;

    @Test
    void answersAsASetOfBits() {
        long seed = Long.getLong("backplane.seed", 11L);
        var random = new SplittableRandom(seed);
        var pending = new PendingBits(COUNT);
        var expected = new BitSet();
        for (int step = 0; step < 20_000; step++) {
            int index = random.nextInt(4) == 0 ? random.nextInt(COUNT) : random.nextInt(64) * 900;
            if (random.nextBoolean()) {
                pending.set(index);
                expected.set(index);
            } else {
                assertThat(pending.clear(index)).isEqualTo(expected.get(index));
                expected.clear(index);
            }
            int from = random.nextInt(COUNT);
            assertThat(pending.next(from)).as("-Dbackplane.seed=%d step %d", seed, step)
                    .isEqualTo(expected.nextSetBit(from));
            int word = expected.nextSetBit(from & -64);
            assertThat(pending.nextWord(from >> 6)).as("-Dbackplane.seed=%d step %d", seed, step)
                    .isEqualTo(word < 0 ? -1 : word >> 6);
        }
        var copy = new PendingBits(COUNT);
        long[] saved = pending.save();
        for (int word = 0; word < saved.length; word++) {
            copy.setWord(word, saved[word]);
        }
        assertThat(BitSet.valueOf(copy.save())).isEqualTo(expected);
        assertThat(copy.nextWord(0)).isEqualTo(pending.nextWord(0));
    }

    /** Whatever a setter has set when it goes on is found, though others change the same word. */
    @Test
    void aBitThatIsSetIsFoundAtOnce() throws InterruptedException {
        var pending = new PendingBits(128);
        var acknowledged = new AtomicLong();
        var go = new CountDownLatch(1);
        int rounds = 100_000;
        var other = new Thread(() -> {
            await(go);
            for (int i = 0; i < rounds; i++) {
                // Empties and refills the word of the bit that the test looks for.
                pending.set(1);
                pending.clear(1);
            }
            acknowledged.set(rounds);
        });
        other.start();
        go.countDown();
        int lost = 0;
        for (int round = 0; acknowledged.get() == 0 || round < rounds; round++) {
            pending.set(2);
            boolean found = false;
            for (int word = pending.nextWord(0); word >= 0; word = pending.nextWord(word + 1)) {
                found |= (pending.word(word) >>> 2 & 1) != 0;
            }
            lost += found && pending.clear(2) ? 0 : 1;
            pending.nextWord(0);
        }
        other.join();
        assertThat(lost).isZero();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
