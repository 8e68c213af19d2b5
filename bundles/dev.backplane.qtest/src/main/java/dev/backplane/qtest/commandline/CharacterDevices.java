package dev.backplane.qtest.commandline;

import dev.backplane.qtest.chardev.CharacterDevice;
import dev.backplane.qtest.chardev.Endpoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The character devices of a command line. */
final class CharacterDevices {
    private static final Set<String> BACKENDS = Set.of("socket", "stdio", "null");

    private final Map<String, Endpoint> declared = new LinkedHashMap<>();
    private final Map<String, Endpoint> implied = new LinkedHashMap<>();
    private final Set<String> used = new HashSet<>();

    /** Takes a {@code -chardev}. */
    void declare(OptionGroup group) throws CommandLineException {
        String id = group.require("id");
        String backend = group.require("backend");
        if (declared.containsKey(id)) {
            throw new CommandLineException("-chardev: duplicate id '%s'".formatted(id));
        }
        if (id.isEmpty() || !DeviceArguments.isIdentifier(id)) {
            throw new CommandLineException("-chardev %s: id=%s: %s".formatted(
                    backend, id, DeviceArguments.IDENTIFIERS));
        }
        declared.put(id, switch (backend) {
            case "socket" -> socket(group);
            case "stdio" -> new Endpoint.Stdio();
            case "null" -> new Endpoint.Null();
            default -> throw new CommandLineException("-chardev %s: unsupported backend; the nearest supported one is %s"
                    .formatted(backend, Nearest.to(backend, BACKENDS)));
        });
    }

    private static Endpoint socket(OptionGroup group) throws CommandLineException {
        boolean server = group.isOn("server", false);
        boolean wait = group.isOn("wait", server);
        if (group.isOn("abstract", false) || group.isOn("telnet", false)) {
            throw new CommandLineException("-chardev socket: abstract and telnet sockets are not supported; the nearest"
                    + " supported one is path=PATH");
        }
        List<String> places = Stream.of("path", "host", "fd").filter(name -> group.get(name).isPresent()).toList();
        if (places.size() > 1) {
            throw new CommandLineException("-chardev socket: %s exclude each other: expected one of path=PATH, host=HOST"
                    .formatted(String.join(" and ", places)) + " with port=PORT, and fd=NUMBER");
        }
        if (group.get("fd").isPresent()) {
            return inherited(group.require("fd"), server);
        }
        if (group.get("path").isPresent()) {
            return new Endpoint.Unix(group.require("path"), server, wait);
        }
        if (group.get("port").isEmpty()) {
            throw new CommandLineException("-chardev socket: expected path=PATH, host=HOST with port=PORT, or fd=NUMBER");
        }
        return new Endpoint.Tcp(group.get("host").orElse("localhost"), port(group.require("port")), server, wait);
    }

    private static Endpoint inherited(String text, boolean server) throws CommandLineException {
        if (server) {
            throw new CommandLineException("-chardev socket: fd=%s,server=on is not supported; the nearest supported one is"
                    .formatted(text) + " path=PATH,server=on, or a connected socket");
        }
        if (!text.matches("[0-9]{1,5}")) {
            throw new CommandLineException("-chardev socket: fd=%s: expected the number of an open socket".formatted(text));
        }
        return new Endpoint.Inherited(Integer.parseInt(text));
    }

    private static int port(String text) throws CommandLineException {
        if (text.matches("[0-9]{1,5}") && Integer.parseInt(text) <= 0xFFFF) {
            return Integer.parseInt(text);
        }
        throw new CommandLineException("'%s' is no port: expected 0 to 65535".formatted(text));
    }

    /** {@return a declared one, which is used then} */
    Endpoint declared(String option, String id) throws CommandLineException {
        Endpoint endpoint = declared.get(id);
        if (endpoint == null) {
            throw new CommandLineException("%s: chardev '%s' not found; there are %s"
                    .formatted(option, id, declared.keySet()));
        }
        if (!used.add(id)) {
            throw new CommandLineException("%s: chardev '%s' is in use".formatted(option, id));
        }
        return endpoint;
    }

    /**
     * {@return what a legacy address such as {@code unix:PATH,server=on} means}
     *
     * @param label name of the character device that it makes
     */
    Endpoint endpoint(String option, String text, String label) throws CommandLineException {
        if (text.startsWith("chardev:")) {
            return declared(option, text.substring("chardev:".length()));
        }
        Endpoint endpoint = endpoint(option, text);
        implied.put(label, endpoint);
        return endpoint;
    }

    /** {@return all, with those that options imply} */
    List<CharacterDevice> all() {
        List<CharacterDevice> all = new ArrayList<>();
        declared.forEach((id, endpoint) -> all.add(new CharacterDevice(id, endpoint, used.contains(id))));
        implied.forEach((label, endpoint) -> all.add(new CharacterDevice(label, endpoint, true)));
        return all;
    }

    private static Endpoint endpoint(String option, String text) throws CommandLineException {
        if (text.equals("stdio")) {
            return new Endpoint.Stdio();
        }
        if (text.equals("null") || text.equals("none")) {
            return new Endpoint.Null();
        }
        int colon = text.indexOf(':');
        String kind = colon < 0 ? text : text.substring(0, colon);
        OptionGroup group = OptionGroup.parse(option, text.substring(colon + 1), "address");
        boolean server = group.isOn("server", false);
        boolean wait = group.isOn("wait", server) && !group.isOn("nowait", false);
        switch (kind) {
            case "unix" -> {
                Optional<String> path = group.get("path");
                return new Endpoint.Unix(path.isPresent() ? path.get() : group.require("address"), server, wait);
            }
            case "tcp" -> {
                String address = group.require("address");
                int last = address.lastIndexOf(':');
                if (last >= 0) {
                    String host = address.substring(0, last);
                    return new Endpoint.Tcp(
                            host.isEmpty() ? "localhost" : host, port(address.substring(last + 1)), server, wait);
                }
            }
            default -> {}
        }
        throw new CommandLineException("%s %s: unsupported; the nearest supported one is %s %s".formatted(
                option, text, option, Nearest.to(kind, Set.of("unix:PATH", "tcp:HOST:PORT", "chardev:ID", "stdio"))));
    }
}
