package dev.backplane.qtest.json;

import java.util.Arrays;

/**
 * Cuts a stream of bytes into JSON values by their brackets, so that no separator is needed between them. What cannot be
 * a value is reported once, and the stream goes on behind it: a byte 0xFF, a line end inside a string or a bracket that
 * does not fit ends a value that was begun. Not thread-safe.
 */
public final class JsonFramer {
    /** Receives what the stream consists of. */
    public interface Sink {
        /** A value is complete; its text may still be no JSON. */
        void value(byte[] bytes, int length);

        /** Something is no JSON. */
        void malformed(String reason);
    }

    /** Most bytes of one value. */
    static final int MOST_BYTES = 64 << 20;

    private static final int ILLEGAL = 0xFF;
    private static final int KEEP = 1 << 16;

    private final Sink sink;
    private final byte[] brackets = new byte[Json.MOST_NESTING];
    private byte[] text = new byte[4096];
    private int length;
    private int depth;
    private int quote;
    private boolean escaped;
    private boolean junk;

    /** Makes one at the start of a stream. */
    public JsonFramer(Sink sink) {
        this.sink = sink;
    }

    /** Takes the next bytes of the stream. */
    public void take(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            int b = bytes[i] & 0xFF;
            if (depth == 0) {
                outside(b);
            } else {
                inside(b);
            }
        }
    }

    private void outside(int b) {
        switch (b) {
            case '{', '[' -> {
                junk = false;
                open(b);
            }
            case '\n', '\r' -> junk = false;
            case ' ', '\t' -> {}
            case ILLEGAL -> {
                junk = false;
                sink.malformed("JSON parse error, stray 0xff");
            }
            default -> {
                if (!junk) {
                    junk = true;
                    sink.malformed("JSON parse error, a value must begin with { or [");
                }
            }
        }
    }

    private void inside(int b) {
        if (b == ILLEGAL) {
            drop("JSON parse error, stray 0xff");
        } else if (quote != 0) {
            insideString(b);
        } else {
            switch (b) {
                case '"', '\'' -> {
                    quote = b;
                    add(b);
                }
                case '{', '[' -> open(b);
                case '}', ']' -> close(b);
                default -> add(b);
            }
        }
    }

    private void insideString(int b) {
        if (b == '\n') {
            drop("JSON parse error, line end in a string");
            return;
        }
        add(b);
        if (escaped) {
            escaped = false;
        } else if (b == '\\') {
            escaped = true;
        } else if (b == quote) {
            quote = 0;
        }
    }

    private void open(int b) {
        if (depth == brackets.length) {
            drop("JSON nesting depth limit exceeded: at most %d".formatted(brackets.length));
            return;
        }
        brackets[depth++] = (byte) (b == '{' ? '}' : ']');
        add(b);
    }

    private void close(int b) {
        if (brackets[depth - 1] != b) {
            drop("JSON parse error, '%c' where '%c' was expected".formatted(b, brackets[depth - 1]));
            return;
        }
        add(b);
        if (depth == 0) {
            return; // dropped for its size
        }
        if (--depth == 0) {
            int size = length;
            length = 0;
            sink.value(text, size);
            shrink();
        }
    }

    private void add(int b) {
        if (length == MOST_BYTES) {
            drop("JSON token size limit exceeded: at most %d bytes".formatted(MOST_BYTES));
            junk = true; // the rest of it
            return;
        }
        if (length == text.length) {
            text = Arrays.copyOf(text, 2 * length);
        }
        text[length++] = (byte) b;
    }

    private void drop(String reason) {
        length = 0;
        depth = 0;
        quote = 0;
        escaped = false;
        shrink();
        sink.malformed(reason);
    }

    private void shrink() {
        if (text.length > KEEP) {
            text = new byte[KEEP];
        }
    }
}
