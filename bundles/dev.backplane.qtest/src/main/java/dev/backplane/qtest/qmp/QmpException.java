package dev.backplane.qtest.qmp;

/** A command is answered by an error. */
public final class QmpException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Error classes of the protocol. */
    public enum Kind {
        /** Anything else. */
        GenericError,
        /** There is no such command, or not yet. */
        CommandNotFound,
        /** There is no such device. */
        DeviceNotFound
    }

    private final transient Kind kind;

    private QmpException(Kind kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    /** {@return an error of no special class} */
    public static QmpException generic(String message) {
        return new QmpException(Kind.GenericError, message);
    }

    static QmpException commandNotFound(String message) {
        return new QmpException(Kind.CommandNotFound, message);
    }

    static QmpException deviceNotFound(String device) {
        return new QmpException(Kind.DeviceNotFound, "Device '%s' not found".formatted(device));
    }

    static QmpException noSuchClass(String type) {
        return new QmpException(Kind.DeviceNotFound, "Class '%s' not found".formatted(type));
    }

    Kind kind() {
        return kind;
    }
}
