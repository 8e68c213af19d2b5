package dev.backplane.pci;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bus, device and function numbers: the address of a PCI function in its segment.
 *
 * @param bus 0 to 255
 * @param device 0 to 31
 * @param function 0 to 7
 */
public record Bdf(int bus, int device, int function) implements Comparable<Bdf> {
    private static final Pattern TEXT =
            Pattern.compile("(?:([0-9a-fA-F]{1,2}):)?([0-9a-fA-F]{1,2})(?:\\.([0-7]))?");

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a number is outside its range
     */
    public Bdf {
        if ((bus & ~0xFF) != 0 || (device & ~0x1F) != 0 || (function & ~7) != 0) {
            throw new IllegalArgumentException(
                    "PCI address %x:%x.%x is out of range: expected up to ff:1f.7".formatted(bus, device, function));
        }
    }

    /** {@return the function of a requester ID, 0 to 0xFFFF} */
    public static Bdf ofRequesterId(int requesterId) {
        return new Bdf(requesterId >>> 8, requesterId >>> 3 & 0x1F, requesterId & 7);
    }

    /**
     * Reads {@code bus:device.function}, {@code device.function} or {@code device}, in hexadecimal.
     *
     * @throws IllegalArgumentException if the text is none of these
     */
    public static Bdf parse(String text) {
        Matcher match = TEXT.matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException(
                    "'%s' is no PCI address: expected bus:device.function such as 00:01.0".formatted(text));
        }
        return new Bdf(hex(match.group(1)), hex(match.group(2)), hex(match.group(3)));
    }

    private static int hex(String digits) {
        return digits == null ? 0 : Integer.parseInt(digits, 16);
    }

    /** {@return the requester ID, 0 to 0xFFFF} */
    public int requesterId() {
        return bus << 8 | devfn();
    }

    /** {@return device and function as one number, 0 to 0xFF} */
    public int devfn() {
        return device << 3 | function;
    }

    @Override
    public int compareTo(Bdf other) {
        return Integer.compare(requesterId(), other.requesterId());
    }

    @Override
    public String toString() {
        return "%02x:%02x.%x".formatted(bus, device, function);
    }
}
