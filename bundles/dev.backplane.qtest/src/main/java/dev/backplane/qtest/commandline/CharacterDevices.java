package dev.backplane.qtest.commandline;

import dev.backplane.qtest.chardev.CharacterDevice;
import dev.backplane.qtest.chardev.Endpoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The character devices of a command line. */
final class CharacterDevices {
    private static final Set<String> BACKENDS = Set.of("socket", "stdio", "null");
    private static final String UNIX = "unix";
    private static final String TCP = "tcp";
    private static final String ADDRESS = "address";
    private static final String NO_WAIT = "nowait";

    /** How addresses in short are written, by their kinds. */
    private static final Map<String, String> FORMS = Map.of(
            UNIX, "unix:PATH", TCP, "tcp:HOST:PORT", "chardev", "chardev:ID", "stdio", "stdio", "null", "null");

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
            case "socket" -> socket("-chardev socket", group);
            case "stdio" -> new Endpoint.Stdio();
            case "null" -> new Endpoint.Null();
            default -> throw new CommandLineException("-chardev %s: unsupported backend; the nearest supported one is %s"
                    .formatted(backend, Nearest.to(backend, BACKENDS)));
        });
    }

    private static Endpoint socket(String label, OptionGroup group) throws CommandLineException {
        boolean server = group.isOn("server", false);
        boolean wait = group.isOn("wait", server);
        if (group.isOn("abstract", false) || group.isOn("telnet", false)) {
            throw new CommandLineException("%s: abstract and telnet sockets are not supported; the nearest supported"
                    .formatted(label) + " one is path=PATH");
        }
        List<String> places = Stream.of("path", "host", "fd").filter(name -> group.get(name).isPresent()).toList();
        if (places.size() > 1) {
            throw new CommandLineException("%s: %s exclude each other: expected one of path=PATH, host=HOST with"
                    .formatted(label, String.join(" and ", places)) + " port=PORT, and fd=NUMBER");
        }
        if (group.get("fd").isPresent()) {
            return inherited(label, group.require("fd"), server);
        }
        if (group.get("path").isPresent()) {
            return new Endpoint.Unix(group.require("path"), server, wait);
        }
        if (group.get("port").isEmpty()) {
            throw new CommandLineException(
                    "%s: expected path=PATH, host=HOST with port=PORT, or fd=NUMBER".formatted(label));
        }
        return new Endpoint.Tcp(
                group.get("host").orElse("localhost"), port(label, group.require("port")), server, wait);
    }

    private static Endpoint inherited(String label, String text, boolean server) throws CommandLineException {
        if (server) {
            throw new CommandLineException("%s: fd=%s,server=on is not supported; the nearest supported one is"
                    .formatted(label, text) + " path=PATH,server=on, or a connected socket");
        }
        if (!text.matches("[0-9]{1,5}")) {
            throw new CommandLineException("%s: fd=%s: expected the number of an open socket".formatted(label, text));
        }
        return new Endpoint.Inherited(Integer.parseInt(text));
    }

    private static int port(String label, String text) throws CommandLineException {
        if (text.matches("[0-9]{1,5}") && Integer.parseInt(text) <= 0xFFFF) {
            return Integer.parseInt(text);
        }
        throw new CommandLineException("%s: '%s' is no port: expected 0 to 65535".formatted(label, text));
    }

    /** {@return a declared one, which is used then} */
    Endpoint declared(String option, String id) throws CommandLineException {
        Endpoint endpoint = declared.get(id);
        if (endpoint == null) {
            throw new CommandLineException("%s: chardev '%s' not found; %s".formatted(option, id, declared.isEmpty()
                    ? "there is none: declare it with -chardev"
                    : "there are " + declared.keySet()));
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
        if (colon < 0 || !kind.equals(UNIX) && !kind.equals(TCP)) {
            throw new CommandLineException("%s %s: unsupported; the nearest supported one is %s %s"
                    .formatted(option, text, option, FORMS.get(Nearest.to(kind, FORMS.keySet()))));
        }
        Map<String, String> values =
                new LinkedHashMap<>(OptionGroup.parse(option, text.substring(colon + 1), ADDRESS).values());
        String address = values.remove(ADDRESS);
        if (values.remove(NO_WAIT) != null) {
            values.put("wait", "off");
        }
        if (address != null && kind.equals(UNIX)) {
            values.put("path", address);
        } else if (address != null) {
            int last = address.lastIndexOf(':');
            if (last < 0) {
                throw new CommandLineException("%s %s: expected %s".formatted(option, text, FORMS.get(TCP)));
            }
            values.put("host", last == 0 ? "localhost" : address.substring(0, last));
            values.put("port", address.substring(last + 1));
        }
        return socket(option, ParameterGroup.CHARDEV.check(new OptionGroup(option, values)));
    }

    /**
     * Refuses a terminal that several would read from.
     *
     * @param shell whether there is a shell on it
     */
    void requireOneTerminal(boolean shell) throws CommandLineException {
        long users = all().stream()
                .filter(device -> device.used() && device.endpoint() instanceof Endpoint.Stdio)
                .count();
        if (users + (shell ? 1 : 0) > 1) {
            throw new CommandLineException("stdio is used more than once, but what is typed can reach only one reader:"
                    + " serve the others at unix:PATH");
        }
    }
}
