package dev.backplane.qtest.chardev;

import java.io.IOException;
import java.nio.channels.ByteChannel;

/** Speaks a protocol. */
@FunctionalInterface
public interface ConnectionHandler {
    /**
     * Serves one client until it leaves.
     *
     * @param channel both ways, blocking
     * @throws IOException if the connection breaks
     */
    void serve(ByteChannel channel) throws IOException;
}
