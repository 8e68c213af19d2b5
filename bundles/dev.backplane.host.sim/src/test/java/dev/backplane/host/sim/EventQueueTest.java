package dev.backplane.host.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.VeventQueue.Vevent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Events of a vIOMMU: numbered, bounded, with a mark at the end when the last ones were lost. */
final class EventQueueTest {
    private Rig rig;
    private Rig.Assigned device;

    @BeforeEach
    void assign() throws HostException {
        rig = new Rig();
        device = rig.new Assigned(Rig.DMA).nest(Rig.VALID_STAGE_1 | rig.ram.context(rig.ram.page(), 1), 0);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private void fault(int times) {
        long before = rig.host.smmus().getFirst().events();
        for (int i = 1; i <= times; i++) {
            device.run(Rig.FILL, 0, 0x1000, 4, 0);
            long expected = before + i;
            await().until(() -> rig.host.smmus().getFirst().events() == expected);
        }
    }

    private List<String> read() {
        var read = new ArrayList<String>();
        for (Optional<Vevent> event = device.events.read(); event.isPresent(); event = device.events.read()) {
            read.add((event.get() instanceof Vevent.Lost ? "lost " : "") + event.get().sequence());
        }
        return read;
    }

    @Test
    void eventsAreNumberedFromZero() {
        fault(3);
        await().untilAsserted(() -> assertThat(rig.host.inspect().toString()).contains("3 of 8 events, 0 lost"));
        assertThat(read()).containsExactly("0", "1", "2");
        assertThat(read()).isEmpty();
    }

    @Test
    void whatIsLostLastIsMarkedOnceAndCountsInTheNumbers() {
        fault(11);
        await().untilAsserted(() -> assertThat(rig.host.inspect().toString()).contains("8 of 8 events, 3 lost"));
        assertThat(read()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "lost 10");
        fault(1);
        await().until(() -> rig.host.inspect().toString().contains("1 of 8 events"));
        assertThat(read()).containsExactly("11");
    }

    /** As in Linux, the mark is at the end or nowhere. */
    @Test
    void aLossBeforeAnEventShowsInItsNumberAlone() {
        fault(10);
        await().untilAsserted(() -> assertThat(rig.host.inspect().toString()).contains("2 lost"));
        device.events.read();
        fault(1);
        await().until(() -> rig.host.inspect().toString().contains("8 of 8 events, 2 lost"));
        assertThat(read()).containsExactly("1", "2", "3", "4", "5", "6", "7", "10");
    }

    @Test
    void theListenerIsToldAtOnceAndOfEachEvent() {
        fault(1);
        await().until(() -> rig.host.inspect().toString().contains("1 of 8 events"));
        var told = new AtomicInteger();
        device.events.onReadable(told::incrementAndGet);
        assertThat(told).hasValue(1);
        fault(2);
        await().untilAsserted(() -> assertThat(told).hasValue(3));
        device.events.onReadable(null);
        fault(1);
        assertThat(told).hasValue(3);
    }

    @Test
    void aDeviceThatIsNotAttachedToTheVirtualIommuReportsNothingToIt() throws HostException {
        device.device.attach(device.parent);
        fault(1);
        assertThat(read()).isEmpty();
    }
}
