package dev.backplane.qtest.chardev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointServiceTest {
    @TempDir
    Path folder;

    private static EndpointService open(String name, Endpoint endpoint, ConnectionHandler handler) throws IOException {
        return EndpointService.of(name, endpoint, handler).open();
    }

    private static void echo(java.nio.channels.ByteChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(100);
        while (channel.read(buffer.clear()) >= 0) {
            channel.write(buffer.flip());
        }
    }

    private static String ask(SocketChannel channel, String text) throws IOException {
        channel.write(ByteBuffer.wrap(text.getBytes()));
        ByteBuffer answer = ByteBuffer.allocate(100);
        channel.read(answer);
        return new String(answer.array(), 0, answer.position());
    }

    @Test
    void aClientConnectsWhereTheHarnessListens() throws IOException {
        var address = UnixDomainSocketAddress.of(folder.resolve("s"));
        try (ServerSocketChannel harness = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            harness.bind(address);
            try (var service = open(
                            "qtest", new Endpoint.Unix(address.toString(), false, false), EndpointServiceTest::echo);
                    SocketChannel accepted = harness.accept()) {
                service.start();
                assertThat(ask(accepted, "hello")).isEqualTo("hello");
            }
        }
    }

    @Test
    void aServerServesClientAfterClientAndLeavesNothingBehind() throws IOException {
        Path socket = folder.resolve("s");
        try (var service = open(
                "qmp", new Endpoint.Unix(socket.toString(), true, false), EndpointServiceTest::echo)) {
            service.start();
            for (String text : new String[] {"first", "second"}) {
                try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                    assertThat(ask(client, text)).isEqualTo(text);
                }
            }
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void onlyTheOwnerMayConnect() throws IOException {
        Path socket = folder.resolve("s");
        try (var service = open(
                "qmp", new Endpoint.Unix(socket.toString(), true, false), EndpointServiceTest::echo)) {
            service.start();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket))).isEqualTo("rw-------");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {80, 90, 100, 106})
    void aPathMayBeAsLongAsSocketsTake(int length) throws IOException {
        Path socket = ofLength(length);
        try (var service = open(
                "qmp", new Endpoint.Unix(socket.toString(), true, false), EndpointServiceTest::echo)) {
            service.start();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket))).isEqualTo("rw-------");
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                assertThat(ask(client, "hello")).isEqualTo("hello");
            }
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aLongerPathIsRefused() throws IOException {
        open("qmp", new Endpoint.Unix(ofLength(107).toString(), true, false), EndpointServiceTest::echo)
                .close();
        var endpoint = new Endpoint.Unix(ofLength(108).toString(), true, false);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> open("qmp", endpoint, EndpointServiceTest::echo))
                .withMessageEndingWith("the path is too long for a socket: expected at most 107 bytes");
        assertThat(folder).isEmptyDirectory();
    }

    private Path ofLength(int length) {
        return folder.resolve("s".repeat(length - folder.toString().length() - 1));
    }

    @Test
    void aSocketThatWasLeftBehindIsReplacedButNoFile() throws IOException {
        Path socket = folder.resolve("s");
        try (ServerSocketChannel old = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            old.bind(UnixDomainSocketAddress.of(socket));
        }
        var endpoint = new Endpoint.Unix(socket.toString(), true, false);
        open("qmp", endpoint, EndpointServiceTest::echo).close();
        Files.writeString(socket, "precious");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> open("qmp", endpoint, EndpointServiceTest::echo))
                .withMessageContaining("exists and is no socket");
        assertThat(socket).hasContent("precious");
    }

    @Test
    void aFolderThatIsNotThereIsNamedAsTheReason() {
        Path socket = folder.resolve("nowhere").resolve("s");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> open(
                        "qmp", new Endpoint.Unix(socket.toString(), true, false), EndpointServiceTest::echo))
                .withMessage("-qmp: cannot listen at '%s': no such file or folder".formatted(socket));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aHostThatIsNotFoundIsNamed(boolean server) {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> open(
                        "qmp", new Endpoint.Tcp("no-such-host.invalid", 1, server, false), EndpointServiceTest::echo))
                .withMessageEndingWith(
                        "'no-such-host.invalid' is not found: expected the name of a host, or an address");
    }

    @Test
    @Timeout(60)
    void whoeverWaitsForAClientCanBeEndedAndLeavesNothingBehind() throws Exception {
        Path socket = folder.resolve("s");
        var service = EndpointService.of(
                "qmp", new Endpoint.Unix(socket.toString(), true, true), EndpointServiceTest::echo);
        var waiting = new FutureTask<>(service::open);
        Thread.ofPlatform().daemon().start(waiting);
        Awaitility.await().until(() -> Files.exists(socket));
        service.close();
        assertThat(waiting)
                .failsWithin(Duration.ofSeconds(30))
                .withThrowableThat()
                .withMessageContaining(socket.toString());
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void whatIsClosedBeforeItOpensMakesNoSocket() {
        Path socket = folder.resolve("s");
        var service = EndpointService.of(
                "qmp", new Endpoint.Unix(socket.toString(), true, true), EndpointServiceTest::echo);
        service.close();
        assertThatExceptionOfType(IOException.class).isThrownBy(service::open);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    @Timeout(60)
    void theFirstClientIsServedThatAServerHasWaitedFor() throws Exception {
        Path socket = folder.resolve("s");
        try (var service = EndpointService.of(
                "qmp", new Endpoint.Unix(socket.toString(), true, true), EndpointServiceTest::echo)) {
            var waiting = new FutureTask<>(service::open);
            Thread.ofPlatform().daemon().start(waiting);
            Awaitility.await().until(() -> Files.exists(socket));
            try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                waiting.get().start();
                assertThat(ask(client, "hello")).isEqualTo("hello");
            }
        }
    }

    @Test
    void aConnectionThatFailsNamesTheSocket() {
        var endpoint = new Endpoint.Unix(folder.resolve("nobody").toString(), false, false);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> open("qtest", endpoint, EndpointServiceTest::echo))
                .withMessageStartingWith("-qtest: failed to connect to '%s/nobody': ".formatted(folder));
    }
}
