package dev.backplane.vm.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.BoardDefinition;
import dev.backplane.memory.Translation;
import dev.backplane.vm.FakeGuest;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.CaptureReader;
import dev.backplane.vm.capture.MemoryImage;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProgrammingTest {
    private static final long SMMU = 0x0905_0000L;

    private final Capture capture = CaptureReader.read(Path.of("src/main/capture"));
    private final FakeGuest guest = new FakeGuest(SMMU, (fake, stream, iova, access) -> Translation.Mapped.IDENTITY);

    @Test
    void programsAnSmmuInADriversOrder() {
        guest.words.put(SMMU + 0x44, 0x1000);
        new SmmuProgrammer(new GuestBus(guest.board()), capture.smmus().getFirst()).program();
        assertThat(guest.writes).containsExactly(
                "9050020=0", "9050050=0", "9050028=d75", "905002c=6", "9050080=4000000043250000", "9050088=10210",
                "9050090=400000005b700010", "9050098=ec2", "905009c=ec2", "90500a0=400000005b80000f", "90600a8=0",
                "90600ac=0", "9050020=8", "9050020=c", "9050050=5", "9050020=d");
    }

    @Test
    void namesRegistersThatReadDifferently() {
        var programmer = new SmmuProgrammer(new GuestBus(guest.board()), capture.smmus().getFirst());
        guest.words.put(SMMU + 0x44, 0x1000);
        programmer.program();
        assertThat(programmer.differences()).contains("IDR0 0x0, captured 0xd44101b")
                .noneMatch(text -> text.startsWith("CR"));
    }

    @Test
    void aRegisterThatNeverAcknowledgesIsNamed() {
        guest.words.put(SMMU + 0x44, 0x8000_1000);
        var programmer = new SmmuProgrammer(new GuestBus(guest.board()), capture.smmus().getFirst());
        assertThatThrownBy(programmer::program).isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("GBPA.Update of 'smmu': the register at 0x9050044 stays 0x80001000");
    }

    @Test
    void plansTheBoardOfTheCommandLine() {
        var plan = new BoardPlan(capture);
        BoardDefinition board = plan.definition("tour");
        assertThat(board.machine()).isEqualTo("virt");
        assertThat(board.options()).isEqualTo(Map.of("gic-version", "3", "its", "on", "iommu", "smmuv3",
                "iommu-profile",
                "virt-11.1", "memory", "536870912", "smp", "2"));
        assertThat(board.devices()).singleElement().satisfies(port -> {
            assertThat(port.deviceType()).isEqualTo("pcie-root-port");
            assertThat(port.id()).isEqualTo("rp1");
            assertThat(port.address()).isEqualTo("04.0");
            assertThat(port.properties()).isEmpty();
        });
        assertThat(plan.withoutModel()).isEqualTo(5);
    }

    @Test
    void tablesGetMemoryThatNothingUses() {
        var free = new FreeMemory(capture);
        long first = free.take(0x10000);
        long second = free.take(0x20001);
        assertThat(first).isEqualTo(0x5fff_0000L);
        assertThat(second + 0x20001).isLessThanOrEqualTo(first);
        for (long address : new long[] {first, second}) {
            assertThat(address % 0x10000).isZero();
            for (MemoryImage.Page page : capture.memory().pages()) {
                assertThat(page.address() + page.length() <= address || page.address() >= address + 0x20001).isTrue();
            }
            assertThat(capture.mappings()).noneMatch(
                    row -> row.output() < address + 0x10000 && address < row.output() + row.size());
        }
        assertThatThrownBy(() -> free.take(1L << 40)).hasMessageContaining("RAM are free");
    }
}
