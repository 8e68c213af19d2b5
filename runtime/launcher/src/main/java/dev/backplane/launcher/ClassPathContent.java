package dev.backplane.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.osgi.framework.connect.ConnectContent;

/** A bundle whose jar is on the class path. The jar is opened only when something but a class is asked for. */
final class ClassPathContent implements ConnectContent {
    private final Path file;
    private final Optional<Map<String, String>> headers;
    private ZipFile jar;

    /**
     * Takes a jar.
     *
     * @param headers its manifest headers, or empty to have them read
     */
    ClassPathContent(Path file, Optional<Map<String, String>> headers) {
        this.file = file;
        this.headers = headers;
    }

    @Override
    public Optional<Map<String, String>> getHeaders() {
        return headers;
    }

    @Override
    public Iterable<String> getEntries() throws IOException {
        List<String> names = jar().stream().map(ZipEntry::getName).toList();
        return names;
    }

    @Override
    public Optional<ConnectEntry> getEntry(String path) {
        try {
            ZipFile from = jar();
            return Optional.ofNullable(from.getEntry(path)).map(entry -> new Entry(from, entry));
        } catch (IOException e) {
            throw new IllegalStateException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    @Override
    public Optional<ClassLoader> getClassLoader() {
        return Optional.of(ClassPathContent.class.getClassLoader());
    }

    @Override
    public void open() {
        // at the first use
    }

    @Override
    public synchronized void close() throws IOException {
        if (jar != null) {
            jar.close();
            jar = null;
        }
    }

    private synchronized ZipFile jar() throws IOException {
        if (jar == null) {
            jar = new ZipFile(file.toFile());
        }
        return jar;
    }

    private record Entry(ZipFile jar, ZipEntry entry) implements ConnectEntry {
        @Override
        public String getName() {
            return entry.getName();
        }

        @Override
        public long getContentLength() {
            return entry.getSize();
        }

        @Override
        public long getLastModified() {
            return entry.getTime();
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return jar.getInputStream(entry);
        }
    }
}
