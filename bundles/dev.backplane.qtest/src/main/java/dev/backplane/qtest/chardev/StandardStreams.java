package dev.backplane.qtest.chardev;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.FileChannel;

/** Standard input and output as one channel. */
final class StandardStreams implements ByteChannel {
    private final FileChannel in;
    private final FileChannel out;

    StandardStreams(FileChannel in, FileChannel out) {
        this.in = in;
        this.out = out;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return in.read(target);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        return out.write(source);
    }

    @Override
    public boolean isOpen() {
        return in.isOpen() && out.isOpen();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
