package dev.backplane.core.pci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.pci.PciFunctionDescription;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PassThroughTest {
    private static final int MSI_PENDING = 0x50;

    private final List<Boolean> guarded = new ArrayList<>();
    private final PassThrough passThrough = new PassThrough(
            FunctionLayout.of(PciFunctionDescription.builder(0x1234, 1).build(), true, false).template(),
            null,
            MSI_PENDING,
            this::pending);

    private long pending(boolean msix, int first) {
        guarded.add(Thread.holdsLock(passThrough));
        return 6;
    }

    /** What a vector does as it settles may end in a write of configuration space, which waits for the monitor. */
    @Test
    void vectorsAreAskedForPendingBitsWithoutTheMonitor() {
        assertThat(passThrough.read(0, MSI_PENDING, 4)).isEqualTo(6);
        assertThat(passThrough.pending(true, 0)).isEqualTo(6);
        assertThat(guarded).containsExactly(false, false);
    }
}
