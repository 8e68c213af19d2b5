package dev.backplane.qtest.chardev;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** Unix sockets that nobody but their owner can ever connect to. */
final class PrivateSocketFile {
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
        Path folder = Files.createTempDirectory(
                path.toAbsolutePath().getParent(),
                ".",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try {
            Path socket = folder.resolve("s");
            listener.bind(UnixDomainSocketAddress.of(socket), 1);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            Files.move(socket, path, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.delete(folder);
        }
    }
}
