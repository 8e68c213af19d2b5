package dev.backplane.gicv2m.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.DeviceProperties;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.gicv2m.fake.Bus;
import dev.backplane.gicv2m.fake.FakeBoard;
import dev.backplane.memory.TransactionResult;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class V2mFrameTest {
    private final V2mFrame frame = frame(Map.of());
    private final FakeBoard board = realize(frame);
    private final Bus bus = new Bus(frame, "v2m");

    private static V2mFrame frame(Map<String, ?> properties) {
        var factory = new V2mFrameFactory();
        return (V2mFrame) factory.create(DeviceProperties.of("arm-gicv2m", factory.properties(), properties));
    }

    private static FakeBoard realize(V2mFrame frame) {
        var board = new FakeBoard(frame.describe().lines());
        frame.realize(board);
        return board;
    }

    @Test
    void declaresOneFrameAndALinePerSpi() {
        assertThat(frame.describe().regions()).singleElement().satisfies(region -> {
            assertThat(region.name()).isEqualTo("v2m");
            assertThat(region.size()).isEqualTo(0x1000);
        });
        assertThat(frame.describe().lines()).hasSize(64).startsWith("spi0", "spi1").endsWith("spi63");
        assertThat(frame.doorbell().region()).isEqualTo("v2m");
        assertThat(frame.doorbell().offset()).isEqualTo(0x40);
        assertThat(frame.doorbell().register()).isEqualTo("MSI_SETSPI_NS");
    }

    @ParameterizedTest(name = "{0}: {2}-byte read at {1} gives {3}")
    @CsvSource({
        "MSI_TYPER,           0x008, 4, 0x00500040",
        "MSI_TYPER count,     0x008, 2, 0x0040",
        "MSI_TYPER base,      0x00a, 2, 0x0050",
        "MSI_SETSPI_NS is WO, 0x040, 4, 0",
        "MSI_SETSPI_NS is WO, 0x040, 2, 0",
        "MSI_IIDR,            0xfcc, 4, 0x05100000",
        "PIDR4,               0xfd0, 4, 0",
        "PIDR2,               0xfe8, 4, 0",
        "CIDR3,               0xffc, 4, 0",
        "reserved,            0x000, 4, 0",
        "reserved,            0x044, 4, 0",
    })
    void readsItsRegisters(String what, String offset, int size, String value) {
        assertThat(bus.read(Long.decode(offset), size)).isEqualTo(Long.decode(value));
    }

    @ParameterizedTest(name = "{1}-byte write of {0} pulses {2}")
    @CsvSource({
        "80,    4, spi0", "80,    2, spi0", "81,    4, spi1", "143,   2, spi63", "143,   4, spi63",
        // Only SPI[9:0] counts.
        "0xfc50, 2, spi0", "0xfffffc51, 4, spi1",
    })
    void setSpiPulsesTheLineOfItsSpi(String data, int size, String line) {
        bus.write(0x40, size, Long.decode(data));
        assertThat(board.pulses()).containsExactly(line);
        assertThat(board.logged()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 31, 32, 79, 144, 1019, 1023, 0xFFFF, 0xFFFF_FFFFL})
    void otherSpisAreDroppedCountedAndLogged(long data) {
        assertThat(bus.write(0x40, 4, data)).isEqualTo(TransactionResult.Done.DONE);
        assertThat(board.pulses()).isEmpty();
        assertThat(board.logged()).singleElement().asString().contains("80 to 143");
        assertThat(frame.errors().child("SPI out of range").value()).isEqualTo("1");
        assertThat(frame.route(8, (int) data).intid()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0x008, 4", "0x042, 2", "0x044, 4", "0xfcc, 4", "0xfe8, 4", "0x000, 2"})
    void nothingElseIsWritable(String offset, int size) {
        long before = bus.readl(Long.decode(offset) & ~3);
        bus.write(Long.decode(offset), size, 80);
        assertThat(board.pulses()).isEmpty();
        assertThat(bus.readl(Long.decode(offset) & ~3)).isEqualTo(before);
        assertThat(board.logged()).hasSize(1);
    }

    @Test
    void routeExplainsWithoutSideEffects() {
        assertThat(frame.route(8, 100).intid()).hasValue(100);
        assertThat(frame.route(8, 100).processor()).isEmpty();
        assertThat(frame.route(8, 100).explanation().child("line").value()).isEqualTo("spi20");
        assertThat(board.pulses()).isEmpty();
        assertThat(frame.inspect().child("delivered").value()).isEqualTo("0");
        assertThat(frame.commands().children()).isEmpty();
    }

    @Test
    void severalFramesHaveTheirOwnRanges() {
        V2mFrame second = frame(Map.of("base-spi", "200", "num-spi", "2"));
        FakeBoard secondBoard = realize(second);
        var secondBus = new Bus(second, "v2m");
        assertThat(secondBus.readl(0x008)).isEqualTo(200 << 16 | 2);
        secondBus.writel(0x40, 80);
        secondBus.writel(0x40, 201);
        assertThat(secondBoard.pulses()).containsExactly("spi1");
    }

    @ParameterizedTest
    @CsvSource({"31, 1", "32, 0", "1019, 2", "0, 64", "4294967295, 1", "80, 4294967295"})
    void rangesThatAreNoSpisAreRefused(String base, String count) {
        assertThatThrownBy(() -> frame(Map.of("base-spi", base, "num-spi", count)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("base-spi=" + base)
                .hasMessageContaining("num-spi=" + count);
    }

    @Test
    void countersSurviveAHandOverAndAColdResetClearsThem() throws RestoreException {
        bus.writel(0x40, 80);
        bus.writel(0x40, 1);
        frame.quiesce();
        V2mFrame next = frame(Map.of());
        realize(next);
        next.restore(frame.save());
        next.resume();
        assertThat(next.inspect().child("delivered").value()).isEqualTo("1");
        assertThat(next.inspect().child("dropped").value()).isEqualTo("1");
        next.reset(ResetKind.COLD, ResetPhase.ENTER);
        assertThat(next.inspect().child("delivered").value()).isEqualTo("0");
    }

    @Test
    void refusesTheStateOfAnotherFrame() {
        SavedState state = frame.save();
        V2mFrame other = frame(Map.of("base-spi", "96"));
        assertThatThrownBy(() -> other.restore(state))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("64 SPIs from 80")
                .hasMessageContaining("64 from 96");
    }
}
