package dev.backplane.gicv3.its;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TranslationCacheTest {
    private final TranslationCache cache = new TranslationCache();

    private String find(int deviceId, int eventId) {
        long found = cache.find(deviceId, eventId);
        return found == TranslationCache.NONE
                ? "none"
                : TranslationCache.processor(found) + ":" + TranslationCache.intid(found);
    }

    @Test
    void findsExactlyWhatWasAdded() {
        cache.add(cache.generation(0xFFFF, 0xFFFF), 0xFFFF, 0xFFFF, 511, 0xFFFF);
        cache.add(cache.generation(0, 0), 0, 0, 0, 8192);
        assertThat(find(0xFFFF, 0xFFFF)).isEqualTo("511:65535");
        assertThat(find(0, 0)).isEqualTo("0:8192");
        assertThat(find(0, 1)).isEqualTo("none");
        assertThat(find(1, 0)).isEqualTo("none");
    }

    @Test
    void doesNotTakeWhatWasLookedUpBeforeAnInvalidation() {
        List<Runnable> invalidations = List.of(
                () -> cache.invalidate(1, 1), () -> cache.invalidateDevice(1), cache::invalidateAll);
        for (Runnable invalidation : invalidations) {
            long mark = cache.generation(1, 1);
            invalidation.run();
            cache.add(mark, 1, 1, 0, 8192);
            assertThat(find(1, 1)).isEqualTo("none");
        }
    }

    @Test
    void doesNotTakeWhatItCannotHold() {
        cache.add(cache.generation(1, 1), 1, 1, 512, 8192);
        cache.add(cache.generation(1, 2), 1, 2, 0, 0x10000);
        assertThat(cache.size()).isZero();
    }

    @Test
    void neverAnswersWrongly() {
        long seed = Long.getLong("backplane.seed", 7L);
        var random = new SplittableRandom(seed);
        var truth = new HashMap<Integer, String>();
        for (int step = 0; step < 50_000; step++) {
            int device = random.nextInt(200);
            int event = random.nextInt(100);
            int key = device << 16 | event;
            switch (random.nextInt(200)) {
                case 0 -> {
                    cache.invalidateDevice(device);
                    truth.keySet().removeIf(known -> known >>> 16 == device);
                }
                case 1, 2, 3, 4 -> {
                    cache.invalidate(device, event);
                    truth.remove(key);
                }
                default -> {
                    String found = find(device, event);
                    if (!found.equals("none")) {
                        assertThat(found).as("-Dbackplane.seed=%d step %d", seed, step).isEqualTo(truth.get(key));
                    }
                    int processor = random.nextInt(512);
                    int intid = 8192 + random.nextInt(1000);
                    cache.add(cache.generation(device, event), device, event, processor, intid);
                    truth.put(key, processor + ":" + intid);
                    assertThat(find(device, event)).isEqualTo(truth.get(key));
                }
            }
        }
        cache.invalidateAll();
        assertThat(cache.size()).isZero();
    }
}
