package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.backplane.board.Board;
import java.lang.management.ManagementFactory;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();

    @Test
    void boardsAndSlotsAreManagedBeansAsLongAsTheyAreThere() throws Exception {
        try (var bench = new Bench(); var metrics = new Metrics(bench.registry::engines, 1)) {
            bench.registry.onChange(metrics::changed);
            bench.offer(bench.factory("plain"));
            Board board = bench.completeBoard();
            var boardName = new ObjectName("dev.backplane:type=Board,name=b");
            var timer = new ObjectName("dev.backplane:type=Slot,board=b,name=timer");
            await().until(() -> server.isRegistered(boardName) && server.isRegistered(timer));
            assertThat(server.getAttribute(boardName, "Complete")).isEqualTo(true);
            assertThat(server.getAttribute(boardName, "RunningSlots")).isEqualTo(2);
            assertThat(server.getAttribute(timer, "State")).isEqualTo("RUNNING");
            bench.offer(bench.factory("timer"), 10, 9);
            bench.settled(board);
            assertThat(server.getAttribute(timer, "HandOvers")).isEqualTo(1L);
            assertThat(server.getAttribute(boardName, "HandOvers")).isEqualTo(1L);
            board.plug(Bench.device("plain", "a b"));
            var late = new ObjectName("dev.backplane:type=Slot,board=b,name=\"a b\"");
            await().until(() -> server.isRegistered(late));
            for (String attribute : new String[] {
                "DeviceType", "Provider", "Aborts", "TimeOuts", "HeldTransactions", "GuestErrors",
                "GateClosedLastMicros", "GateClosedMostMicros"
            }) {
                assertThat(server.getAttribute(late, attribute)).as(attribute).isNotNull();
            }
            for (String attribute : new String[] {
                "Machine", "Slots", "Transactions", "DecodeErrors", "Aborts", "TimeOuts", "GuestErrors", "HungThreads"
            }) {
                assertThat(server.getAttribute(boardName, attribute)).as(attribute).isNotNull();
            }
            board.unplug("a b");
            await().until(() -> !server.isRegistered(late));
            bench.registry.destroy("b");
            await().until(() -> !server.isRegistered(boardName) && !server.isRegistered(timer));
        }
    }
}
