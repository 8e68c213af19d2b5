package dev.backplane.qtest;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Lets the kernel end this process when its parent ends. */
final class ParentWatch {
    private static final int PR_SET_PDEATHSIG = 1;
    private static final long SIGTERM = 15;

    /** Linked once, when the class is initialized: that takes long. */
    private static final MethodHandle PRCTL = link();

    private ParentWatch() {}

    private static MethodHandle link() {
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find("prctl")
                .map(function -> linker.downcallHandle(
                        function,
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_INT,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.JAVA_LONG),
                        Linker.Option.firstVariadicArg(1)))
                .orElse(null);
    }

    /**
     * Asks for SIGTERM when the parent ends. It holds as long as the calling thread lives.
     *
     * @param expected process number of the parent when this process began, 0 when it is not known
     * @return whether the parent is still there
     * @throws IllegalStateException if the platform cannot do it
     */
    static boolean begin(long expected) {
        try {
            int result = (int) PRCTL.invokeExact(PR_SET_PDEATHSIG, SIGTERM, 0L, 0L, 0L);
            if (result != 0) {
                throw new IllegalStateException("-run-with exit-with-parent=on: the kernel refuses it");
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw new IllegalStateException("-run-with exit-with-parent=on is not possible on this platform", t);
        }
        long parent = ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(-1L);
        return expected == 0 || parent == expected;
    }
}
