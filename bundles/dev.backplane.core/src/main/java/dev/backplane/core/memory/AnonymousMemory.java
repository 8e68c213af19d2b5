package dev.backplane.core.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Zeroed memory that costs nothing until it is touched; an arena's own allocation would touch all of it. */
final class AnonymousMemory {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;
    private static final long MAP_FAILED = -1;

    private AnonymousMemory() {}

    static MemorySegment map(long size, Arena arena) {
        if (!System.getProperty("os.name").equals("Linux")) {
            return arena.allocate(size, 4096);
        }
        Linker linker = Linker.nativeLinker();
        MethodHandle mmap = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("mmap"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG));
        MethodHandle munmap = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("munmap"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
        try {
            long address = (long) mmap.invokeExact(
                    0L, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
            if (address == MAP_FAILED) {
                throw new IllegalArgumentException("mmap refused 0x%x bytes".formatted(size));
            }
            return MemorySegment.ofAddress(address)
                    .reinterpret(size, arena, segment -> unmap(munmap, segment.address(), size));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("mmap throws nothing", e);
        }
    }

    private static void unmap(MethodHandle munmap, long address, long size) {
        try {
            int failed = (int) munmap.invokeExact(address, size);
            if (failed != 0) {
                System.getLogger(AnonymousMemory.class.getName())
                        .log(System.Logger.Level.WARNING, "munmap of 0x{0} failed", Long.toHexString(address));
            }
        } catch (Throwable e) {
            throw new AssertionError("munmap throws nothing", e);
        }
    }
}
