package dev.backplane.launcher;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder of one running framework: its bundle cache and its configuration. A lock on a file in it makes sure that
 * no two processes use it at a time; the operating system takes the lock away from a process that died.
 */
final class Instance implements AutoCloseable {

    private static final String DEFAULT_NAME = "default";
    private static final int MOST_DEFAULTS = 1000;

    private final Path folder;
    private final FileChannel lockFile;
    private final FileLock lock;

    private Instance(Path folder, FileChannel lockFile, FileLock lock) {
        this.folder = folder;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /**
     * Takes an instance.
     *
     * @param instances folder of all instances
     * @param name the one that must be used, or empty for the first default one that is free
     */
    static Instance acquire(Path instances, Optional<String> name) throws LaunchException {
        if (name.isPresent()) {
            return lock(instances.resolve(name.get()))
                    .orElseThrow(() -> new LaunchException("instance '" + name.get() + "' is in use by "
                            + holder(instances.resolve(name.get())) + "; end it, or name another one with --instance"));
        }
        for (int i = 1; i <= MOST_DEFAULTS; i++) {
            Optional<Instance> free = lock(instances.resolve(i == 1 ? DEFAULT_NAME : DEFAULT_NAME + "-" + i));
            if (free.isPresent()) {
                return free.get();
            }
        }
        throw new LaunchException(
                "all " + MOST_DEFAULTS + " default instances in " + instances + " are in use; name one with --instance");
    }

    String name() {
        return folder.getFileName().toString();
    }

    Path cache() {
        return folder.resolve("cache");
    }

    Path configuration() {
        return folder.resolve("configuration");
    }

    /** {@return the folder whose jars are installed while the framework runs; it is there} */
    Path deploy() throws IOException {
        return Files.createDirectories(folder.resolve("deploy"));
    }

    Path logs() {
        return folder.resolve("log");
    }

    /** {@return the file that says what the cache was filled with} */
    Path record() {
        return folder.resolve("installed");
    }

    /** {@return the file that lists the configurations that came from features} */
    Path featureConfigurations() {
        return folder.resolve("feature-configurations");
    }

    /** Forgets cache and configuration. */
    void clean() throws LaunchException {
        delete(record());
        delete(featureConfigurations());
        delete(cache());
        delete(configuration());
    }

    @Override
    public void close() throws IOException {
        lock.release();
        lockFile.close();
    }

    static void delete(Path tree) throws LaunchException {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new LaunchException("cannot delete " + tree + ": " + e + "; delete it by hand", e);
        }
    }

    private static Optional<Instance> lock(Path folder) throws LaunchException {
        try {
            Files.createDirectories(folder);
            FileChannel file = FileChannel.open(
                    lockPath(folder), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = tryLock(file);
            if (lock == null) {
                file.close();
                return Optional.empty();
            }
            byte[] holder = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
            file.write(ByteBuffer.wrap(holder));
            if (file.size() > holder.length) {
                file.truncate(holder.length); // seldom: some file systems flush a file that is truncated
            }
            return Optional.of(new Instance(folder, file, lock));
        } catch (IOException e) {
            throw new LaunchException("cannot use the instance folder " + folder + ": " + e
                    + "; make it writable, or name another place with --data or BACKPLANE_DATA", e);
        }
    }

    private static FileLock tryLock(FileChannel file) throws IOException {
        try {
            return file.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by this very process
        }
    }

    private static Path lockPath(Path folder) {
        return folder.resolve("lock");
    }

    private static String holder(Path folder) {
        try {
            return "process " + Files.readString(lockPath(folder));
        } catch (IOException e) {
            return "another process";
        }
    }
}
