package dev.backplane.qtest.chardev;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Unix sockets that nobody but their owner can ever connect to. */
final class PrivateSocketFile {
    /** Bytes of a path in the address of a socket, without the NUL at its end (unix(7)). */
    private static final int MOST_BYTES = 107;

    /** The JDK takes one less. */
    private static final int MOST_BYTES_TO_BIND = 106;

    private static final FileAttribute<Set<PosixFilePermission>> ONLY_OWNER_ENTERS =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private PrivateSocketFile() {}

    /**
     * Binds a listener. The socket is made in a folder that only the owner may enter, then moved to its place, so that
     * there is no moment at which its permissions are those of the umask.
     *
     * @throws IOException if something that is no socket is in the place, or it cannot be made
     */
    static void bind(ServerSocketChannel listener, Path path) throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                && !Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).isOther()) {
            throw new FileAlreadyExistsException(path + " exists and is no socket");
        }
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > MOST_BYTES) {
            throw new IOException("the path is too long for a socket: expected at most %d bytes".formatted(MOST_BYTES));
        }
        Path folder = Files.createTempDirectory(path.toAbsolutePath().getParent(), ".", ONLY_OWNER_ENTERS);
        try {
            Path socket = folder.resolve("s");
            if (socket.toString().getBytes(StandardCharsets.UTF_8).length <= MOST_BYTES_TO_BIND) {
                bindAt(listener, socket);
            } else {
                bindThroughLink(listener, folder, socket.getFileName());
            }
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            Files.move(socket, path, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.delete(folder);
        }
    }

    /** Binds in a folder whose own path is too long, by a link in one that only the owner may enter, too. */
    private static void bindThroughLink(ServerSocketChannel listener, Path folder, Path name) throws IOException {
        Path shorter = Files.createTempDirectory("bp", ONLY_OWNER_ENTERS);
        Path link = shorter.resolve("d");
        try {
            Files.createSymbolicLink(link, folder);
            bindAt(listener, link.resolve(name));
        } finally {
            Files.deleteIfExists(link);
            Files.delete(shorter);
        }
    }

    private static void bindAt(ServerSocketChannel listener, Path socket) throws IOException {
        listener.bind(UnixDomainSocketAddress.of(socket), 1);
    }
}
