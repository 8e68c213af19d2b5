package dev.backplane.shell.text;

/** Colours of a terminal; {@link #PLAIN} everywhere else. */
public enum Colour {
    /** As the terminal prints. */
    PLAIN(""),
    /** At work. */
    GREEN("32"),
    /** Waiting. */
    YELLOW("33"),
    /** Broken. */
    RED("31");

    private final String code;

    Colour(String code) {
        this.code = code;
    }

    String paint(String text) {
        return this == PLAIN || text.isEmpty() ? text : "\u001b[%sm%s\u001b[0m".formatted(code, text);
    }
}
