package dev.backplane.qtest.chardev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class InheritedSocketTest {
    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_NONBLOCK = 0x800;

    private static EndpointService open(String name, Endpoint endpoint, ConnectionHandler handler) throws IOException {
        return EndpointService.of(name, endpoint, handler).open();
    }

    /** {@return the numbers of two sockets that are connected to one another} */
    private static int[] pair(int flags) throws Throwable {
        Linker linker = Linker.nativeLinker();
        var socketpair = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("socketpair"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(ValueLayout.JAVA_INT, 2);
            assertThat((int) socketpair.invokeExact(AF_UNIX, SOCK_STREAM | flags, 0, numbers)).isZero();
            return numbers.toArray(ValueLayout.JAVA_INT);
        }
    }

    private static int unconnected() throws Throwable {
        Linker linker = Linker.nativeLinker();
        var socket = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("socket"),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        return (int) socket.invokeExact(AF_UNIX, SOCK_STREAM, 0);
    }

    private static String read(ByteChannel channel, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
            continue;
        }
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII);
    }

    private static void write(ByteChannel channel, String text) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, SOCK_NONBLOCK})
    void bytesGoBothWays(int flags) throws Throwable {
        int[] numbers = pair(flags);
        String much = "x".repeat(1 << 20);
        try (var one = InheritedSocket.of(numbers[0]); var other = InheritedSocket.of(numbers[1])) {
            var received = CompletableFuture.supplyAsync(() -> {
                try {
                    return read(other, much.length());
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            write(one, much);
            assertThat(received.get()).isEqualTo(much);
            write(other, "back");
            assertThat(read(one, 4)).isEqualTo("back");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, SOCK_NONBLOCK})
    void whoeverReadsSeesTheEnd(int flags) throws Throwable {
        int[] numbers = pair(flags);
        var one = InheritedSocket.of(numbers[0]);
        var other = InheritedSocket.of(numbers[1]);
        var end = CompletableFuture.supplyAsync(() -> {
            try {
                return other.read(ByteBuffer.allocate(1));
            } catch (IOException e) {
                return -2;
            }
        });
        one.close();
        assertThat(end.get(30, TimeUnit.SECONDS)).isEqualTo(-1);
        other.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9999})
    void whatIsNoSocketIsRefused(int number) {
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> open("qmp", new Endpoint.Inherited(number), channel -> {}))
                .withMessage("-qmp: fd=%d: the process was started with no socket of that number: expected one that is"
                        .formatted(number) + " connected when the process starts; give path=PATH for one that is not");
    }

    @Test
    void aSocketWithoutPeerIsRefused() throws Throwable {
        int number = unconnected();
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> open("qmp", new Endpoint.Inherited(number), channel -> {}))
                .withMessage("-qmp: fd=%d: the socket is not connected: expected one that is connected when the process"
                        .formatted(number) + " starts; give path=PATH for one that is not");
    }

    @Test
    void whoeverWritesToAPeerThatHasLeftIsToldSo() throws Throwable {
        int[] numbers = pair(0);
        InheritedSocket.of(numbers[1]).close();
        try (var one = InheritedSocket.of(numbers[0])) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> write(one, "hello"))
                    .withMessage("fd=%d: the other end has closed the connection".formatted(numbers[0]));
        }
    }
}
