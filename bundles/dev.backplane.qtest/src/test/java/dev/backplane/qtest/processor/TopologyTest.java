package dev.backplane.qtest.processor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopologyTest {
    private static final Topology TWO_OF_EACH = new Topology(16, 16, 2, 2, 2, 2);

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 0, 0", "1, 0, 0, 0, 1", "2, 0, 0, 1, 0", "5, 0, 1, 0, 1", "7, 0, 1, 1, 1", "8, 1, 0, 0, 0",
        "15, 1, 1, 1, 1",
    })
    void processorsAreSeatedThreadByThread(int processor, int socket, int cluster, int core, int thread) {
        assertThat(TWO_OF_EACH.seat(processor)).isEqualTo(new Topology.Seat(socket, cluster, core, thread));
    }

    @Test
    void theProductIsWhatThereIsRoomFor() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Topology(1, 4, 1, 1, 3, 1))
                .withMessage("1 sockets * 1 clusters * 3 cores * 1 threads is 3, not maxcpus=4");
    }

    @Test
    void noMoreArePresentThanThereIsRoomFor() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Topology(4, 2, 1, 1, 2, 1))
                .withMessage("cpus=4 is more than maxcpus=2");
    }
}
