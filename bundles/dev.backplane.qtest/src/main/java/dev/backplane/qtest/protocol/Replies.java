package dev.backplane.qtest.protocol;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;

/**
 * What is sent to the client. Replies collect while more commands are waiting; a change of an interrupt line keeps its
 * place among them, and one that comes while no command runs is sent by a thread of its own, so that no device ever
 * waits for the client.
 */
final class Replies {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final int HIGH_WATER = 1 << 16;
    private static final int MOST_WAITING = 1 << 24;

    private final WritableByteChannel channel;
    private final QtestLog log;
    private final Object sending = new Object();
    private ByteBuffer collected = ByteBuffer.allocateDirect(2 * HIGH_WATER);
    private ByteBuffer spare = ByteBuffer.allocateDirect(2 * HIGH_WATER);
    private final StringBuilder late = new StringBuilder();
    private boolean busy;
    private boolean inLine;
    private int lineStart;
    private boolean closed;

    Replies(WritableByteChannel channel, QtestLog log) {
        this.channel = channel;
        this.log = log;
    }

    // The commands' side

    /** Commands begin to run: what is collected is sent by {@link #flush}. */
    synchronized void begin() {
        busy = true;
    }

    synchronized Replies text(String ascii) {
        if (!inLine) {
            inLine = true;
            lineStart = collected.position();
        }
        put(ascii);
        return this;
    }

    private void put(String ascii) {
        int length = ascii.length();
        reserve(length);
        for (int i = 0; i < length; i++) {
            char c = ascii.charAt(i);
            collected.put((byte) (c < 0x80 && (c != '\n' || !inLine) ? c : '?'));
        }
    }

    synchronized Replies bytes(byte[] source, int from, int length) {
        reserve(length);
        collected.put(source, from, length);
        return this;
    }

    /** Appends a number in hexadecimal with exactly so many digits. */
    synchronized Replies hex(long value, int digits) {
        reserve(digits);
        for (int i = digits - 1; i >= 0; i--) {
            collected.put(HEX[(int) (value >>> (4 * i)) & 0xF]);
        }
        return this;
    }

    /** Appends bytes in hexadecimal. */
    synchronized Replies hex(byte[] source, int from, int length) {
        reserve(2 * length);
        for (int i = from; i < from + length; i++) {
            collected.put(HEX[source[i] >>> 4 & 0xF]).put(HEX[source[i] & 0xF]);
        }
        return this;
    }

    /** Ends a reply. */
    synchronized void end() {
        inLine = false;
        if (log.isOpen()) {
            byte[] line = new byte[collected.position() - lineStart]; // of a long reply what is not sent yet
            collected.get(lineStart, line);
            log.note('S', line, 0, line.length);
        }
        put("\n");
        if (!late.isEmpty()) {
            put(late.toString());
            late.setLength(0);
        }
    }

    /** Sends some of a long reply. */
    void drain() throws IOException {
        boolean full;
        synchronized (this) {
            full = collected.position() >= HIGH_WATER;
        }
        if (full) {
            send();
        }
    }

    /** Sends everything; no command runs now. */
    void flush() throws IOException {
        synchronized (this) {
            busy = false;
        }
        send();
    }

    private void send() throws IOException {
        synchronized (sending) {
            ByteBuffer full;
            synchronized (this) {
                full = collected;
                collected = spare;
                lineStart = 0;
            }
            full.flip();
            while (full.hasRemaining()) {
                channel.write(full);
            }
            full.clear();
            spare = full;
        }
    }

    private void reserve(int bytes) {
        if (collected.remaining() < bytes) {
            ByteBuffer larger = ByteBuffer.allocateDirect(Math.max(2 * collected.capacity(), collected.position() + bytes));
            collected.flip();
            larger.put(collected);
            collected = larger;
        }
    }

    // The interrupt lines' side

    /** Appends a line's change; any thread. A client that never reads loses changes rather than memory. */
    synchronized void interrupt(int number, boolean raised) {
        if (closed || collected.position() + late.length() > MOST_WAITING) {
            return;
        }
        String line = (raised ? "IRQ raise " : "IRQ lower ") + number + "\n";
        if (log.isOpen()) {
            byte[] text = line.getBytes(StandardCharsets.US_ASCII);
            log.note('S', text, 0, text.length - 1);
        }
        if (inLine) {
            late.append(line); // a reply is half written
        } else {
            put(line);
        }
        if (!busy) {
            notifyAll();
        }
    }

    /** Sends what arrives while no command runs, until the session is closed. */
    void sendInterrupts() {
        try {
            while (awaitInterrupts()) {
                send();
            }
        } catch (IOException e) {
            close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean awaitInterrupts() throws InterruptedException {
        while (!closed && (busy || collected.position() == 0)) {
            wait();
        }
        return !closed;
    }

    synchronized void close() {
        closed = true;
        notifyAll();
    }
}
