package dev.backplane.shell.pci;

import java.util.ArrayList;

/** Prints bits the way lspci does: each name with {@code +} or {@code -}. */
final class Flags {
    private Flags() {}

    /** {@return each name with + or -; names are {@code bit:name}} */
    static String of(int value, String... names) {
        var flags = new ArrayList<String>();
        for (String name : names) {
            int colon = name.indexOf(':');
            int bit = Integer.parseInt(name.substring(0, colon));
            flags.add(name.substring(colon + 1) + ((value >>> bit & 1) == 1 ? "+" : "-"));
        }
        return String.join(" ", flags);
    }
}
