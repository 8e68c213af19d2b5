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

    private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

    /** Linked once, when the class is initialized: that takes long. */
    private static final MethodHandle MMAP = link(
            "mmap",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG));

    private AnonymousMemory() {}

    private static MethodHandle link(String function, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return LINUX ? linker.downcallHandle(linker.defaultLookup().findOrThrow(function), descriptor) : null;
    }

    static MemorySegment map(long size, Arena arena) {
        if (!LINUX) {
            return arena.allocate(size, 4096);
        }
        try {
            long address = (long) MMAP.invokeExact(
                    0L, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
            if (address == MAP_FAILED) {
                throw new IllegalArgumentException("mmap refused 0x%x bytes".formatted(size));
            }
            return MemorySegment.ofAddress(address)
                    .reinterpret(size, arena, segment -> unmap(segment.address(), size));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("mmap throws nothing", e);
        }
    }

    private static void unmap(long address, long size) {
        try {
            int failed = (int) Unmapping.MUNMAP.invokeExact(address, size);
            if (failed != 0) {
                System.getLogger(AnonymousMemory.class.getName())
                        .log(System.Logger.Level.WARNING, "munmap of 0x{0} failed", Long.toHexString(address));
            }
        } catch (Throwable e) {
            throw new AssertionError("munmap throws nothing", e);
        }
    }

    /** Linked when memory is first given back: most machines keep theirs until they end. */
    private static final class Unmapping {
        private static final MethodHandle MUNMAP = link(
                "munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    }
}
