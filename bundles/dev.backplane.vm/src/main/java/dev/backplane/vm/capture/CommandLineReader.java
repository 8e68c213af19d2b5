package dev.backplane.vm.capture;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reads the part of {@code cmdline.txt} that lays out the board: machine, memory, processors, devices. */
final class CommandLineReader {
    static final String FILE = "cmdline.txt";
    private static final long DEFAULT_MEMORY = 128L << 20;

    private final List<String> words;

    private CommandLineReader(List<String> words) {
        this.words = words;
    }

    static Capture.Machine read(String text, int processors) {
        return new CommandLineReader(words(text)).machine(processors);
    }

    /** {@return the words of a command as a POSIX shell splits them: quotes, and a backslash before a newline} */
    private static List<String> words(String text) {
        var words = new ArrayList<String>();
        var word = new StringBuilder();
        boolean quoted = false;
        boolean open = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                quoted = !quoted;
                open = true;
            } else if (c == '\\' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
                i++;
            } else if (!quoted && Character.isWhitespace(c)) {
                if (open) {
                    words.add(word.toString());
                }
                word.setLength(0);
                open = false;
            } else {
                word.append(c);
                open = true;
            }
        }
        if (quoted) {
            throw new CaptureException(FILE, "", "a quote does not end: truncated or altered");
        }
        if (open) {
            words.add(word.toString());
        }
        return words;
    }

    private Capture.Machine machine(int processors) {
        var options = new LinkedHashMap<String, String>();
        List<String> machines = values("-machine", "-M");
        if (machines.isEmpty()) {
            throw new CaptureException(FILE, "", "no -machine: truncated or altered");
        }
        for (String machine : machines) {
            String[] parts = machine.split(",");
            String type = parts[0].startsWith("type=") ? parts[0].substring(5) : parts[0];
            if (!type.equals("virt") && !type.startsWith("virt-")) {
                throw new CaptureException(FILE, "-machine", "'%s': expected virt".formatted(type));
            }
            for (int i = 1; i < parts.length; i++) {
                property(options, parts[i], "-machine");
            }
        }
        var devices = new ArrayList<Capture.Device>();
        for (String device : values("-device")) {
            String[] parts = device.split(",");
            var properties = new LinkedHashMap<String, String>();
            for (int i = 1; i < parts.length; i++) {
                property(properties, parts[i], "-device " + parts[0]);
            }
            devices.add(new Capture.Device(parts[0], properties));
        }
        List<String> memory = values("-m");
        return new Capture.Machine(
                options, memory.isEmpty() ? DEFAULT_MEMORY : size(memory.getLast()), processors, devices);
    }

    private List<String> values(String... names) {
        var values = new ArrayList<String>();
        for (int i = 0; i < words.size(); i++) {
            if (List.of(names).contains(words.get(i))) {
                if (i + 1 == words.size()) {
                    throw new CaptureException(FILE, words.get(i), "no value follows: truncated");
                }
                values.add(words.get(i + 1));
            }
        }
        return values;
    }

    private static void property(Map<String, String> into, String text, String place) {
        int equals = text.indexOf('=');
        if (equals == 0) {
            throw new CaptureException(FILE, place, "'%s': expected key=value".formatted(text));
        }
        into.put(equals < 0 ? text : text.substring(0, equals), equals < 0 ? "on" : text.substring(equals + 1));
    }

    private static long size(String text) {
        String first = text.split(",")[0];
        String digits = (first.startsWith("size=") ? first.substring(5) : first).toUpperCase(Locale.ROOT);
        int unit = digits.isEmpty() ? -1 : "KMGT".indexOf(digits.charAt(digits.length() - 1));
        try {
            // Without a suffix the number is in MiB.
            long number = Long.parseLong(unit < 0 ? digits : digits.substring(0, digits.length() - 1));
            long bytes = Math.multiplyExact(number, 1L << (unit < 0 ? 20 : 10 * (unit + 1)));
            if (bytes > 0) {
                return bytes;
            }
        } catch (ArithmeticException | NumberFormatException e) {
            // said below
        }
        throw new CaptureException(FILE, "-m", "'%s': expected a size such as 512M".formatted(text));
    }
}
