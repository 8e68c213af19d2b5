package dev.backplane.vfio;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Addresses of host devices as users write them. */
final class HostAddress {
    private static final Pattern TEXT =
            Pattern.compile("(?:([0-9a-fA-F]{1,4}):)?([0-9a-fA-F]{1,2}):([01]?[0-9a-fA-F])\\.([0-7])");

    private HostAddress() {}

    /**
     * {@return the address in full: {@code 01:00.0} is in domain 0000}
     *
     * @throws IllegalArgumentException if the text is none
     */
    static String parse(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("vfio-pci: host is not set: give host=DOMAIN:BUS:DEVICE.FUNCTION, for "
                    + "example host=0000:01:00.0; host:list shows the devices");
        }
        Matcher match = TEXT.matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException("vfio-pci: host=%s is no address on the host: expected "
                    .formatted(text) + "DOMAIN:BUS:DEVICE.FUNCTION such as 0000:01:00.0; host:list shows the devices");
        }
        return "%4s:%2s:%2s.%s".formatted(match.group(1) == null ? "0" : match.group(1), match.group(2), match.group(3),
                match.group(4)).replace(' ', '0').toLowerCase(Locale.ROOT);
    }
}
