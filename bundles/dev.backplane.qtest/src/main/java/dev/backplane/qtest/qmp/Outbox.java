package dev.backplane.qtest.qmp;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

/**
 * What is sent to one client, in the order in which it was put in. The session's thread sends by itself, so a client
 * that does not read holds up its own commands only. What other threads put in is sent by a thread that starts when it
 * is needed first: they never wait for the client. Thread-safe.
 */
final class Outbox {
    /** A client that never reads loses events rather than memory. */
    static final int MOST_WAITING = 1 << 20;

    private final WritableByteChannel channel;
    private final Thread owner = Thread.currentThread();
    private final Object sending = new Object();
    private final Queue<byte[]> waiting = new ArrayDeque<>();
    private int unsent; // bytes, with those that are being written
    private Thread writer;
    private boolean closed;

    /** Takes the way to a client; the calling thread is the session's. */
    Outbox(WritableByteChannel channel) {
        this.channel = channel;
    }

    /** Sends a message, and all before it; the session's thread. */
    void reply(byte[] message) throws IOException {
        put(message);
        send();
    }

    /** Puts a message in, or drops it when too much waits; any thread. The session's own are sent by {@link #send}. */
    synchronized void event(byte[] message) {
        if (closed || unsent + message.length > MOST_WAITING) {
            return;
        }
        put(message);
        if (Thread.currentThread() != owner) {
            wakeWriter();
        }
    }

    private synchronized void put(byte[] message) {
        waiting.add(message);
        unsent += message.length;
    }

    private void wakeWriter() {
        if (writer == null) {
            writer = Thread.ofPlatform().daemon().name("backplane-qmp-writer").start(this::write);
        }
        notifyAll();
    }

    private void write() {
        try {
            while (awaitMessage()) {
                send();
            }
        } catch (IOException e) {
            close(); // the session's thread sees the end by itself
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized boolean awaitMessage() throws InterruptedException {
        while (!closed && waiting.isEmpty()) {
            wait();
        }
        return !closed;
    }

    /** Sends all that waits. */
    void send() throws IOException {
        synchronized (sending) {
            for (byte[] message = next(); message != null; message = next()) {
                ByteBuffer buffer = ByteBuffer.wrap(message);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                sent(message);
            }
        }
    }

    private synchronized byte[] next() {
        return waiting.poll();
    }

    private synchronized void sent(byte[] message) {
        unsent -= message.length;
        notifyAll();
    }

    /** Waits until all is sent, at most until then; any thread. */
    synchronized void awaitSent(long nanoTime) {
        if (unsent > 0 && !closed) {
            wakeWriter(); // the session's thread may be the one that waits here
        }
        try {
            for (long left = nanoTime - System.nanoTime(); unsent > 0 && !closed && left > 0;
                    left = nanoTime - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Nothing more is sent. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }
}
