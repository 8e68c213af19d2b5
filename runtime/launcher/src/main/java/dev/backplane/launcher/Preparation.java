package dev.backplane.launcher;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.util.List;

/**
 * Initializes classes that take long to do so, on a thread beside the one that starts the framework. They would be
 * initialized anyway, a little later.
 */
final class Preparation {
    /** In the order in which they are needed. */
    static final List<String> CLASSES = List.of(
            "org.apache.felix.framework.util.SecureAction", // reflects on what is annotated
            "org.apache.felix.framework.util.Util", // reflects on all modules
            "dev.backplane.core.memory.SystemBus", // makes handles of variables
            "dev.backplane.core.memory.AnonymousMemory"); // links a foreign function

    private Preparation() {}

    static void begin() {
        Thread.ofPlatform().daemon().name("backplane-preparation").start(Preparation::run);
    }

    private static void run() {
        try {
            for (String name : CLASSES) {
                Class.forName(name);
            }
            SocketChannel.open(StandardProtocolFamily.UNIX).close(); // loads what all sockets need
        } catch (ClassNotFoundException e) {
            // The bundles are not on the class path, so each has a class loader of its own.
        } catch (IOException | LinkageError e) {
            // Whoever needs it reports it.
        }
    }
}
