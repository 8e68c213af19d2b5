package dev.backplane.qtest.json;

import java.util.Arrays;

/**
 * Cuts a stream of bytes into JSON values by their tokens, so that no separator is needed between them. What cannot be a
 * value is reported and the stream goes on behind it. A value that was begun ends where a bracket closes what was not
 * opened, and at a byte that begins no token: a control character anywhere, a line end in a string, 0xFF. Behind such a
 * byte all is left out up to the next bracket, comma, colon or control character. Not thread-safe.
 */
public final class JsonFramer {
    /** Receives what the stream consists of. */
    public interface Sink {
        /** A value is complete; its text may still be no JSON. */
        void value(byte[] bytes, int length);

        /** Something is no JSON. */
        void malformed(String reason);
    }

    /** What the bytes before made of the token that is being read. */
    private enum State {
        BETWEEN, LEFT_OUT, STRING, ESCAPE, WORD, MINUS, ZERO, WHOLE, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS
    }

    /** Most bytes of one value. */
    static final int MOST_BYTES = 64 << 20;

    private static final int KEEP = 1 << 16;

    private final Sink sink;
    private final byte[] expected = new byte[Json.MOST_NESTING];
    private byte[] text = new byte[4096];
    private int length;
    private State state = State.BETWEEN;
    private int quote;
    private int objects;
    private int arrays;
    private String fault = "";

    /** Makes one at the start of a stream. */
    public JsonFramer(Sink sink) {
        this.sink = sink;
    }

    /** Takes the next bytes of the stream. */
    public void take(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            if (takes(bytes[i] & 0xFF)) {
                i++;
            }
        }
    }

    /** {@return whether a byte is done with} Else it ended what it is no part of, and is looked at again. */
    private boolean takes(int b) {
        return switch (state) {
            case BETWEEN -> between(b);
            case LEFT_OUT -> leftOut(b);
            case STRING -> inString(b);
            case ESCAPE -> isText(b) ? goOn(b, State.STRING) : stray(b);
            case WORD -> isLetter(b) ? goOn(b, State.WORD) : endToken();
            case MINUS -> isDigit(b) ? goOn(b, b == '0' ? State.ZERO : State.WHOLE) : stray(b);
            case ZERO -> switch (b) {
                case '.' -> goOn(b, State.POINT);
                default -> isDigit(b) ? stray(b) : endToken();
            };
            case WHOLE -> switch (b) {
                case '.' -> goOn(b, State.POINT);
                case 'e', 'E' -> goOn(b, State.EXPONENT);
                default -> isDigit(b) ? goOn(b, State.WHOLE) : endToken();
            };
            case POINT -> isDigit(b) ? goOn(b, State.FRACTION) : stray(b);
            case FRACTION -> switch (b) {
                case 'e', 'E' -> goOn(b, State.EXPONENT);
                default -> isDigit(b) ? goOn(b, State.FRACTION) : endToken();
            };
            case EXPONENT -> switch (b) {
                case '+', '-' -> goOn(b, State.EXPONENT_SIGN);
                default -> isDigit(b) ? goOn(b, State.EXPONENT_DIGITS) : stray(b);
            };
            case EXPONENT_SIGN -> isDigit(b) ? goOn(b, State.EXPONENT_DIGITS) : stray(b);
            case EXPONENT_DIGITS -> isDigit(b) ? goOn(b, State.EXPONENT_DIGITS) : endToken();
        };
    }

    private boolean between(int b) {
        switch (b) {
            case ' ', '\t', '\r', '\n' -> {
                return length == 0 || goOn(b, State.BETWEEN);
            }
            case '"', '\'' -> {
                quote = b;
                return goOn(b, State.STRING);
            }
            case '-' -> {
                return goOn(b, State.MINUS);
            }
            case '{', '[', '}', ']', ',', ':' -> {
                goOn(b, State.BETWEEN);
                if (state == State.BETWEEN) {
                    punctuation(b);
                }
                return true;
            }
            default -> {
                if (isDigit(b)) {
                    return goOn(b, b == '0' ? State.ZERO : State.WHOLE);
                }
                return isLetter(b) ? goOn(b, State.WORD) : stray(b);
            }
        }
    }

    private boolean leftOut(int b) {
        boolean over = switch (b) {
            case '{', '[', '}', ']', ',', ':' -> true;
            case '\t' -> false;
            default -> !isText(b);
        };
        if (over) {
            state = State.BETWEEN;
        }
        return !over;
    }

    private boolean inString(int b) {
        if (!isText(b)) {
            return stray(b);
        }
        goOn(b, b == '\\' ? State.ESCAPE : State.STRING);
        if (b == quote && state == State.STRING) {
            endToken();
        }
        return true;
    }

    /** Counts brackets; a bracket, comma or colon that is in none is a value of its own, and wrong. */
    private void punctuation(int b) {
        int depth = objects + arrays;
        switch (b) {
            case '{', '[' -> {
                if (depth == expected.length) {
                    drop("JSON nesting depth limit exceeded: at most %d".formatted(expected.length));
                    return;
                }
                expected[depth] = (byte) (b == '{' ? '}' : ']');
                count(b == '{', 1);
            }
            case '}', ']' -> {
                if (depth > 0 && expected[depth - 1] != b) {
                    fault("JSON parse error, '%c' where '%c' was expected".formatted(b, expected[depth - 1]));
                } else if (depth == 0) {
                    fault("JSON parse error, stray '%c'".formatted(b));
                }
                count(b == '}', -1);
            }
            default -> {
                if (depth == 0) {
                    fault("JSON parse error, stray '%c'".formatted(b));
                }
            }
        }
        endToken();
    }

    private void count(boolean object, int change) {
        if (object) {
            objects += change;
        } else {
            arrays += change;
        }
    }

    /** Notes what is wrong with the value; the first one counts. */
    private void fault(String reason) {
        if (fault.isEmpty()) {
            fault = reason;
        }
    }

    /** Ends a token, and the value if that was its last one; {@return false, as the next byte is no part of it} */
    private boolean endToken() {
        state = State.BETWEEN;
        if (objects < 0 || arrays < 0 || objects + arrays == 0) {
            int size = length;
            String wrong = fault;
            forget();
            if (wrong.isEmpty()) {
                sink.value(text, size);
            } else {
                sink.malformed(wrong);
            }
            shrink();
        }
        return false;
    }

    private boolean goOn(int b, State next) {
        if (length == MOST_BYTES) {
            drop("JSON token size limit exceeded: at most %d bytes".formatted(MOST_BYTES));
            state = State.LEFT_OUT;
            return true;
        }
        if (length == text.length) {
            text = Arrays.copyOf(text, 2 * length);
        }
        text[length++] = (byte) b;
        state = next;
        return true;
    }

    private boolean stray(int b) {
        drop(b >= ' ' && b < 0x7F
                ? "JSON parse error, stray '%c'".formatted(b)
                : "JSON parse error, stray 0x%02x".formatted(b));
        state = State.LEFT_OUT;
        return true;
    }

    private void drop(String reason) {
        forget();
        shrink();
        sink.malformed(reason);
    }

    private void forget() {
        length = 0;
        objects = 0;
        arrays = 0;
        fault = "";
    }

    private void shrink() {
        if (text.length > KEEP) {
            text = new byte[KEEP];
        }
    }

    private static boolean isText(int b) {
        return b >= ' ' && b < 0xFE;
    }

    private static boolean isLetter(int b) {
        return b >= 'a' && b <= 'z';
    }

    private static boolean isDigit(int b) {
        return b >= '0' && b <= '9';
    }
}
