package dev.backplane.vm.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.memory.Translation;
import dev.backplane.vm.FakeGuest;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.CaptureReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReplayTest {
    private static final long SMMU = 0x0905_0000L;

    private final Capture shipped = CaptureReader.read(Path.of("src/main/capture"));
    private final FakeGuest guest = new FakeGuest(SMMU, (fake, stream, iova, access) -> Translation.Mapped.IDENTITY);

    private Capture of(int eventProducer, Capture.RegisterAccess... accesses) {
        var smmu = new Capture.SmmuImage("smmu", SMMU, Map.of("EVENTQ_PROD", (long) eventProducer));
        return new Capture("small", shipped.machine(), List.of(smmu), shipped.gic(), List.of(), shipped.memory(),
                List.of(),
                List.of(), List.of(), List.of(), List.of(), List.of(), List.of(accesses));
    }

    private static Capture.RegisterAccess access(boolean write, int offset, long value) {
        return new Capture.RegisterAccess(2, write, offset, 4, value);
    }

    @Test
    void readsAreComparedAfterTheWritesBeforeThem() {
        Replay replay = Replay.run(guest.board(),
                of(0, access(true, 0x20, 8), access(false, 0x24, 8), access(false, 0x24, 9)));
        assertThat(replay.agreed()).isEqualTo(1);
        assertThat(replay.differing()).isEqualTo(1);
        assertThat(replay.report()).isEqualTo(
                "1 writes repeated, 1 reads agree, 1 differ\nline 2: offset 0x24: read 0x8, captured 0x9");
    }

    @Test
    void eventQueueRegistersAreThoseOfPage1() {
        Replay.run(guest.board(), of(0, access(true, 0xA8, 1), access(true, 0xAC, 2)));
        assertThat(guest.writes).containsExactly("90600a8=1", "90600ac=2");
    }

    @Test
    void eventsOfUnrecordedDmaAreSetAsideOnlyWhereThereWereAny() {
        assertThat(Replay.run(guest.board(), of(3, access(false, 0xA8, 1))).differing()).isZero();
        assertThat(Replay.run(guest.board(), of(0, access(false, 0xA8, 1))).differing()).isEqualTo(1);
    }

    @Test
    void aCaptureWithoutAccessesIsRefused() {
        assertThatThrownBy(() -> Replay.run(guest.board(), of(0)))
                .hasMessage("capture 'small' has 1 SMMUs and 0 recorded accesses (mmio-trace.csv); "
                        + "a replay needs one SMMU and its accesses");
    }
}
