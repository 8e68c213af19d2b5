package dev.backplane.qtest.chardev;

/**
 * A character device. Immutable.
 *
 * @param label its name
 * @param endpoint where it leads to
 * @param used whether something is served there
 */
public record CharacterDevice(String label, Endpoint endpoint, boolean used) {
    /** {@return the type of its object} */
    public String qomType() {
        return switch (endpoint) {
            case Endpoint.Unix _, Endpoint.Tcp _, Endpoint.Inherited _ -> "chardev-socket";
            case Endpoint.Stdio _ -> "chardev-stdio";
            case Endpoint.Null _ -> "chardev-null";
        };
    }

    /** {@return where it leads to, as users write it; a socket that nobody uses is not opened} */
    public String fileName() {
        return switch (endpoint) {
            case Endpoint.Unix unix -> socket("unix:" + unix.path(), unix.server());
            case Endpoint.Tcp tcp -> socket("tcp:%s:%d".formatted(tcp.host(), tcp.port()), tcp.server());
            case Endpoint.Inherited inherited -> socket("fd:" + inherited.number(), false);
            case Endpoint.Stdio _ -> "stdio";
            case Endpoint.Null _ -> "null";
        };
    }

    private String socket(String address, boolean server) {
        return (used ? "" : "disconnected:") + address + (server ? ",server=on" : "");
    }
}
