package dev.backplane.launcher;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.VMOption;
import java.lang.management.ManagementFactory;

/**
 * How far the heap grows before the collector works. Left alone it takes fresh memory for minutes, and memory that
 * nobody has touched is slow at first: an update that gets some keeps its gate closed for longer. The memory of guests is
 * not in the heap; where live objects need more than the limit, the heap grows beyond it.
 */
final class HeapLimit {
    static final String OPTION = "SoftMaxHeapSize";

    private static final long BYTES = 512L << 20;

    private HeapLimit() {}

    /** Sets the limit, unless the heap is smaller, somebody has set it on the JVM's command line, or there is none. */
    static void set() {
        var jvm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        if (jvm == null) {
            return;
        }
        VMOption now = jvm.getVMOption(OPTION);
        boolean own = now.getOrigin() == VMOption.Origin.DEFAULT || now.getOrigin() == VMOption.Origin.ERGONOMIC;
        if (own && Long.parseLong(now.getValue()) > BYTES) {
            jvm.setVMOption(OPTION, Long.toString(BYTES));
        }
    }
}
