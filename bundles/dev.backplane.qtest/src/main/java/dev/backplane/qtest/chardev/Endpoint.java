package dev.backplane.qtest.chardev;

/** Where a protocol is served. */
public sealed interface Endpoint {
    /** {@return whether a server waits for its first client before the machine starts} */
    default boolean waits() {
        return false;
    }

    /**
     * A unix socket.
     *
     * @param path path of the socket
     * @param server whether to listen, else to connect
     * @param waits whether a server waits for its first client before the machine starts
     */
    record Unix(String path, boolean server, boolean waits) implements Endpoint {}

    /**
     * A TCP socket.
     *
     * @param host name or address
     * @param port port number
     * @param server whether to listen, else to connect
     * @param waits whether a server waits for its first client before the machine starts
     */
    record Tcp(String host, int port, boolean server, boolean waits) implements Endpoint {}

    /**
     * A connected socket that the process was started with.
     *
     * @param number number of its file descriptor
     */
    record Inherited(int number) implements Endpoint {}

    /** Standard input and output. */
    record Stdio() implements Endpoint {}

    /** Nowhere. */
    record Null() implements Endpoint {}
}
