package dev.backplane.qtest.json;

/** A text is no JSON. The message says what is wrong with it. */
public final class JsonException extends Exception {
    private static final long serialVersionUID = 1L;

    JsonException(String message) {
        super(message);
    }
}
