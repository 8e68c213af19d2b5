package dev.backplane.smmuv3.accel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.hostiommu.VeventQueue.Vevent;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Events of the hardware on their way into the guest's queue (IHI 0070 chapter 7). */
class HostEventTest {
    private static final long OVFLG = 1L << 31;

    private final FakeHost host = new FakeHost();
    private TestBoard board;

    @BeforeEach
    void connectOne() throws Exception {
        board = new TestBoard(host);
        board.connect(0x108, host.device("a"));
        board.enabled();
        board.pulses.clear();
    }

    private static Vevent event(int sequence) {
        return new Vevent.Event(sequence, new long[] {0x108_0000_0010L, 0x8_0000_0000L, 0x1000L * sequence, 0});
    }

    private long produced() {
        return board.read(TestBoard.EVENTQ_PROD, 4);
    }

    @Test
    void arriveWithTheirRecordAndInterrupt() {
        host.events.report(event(0));
        assertThat(produced()).isEqualTo(1);
        assertThat(board.memory.get(TestBoard.EVENTS)).isEqualTo(0x108_0000_0010L);
        assertThat(board.memory.get(TestBoard.EVENTS + 8)).isEqualTo(0x8_0000_0000L);
        assertThat(board.pulses).isEqualTo(List.of("eventq"));
        assertThat(board.smmu.events().getFirst().name()).isEqualTo("F_TRANSLATION");
        host.events.report(event(1));
        assertThat(produced()).isEqualTo(2);
        assertThat(board.shown("host events", "delivered")).isEqualTo("2");
        assertThat(board.shown("host events", "losses")).isEqualTo("0");
    }

    /** The guest's queue was not full, and section 7.4 lets software see no overflow then. */
    @Test
    void lossesAreCountedAndLoggedAndNoOverflowOfTheGuestsQueue() {
        host.events.report(event(0));
        host.events.report(new Vevent.Lost(4));
        assertThat(board.notes).contains("host: events of the hardware were lost, 4 up to event 4: the host's queue of "
                + "1024 was full, and software is not told");
        host.events.report(event(5));
        assertThat(produced()).isEqualTo(2);
        assertThat(board.shown("host events", "losses")).isEqualTo("1");
        assertThat(board.shown("host events", "lost")).isEqualTo("4");
        assertThat(board.notes).as("once per burst").filteredOn(note -> note.startsWith("host: ")).hasSize(1);
        host.events.report(new Vevent.Lost(6));
        host.events.report(event(7));
        assertThat(board.shown("host events", "losses")).as("another burst").isEqualTo("2");
        assertThat(board.shown("host events", "lost")).isEqualTo("5");
        assertThat(board.notes).filteredOn(note -> note.startsWith("host: ")).hasSize(2);
    }

    @Test
    void gapsInTheNumbersAreLossesToo() {
        host.events.report(event(0));
        host.events.report(event(3));
        assertThat(board.shown("host events", "losses")).isEqualTo("1");
        assertThat(board.shown("host events", "lost")).isEqualTo("2");
        assertThat(board.notes).contains("host: events of the hardware were lost, 2 up to event 2: the host's queue of "
                + "1024 was full, and software is not told");
        host.events.report(event(7));
        assertThat(board.notes).as("lost again").filteredOn(note -> note.startsWith("host: ")).hasSize(2);
        assertThat(produced()).isEqualTo(3);
    }

    @Test
    void numbersWrap() {
        host.events.report(event(Integer.MAX_VALUE - 4));
        host.events.report(event(Integer.MAX_VALUE - 3));
        assertThat(board.shown("host events", "losses")).isEqualTo("0");
        host.events.report(new Vevent.Lost(Integer.MAX_VALUE));
        assertThat(board.shown("host events", "lost")).isEqualTo("3");
        host.events.report(event(0));
        assertThat(board.shown("host events", "losses")).isEqualTo("1");
        host.events.report(event(2));
        assertThat(board.shown("host events", "lost")).isEqualTo("4");
    }

    @Test
    void whatTheGuestsQueueCannotTakeIsCounted() {
        for (int i = 0; i < 20; i++) {
            host.events.report(event(i));
        }
        assertThat(board.shown("host events", "delivered")).isEqualTo("16");
        assertThat(board.shown("host events", "undelivered")).isEqualTo("4");
        assertThat(produced() & OVFLG).isEqualTo(OVFLG);
    }

    @Test
    void whileTheModelIsQuiescedTheyWaitOnTheHost() {
        host.events.report(event(0));
        board.smmu.quiesce();
        host.events.report(event(1));
        assertThat(host.events.waiting()).isEqualTo(1);
        board.smmu.resume();
        assertThat(host.events.waiting()).isZero();
        assertThat(produced()).isEqualTo(2);
        assertThat(board.shown("host events", "losses")).isEqualTo("0");
    }

    @Test
    void nobodyListensAfterTheLastDevice() {
        var events = host.events;
        assertThat(events.isListenedTo()).isTrue();
        board.disconnect(0x108);
        assertThat(events.isListenedTo()).isFalse();
        board.connect(0x108, host.device("b"));
        host.events.report(event(7));
        assertThat(board.shown("host events", "losses")).as("another queue counts anew").isEqualTo("0");
    }
}
