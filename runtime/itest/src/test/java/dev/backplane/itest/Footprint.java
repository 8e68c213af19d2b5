package dev.backplane.itest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What this process holds on to.
 *
 * @param heap bytes of live objects
 * @param metaspace bytes of classes
 * @param loaders loaded classes
 * @param threads live threads
 * @param files open files; 0 where that is not known
 * @param cache bytes in the bundle cache
 */
record Footprint(long heap, long metaspace, long loaders, long threads, long files, long cache) {
    private static final Path OPEN_FILES = Path.of("/proc/self/fd");

    /** {@return what is held now that garbage has been collected} */
    static Footprint now(Path bundleCache) {
        // The first collection finds what references were cleared for, the next ones what that frees.
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return new Footprint(
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                ManagementFactory.getMemoryPoolMXBeans().stream()
                        .filter(pool -> pool.getName().equals("Metaspace"))
                        .map(MemoryPoolMXBean::getUsage)
                        .mapToLong(usage -> usage.getUsed())
                        .sum(),
                ManagementFactory.getClassLoadingMXBean().getLoadedClassCount(),
                ManagementFactory.getThreadMXBean().getThreadCount(),
                count(OPEN_FILES),
                size(bundleCache));
    }

    private static long count(Path folder) {
        if (!Files.isDirectory(folder)) {
            return 0;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long size(Path folder) {
        try (Stream<Path> entries = Files.walk(folder)) {
            return entries.mapToLong(Footprint::sizeOf).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long sizeOf(Path file) {
        try {
            return Files.isRegularFile(file) ? Files.size(file) : 0;
        } catch (NoSuchFileException e) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Checks that this is no more than before, but for what a running JVM needs more after a while. */
    void assertFlatSince(Footprint before) {
        require("heap", heap, before.heap + (8L << 20));
        require("metaspace", metaspace, before.metaspace + (4L << 20));
        require("loaded classes", loaders, before.loaders + 500);
        require("threads", threads, before.threads + 3);
        require("open files", files, before.files + 5);
        require("bundle cache", cache, before.cache + before.cache / 10);
    }

    private static void require(String what, long value, long limit) {
        if (value > limit) {
            throw new AssertionError("%s: %,d, expected at most %,d".formatted(what, value, limit));
        }
    }

    @Override
    public String toString() {
        return "heap %,d KiB, metaspace %,d KiB, %,d classes, %d threads, %d files, bundle cache %,d KiB"
                .formatted(heap >> 10, metaspace >> 10, loaders, threads, files, cache >> 10);
    }
}
