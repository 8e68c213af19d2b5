package dev.backplane.vm.capture;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The files of a capture, plain or compressed. */
final class CaptureFolder {
    /** More than any capture of a board's tables needs; keeps a forged file from filling the heap. */
    private static final int LARGEST_FILE = 1 << 28;

    private final Path folder;

    CaptureFolder(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException("no folder '%s'; expected the folder of a capture".formatted(folder));
        }
        this.folder = folder;
    }

    /**
     * {@return the content of a file, or empty when the capture has none of that name}
     *
     * @param name name without {@code .gz}
     */
    Optional<byte[]> bytes(String name) {
        Path plain = folder.resolve(name);
        Path packed = folder.resolve(name + ".gz");
        if (Files.isRegularFile(packed)) {
            return Optional.of(read(packed, true));
        }
        return Files.isRegularFile(plain) ? Optional.of(read(plain, false)) : Optional.empty();
    }

    byte[] required(String name) {
        return bytes(name).orElseThrow(() -> new CaptureException(
                name, "", "missing in %s: a capture needs it (or %s.gz)".formatted(folder, name)));
    }

    /** {@return the content of a text file} */
    static String text(String name, byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new CaptureException(name, "", "no text in UTF-8: the file was altered");
        }
    }

    private static byte[] read(Path file, boolean packed) {
        String name = file.getFileName().toString();
        try (InputStream raw = new BufferedInputStream(Files.newInputStream(file));
                InputStream in = packed ? new GZIPInputStream(raw) : raw) {
            var content = new ByteArrayOutputStream();
            byte[] buffer = new byte[1 << 16];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                content.write(buffer, 0, count);
                if (content.size() > LARGEST_FILE) {
                    throw new CaptureException(name, "", "larger than %d MiB".formatted(LARGEST_FILE >>> 20));
                }
            }
            return content.toByteArray();
        } catch (EOFException e) {
            throw new CaptureException(name, "", "truncated: the compressed data ends early");
        } catch (ZipException e) {
            throw new CaptureException(name, "", "altered: " + e.getMessage());
        } catch (IOException e) {
            throw new CaptureException(name, "", "cannot be read: " + e.getMessage());
        }
    }
}
