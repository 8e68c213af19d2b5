package dev.backplane.devices.virtiommio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.DeviceProperties;
import dev.backplane.device.RestoreException;
import dev.backplane.devices.fake.FakeContext;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionResult;
import java.util.Map;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EmptyTransportsTest {
    private final EmptyTransportsFactory factory = new EmptyTransportsFactory();

    private EmptyTransports device(long count) {
        return (EmptyTransports) factory.create(
                DeviceProperties.of("virtio-mmio", factory.properties(), Map.of("transports", Long.toString(count))));
    }

    private static long read(EmptyTransports device, long offset, int size) {
        var context = new FakeContext();
        context.data(-1);
        assertThat(device.read(context, TransactionAttributes.NONE, offset, size))
                .isEqualTo(TransactionResult.Done.DONE);
        return context.data();
    }

    @ParameterizedTest
    @CsvSource({
        "0x0, 4, 0x74726976", "0x4, 4, 1", "0x8, 4, 0", "0xc, 4, 0x554d4551", "0x70, 4, 0", "0x100, 4, 0",
        "0x3e00, 4, 0x74726976", "0x3ffc, 4, 0", "0x0, 1, 0x76", "0x0, 2, 0x6976", "0x1, 1, 0",
    })
    void aTransportSaysWhatItIsAndThatItIsEmpty(String offset, int size, String value) {
        assertThat(read(device(32), Long.decode(offset), size)).isEqualTo(Long.decode(value));
    }

    @Test
    void nothingCanBeWritten() {
        EmptyTransports device = device(32);
        for (long offset = 0; offset < 0x400; offset += 4) {
            long before = read(device, offset, 4);
            device.write(new FakeContext(), TransactionAttributes.NONE, offset, 4, 0xFFFF_FFFFL);
            assertThat(read(device, offset, 4)).isEqualTo(before);
        }
    }

    @Test
    void theRegionHasRoomForAllTransports() throws Exception {
        assertThat(device(3).describe().regions())
                .extracting(MmioRegion::name, MmioRegion::size)
                .containsExactly(Tuple.tuple("registers", 0x600L));
        device(3).restore(device(3).save());
        assertThatThrownBy(() -> device(2).restore(device(3).save()))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("3 transports, this device has 2");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1025})
    void theNumberOfTransportsIsBounded(long count) {
        assertThatThrownBy(() -> device(count)).hasMessageContaining("transports=%d: expected 1 to 1024".formatted(count));
    }
}
