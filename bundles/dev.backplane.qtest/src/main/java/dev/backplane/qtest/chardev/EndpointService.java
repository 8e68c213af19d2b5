package dev.backplane.qtest.chardev;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A protocol served at an endpoint, on a thread of its own. A client connection is made once; a listening one serves
 * client after client.
 */
public final class EndpointService implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(EndpointService.class.getName());

    private final String name;
    private final Endpoint endpoint;
    private final ConnectionHandler handler;
    private ServerSocketChannel listener;
    private ByteChannel first;
    private Path socketFile; // what is to be deleted: ours, once it is made
    private boolean closed;

    private EndpointService(String name, Endpoint endpoint, ConnectionHandler handler) {
        this.name = name;
        this.endpoint = endpoint;
        this.handler = handler;
    }

    /**
     * Makes one that does nothing yet.
     *
     * @param name name of the protocol, for messages
     */
    public static EndpointService of(String name, Endpoint endpoint, ConnectionHandler handler) {
        return new EndpointService(name, endpoint, handler);
    }

    /**
     * Connects or listens, on the calling thread; a server that shall wait for its client does so here, until another
     * thread closes the service.
     *
     * @return this
     * @throws IOException if that fails; the message names the endpoint
     */
    public EndpointService open() throws IOException {
        try {
            connectOrListen();
            if (listener != null && endpoint.waits()) {
                first = accepted();
            }
        } catch (IOException e) {
            close();
            throw new IOException("-%s: %s: %s".formatted(name, describe(endpoint), IoReason.of(e)), e);
        }
        return this;
    }

    private static String describe(Endpoint endpoint) {
        return switch (endpoint) {
            case Endpoint.Unix unix -> "%s '%s'".formatted(unix.server() ? "cannot listen at" : "failed to connect to",
                    unix.path());
            case Endpoint.Tcp tcp -> "%s '%s:%d'".formatted(tcp.server() ? "cannot listen at" : "failed to connect to",
                    tcp.host(), tcp.port());
            case Endpoint.Inherited inherited -> "fd=" + inherited.number();
            case Endpoint.Stdio _ -> "stdio";
            case Endpoint.Null _ -> "null";
        };
    }

    private void connectOrListen() throws IOException {
        switch (endpoint) {
            case Endpoint.Unix unix -> {
                if (unix.server()) {
                    listen(Path.of(unix.path()));
                } else {
                    first = connect(UnixDomainSocketAddress.of(unix.path()));
                }
            }
            case Endpoint.Tcp tcp -> {
                InetSocketAddress address = resolved(tcp);
                if (tcp.server()) {
                    listener = ServerSocketChannel.open();
                    listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                    listener.bind(address, 1);
                } else {
                    first = connect(address);
                    ((SocketChannel) first).setOption(StandardSocketOptions.TCP_NODELAY, true);
                }
            }
            case Endpoint.Inherited inherited -> first = InheritedSocket.of(inherited.number());
            case Endpoint.Stdio _ -> first = new StandardStreams(
                    new FileInputStream(FileDescriptor.in).getChannel(),
                    new FileOutputStream(FileDescriptor.out).getChannel());
            case Endpoint.Null _ -> {}
        }
    }

    private static InetSocketAddress resolved(Endpoint.Tcp tcp) throws IOException {
        var address = new InetSocketAddress(tcp.host(), tcp.port());
        if (address.isUnresolved()) {
            throw new IOException(
                    "'%s' is not found: expected the name of a host, or an address".formatted(tcp.host()));
        }
        return address;
    }

    /** Either the socket is made and closing deletes it, or the service was closed before and none is made. */
    private synchronized void listen(Path path) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        PrivateSocketFile.bind(listener, path);
        socketFile = path;
    }

    private static SocketChannel connect(SocketAddress address) throws IOException {
        return SocketChannel.open(address);
    }

    private SocketChannel accepted() throws IOException {
        SocketChannel channel = listener.accept();
        if (endpoint instanceof Endpoint.Tcp) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        return channel;
    }

    /** Begins to serve. */
    public void start() {
        if (first != null || listener != null) {
            Thread.ofPlatform().daemon().name("backplane-" + name).start(this::run);
        }
    }

    private void run() {
        try {
            if (first != null) {
                serve(first);
            }
            while (listener != null) {
                serve(accepted());
            }
        } catch (ClosedChannelException e) {
            LOGGER.log(System.Logger.Level.DEBUG, "{0} is closed", name);
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.WARNING, "{0}: {1}", name, e.getMessage());
        }
    }

    private void serve(ByteChannel channel) {
        try (channel) {
            handler.serve(channel);
        } catch (IOException e) {
            // The client has left without a word; a server waits for the next one.
            LOGGER.log(System.Logger.Level.DEBUG, "{0}: {1}", name, e.getMessage());
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        try {
            if (first != null) {
                first.close();
            }
            if (listener != null) {
                listener.close();
                if (socketFile != null) {
                    Files.deleteIfExists(socketFile);
                }
            }
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.WARNING, "{0}: cannot close: {1}", name, e.getMessage());
        }
    }
}
