package dev.backplane.qtest.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.qtest.control.MachineControl;
import dev.backplane.qtest.fake.FakeBoard;
import dev.backplane.qtest.fake.FakeRun;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a client that does not read does to others: nothing. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SilentClientTest {
    /** More of them than the buffers of a socket take. */
    private static final int MANY = 5000;

    @TempDir
    Path folder;

    private final FakeBoard board = new FakeBoard();
    private final MachineControl control = new MachineControl(Optional.of(board), false, false);
    private ServerSocketChannel listener;
    private SocketChannel served;

    @BeforeEach
    void listen() throws IOException {
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(folder.resolve("s")));
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
    }

    private BufferedReader client(String... requests) throws IOException {
        return client(control, requests);
    }

    private BufferedReader client(MachineControl machine, String... requests) throws IOException {
        SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("s")));
        SocketChannel channel = listener.accept();
        served = channel;
        var catalog = new QmpCatalog(new FakeRun(board, "-name guest").subject(machine));
        Thread.ofPlatform().daemon().start(() -> {
            try (channel) {
                new QmpServer(catalog, machine).serve(channel);
            } catch (IOException e) {
                // The test is over.
            }
        });
        for (String request : requests) {
            String text = "{\"execute\":\"%s\"}".formatted(request);
            client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
        }
        return new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8));
    }

    private static BufferedReader negotiated(BufferedReader client) throws IOException {
        client.readLine();
        assertThat(client.readLine()).isEqualTo("{\"return\":{}}");
        return client;
    }

    @Test
    void eventsAndTheEndGoOn() throws Exception {
        BufferedReader silent = negotiated(client("qmp_capabilities"));
        BufferedReader reading = negotiated(client("qmp_capabilities"));
        for (int i = 0; i < MANY; i++) {
            control.stop();
            assertThat(reading.readLine()).contains("\"STOP\"");
            control.resume();
            assertThat(reading.readLine()).contains("\"RESUME\"");
        }
        long begin = System.nanoTime();
        control.quit("host-signal");
        assertThat(System.nanoTime() - begin).isLessThan(TimeUnit.SECONDS.toNanos(1));
        assertThat(control.end()).isCompletedWithValue(0);
        assertThat(reading.readLine()).contains("\"SHUTDOWN\"");
        assertThat(silent.readLine()).contains("\"STOP\"");
    }

    @Test
    void anAnswerThatIsNotReadHoldsUpItsClientOnly() throws Exception {
        String[] requests = new String[50];
        Arrays.fill(requests, "query-qmp-schema");
        requests[0] = "qmp_capabilities";
        negotiated(client(requests));
        BufferedReader reading = negotiated(client("qmp_capabilities", "system_reset", "quit"));
        assertThat(reading.readLine()).isEqualTo("{\"return\":{}}");
        assertThat(reading.readLine()).contains("\"RESET\"");
        assertThat(reading.readLine()).isEqualTo("{\"return\":{}}");
        assertThat(reading.readLine()).contains("\"SHUTDOWN\"");
        assertThat(control.end().get(5, TimeUnit.SECONDS)).isZero();
    }

    @Test
    void whoReadsHasTheLastEventWhenTheEndIsThere() throws Exception {
        for (int i = 0; i < 50; i++) {
            var ending = new MachineControl(Optional.of(board), false, false);
            BufferedReader reading = negotiated(client(ending, "qmp_capabilities"));
            ending.quit("host-signal");
            served.close();
            assertThat(reading.readLine()).contains("\"SHUTDOWN\"");
        }
    }
}
