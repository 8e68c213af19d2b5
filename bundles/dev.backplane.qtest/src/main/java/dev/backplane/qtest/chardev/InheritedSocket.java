package dev.backplane.qtest.chardev;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A connected socket that the process was started with. The JDK makes no channel of the number of one, so the C library
 * reads and writes. One thread may read while others write one after the other.
 */
final class InheritedSocket implements ByteChannel {
    private static final int PIECE = 1 << 14;
    private static final int BOTH_WAYS = 2; // SHUT_RDWR
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int EPIPE = 32;
    private static final int ECONNRESET = 104;
    private static final int ENOTCONN = 107;
    private static final String EXPECTED =
            "expected one that is connected when the process starts; give path=PATH for one that is not";
    private static final long FAILED = -1;
    private static final short POLLIN = 1;
    private static final short POLLOUT = 4;
    private static final int FOREVER = -1;

    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final FunctionDescriptor TRANSFER = FunctionDescriptor.of(
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);

    // Linked once, when the class is initialized: that takes long.
    private static final MethodHandle READ = link("read", TRANSFER);
    private static final MethodHandle WRITE = link("write", TRANSFER);
    private static final MethodHandle POLL = link("poll", FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    private static final MethodHandle SHUTDOWN = link("shutdown", FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private final int number;
    private volatile boolean open = true;

    private InheritedSocket(int number) {
        this.number = number;
    }

    private static MethodHandle link(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name), type, Linker.Option.captureCallState("errno"));
    }

    /**
     * Takes a socket.
     *
     * @throws IOException if there is none of that number, or it is not connected
     */
    static InheritedSocket of(int number) throws IOException {
        Path link = Path.of("/proc/self/fd", Integer.toString(number));
        if (!Files.isSymbolicLink(link) || !Files.readSymbolicLink(link).toString().startsWith("socket:")) {
            throw new IOException("the process was started with no socket of that number: " + EXPECTED);
        }
        var socket = new InheritedSocket(number);
        socket.requirePeer();
        return socket;
    }

    /** Writing nothing tells of a socket that is not connected. One whose peer has left already was. */
    private void requirePeer() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long done = call(() -> (long) WRITE.invokeExact(state, number, MemorySegment.NULL, 0L));
            if (done == FAILED && (int) ERRNO.get(state, 0L) == ENOTCONN) {
                throw new IOException("the socket is not connected: " + EXPECTED);
            }
        }
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment piece = arena.allocate(Math.min(PIECE, target.remaining()));
            long got = transfer(READ, POLLIN, piece, arena);
            if (got <= 0) {
                return -1;
            }
            target.put(piece.asSlice(0, got).asByteBuffer());
            return (int) got;
        }
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int length = Math.min(PIECE, source.remaining());
            MemorySegment piece = arena.allocate(length);
            piece.asByteBuffer().put(source.slice(source.position(), length));
            int put = (int) transfer(WRITE, POLLOUT, piece, arena);
            source.position(source.position() + put);
            return put;
        }
    }

    /** {@return how many bytes went; 0 at the end of what is read} Whoever started the process may not want it to wait. */
    private long transfer(MethodHandle function, short readiness, MemorySegment piece, Arena arena)
            throws IOException {
        MemorySegment state = arena.allocate(STATE);
        while (open) {
            long done = call(() -> (long) function.invokeExact(state, number, piece, piece.byteSize()));
            if (done != FAILED) {
                return done;
            }
            int error = (int) ERRNO.get(state, 0L);
            if (error == EAGAIN) {
                MemorySegment wanted = arena.allocate(Long.BYTES, Integer.BYTES); // struct pollfd
                wanted.set(ValueLayout.JAVA_INT, 0, number);
                wanted.set(ValueLayout.JAVA_SHORT, Integer.BYTES, readiness);
                call(() -> (long) (int) POLL.invokeExact(state, wanted, 1L, FOREVER));
            } else if (error != EINTR) {
                throw new IOException("fd=%d: %s".formatted(number, reason(error)));
            }
        }
        throw new ClosedChannelException();
    }

    private static String reason(int error) {
        return switch (error) {
            case EPIPE, ECONNRESET -> "the other end has closed the connection";
            case ENOTCONN -> "the socket is not connected: " + EXPECTED;
            default -> "the host reports error %d (see errno(3)): %s".formatted(error, EXPECTED);
        };
    }

    /** A call of a function. */
    @FunctionalInterface
    private interface Call {
        long run() throws Throwable;
    }

    private static long call(Call call) throws IOException {
        try {
            return call.run();
        } catch (Throwable t) {
            throw new IOException(t);
        }
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    /** Ends the connection, and whoever waits for something to read. The number stays taken, as nobody else owns it. */
    @Override
    public void close() throws IOException {
        open = false;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            call(() -> (long) (int) SHUTDOWN.invokeExact(state, number, BOTH_WAYS));
        }
    }
}
