package dev.backplane.qtest.fake;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A client whose whole part is written beforehand; it arrives in pieces of a given size. */
public final class ScriptedChannel implements ByteChannel {
    private final byte[] script;
    private final int piece;
    private final ByteArrayOutputStream answer = new ByteArrayOutputStream();
    private int at;

    public ScriptedChannel(byte[] script, int piece) {
        this.script = script;
        this.piece = piece;
    }

    public static ScriptedChannel lines(String... lines) {
        byte[] script = (String.join("\n", lines) + "\n").getBytes(StandardCharsets.ISO_8859_1);
        return new ScriptedChannel(script, script.length);
    }

    @Override
    public int read(ByteBuffer target) {
        if (at == script.length) {
            return -1;
        }
        int count = Math.min(Math.min(piece, target.remaining()), script.length - at);
        target.put(script, at, count);
        at += count;
        return count;
    }

    @Override
    public synchronized int write(ByteBuffer source) {
        int count = source.remaining();
        while (source.hasRemaining()) {
            answer.write(source.get());
        }
        return count;
    }

    /** {@return all that was answered, by lines} */
    public synchronized List<String> answers() {
        return answer.toString(StandardCharsets.ISO_8859_1).lines().toList();
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {}
}
