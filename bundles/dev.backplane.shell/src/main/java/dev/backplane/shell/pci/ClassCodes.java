package dev.backplane.shell.pci;

import java.util.Map;

/** Names of class codes (PCI-SIG Code and ID Assignment), as far as boards use them. */
public final class ClassCodes {
    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(0x0100, "SCSI storage controller"),
            Map.entry(0x0106, "SATA controller"),
            Map.entry(0x0108, "Non-Volatile memory controller"),
            Map.entry(0x0180, "Mass storage controller"),
            Map.entry(0x0200, "Ethernet controller"),
            Map.entry(0x0280, "Network controller"),
            Map.entry(0x0300, "VGA compatible controller"),
            Map.entry(0x0302, "3D controller"),
            Map.entry(0x0500, "RAM memory"),
            Map.entry(0x0600, "Host bridge"),
            Map.entry(0x0604, "PCI bridge"),
            Map.entry(0x0880, "System peripheral"),
            Map.entry(0x0C03, "USB controller"),
            Map.entry(0x1200, "Processing accelerator"));
    private static final Map<Integer, String> BASES = Map.ofEntries(
            Map.entry(0x00, "Unclassified device"),
            Map.entry(0x01, "Storage controller"),
            Map.entry(0x02, "Network controller"),
            Map.entry(0x03, "Display controller"),
            Map.entry(0x04, "Multimedia controller"),
            Map.entry(0x05, "Memory controller"),
            Map.entry(0x06, "Bridge"),
            Map.entry(0x07, "Communication controller"),
            Map.entry(0x08, "System peripheral"),
            Map.entry(0x0C, "Serial bus controller"),
            Map.entry(0x12, "Processing accelerator"),
            Map.entry(0xFF, "Unassigned class"));

    private ClassCodes() {}

    /** {@return the name of a class code of 24 bits} */
    public static String name(int classCode) {
        String name = NAMES.get(classCode >>> 8);
        return name != null ? name : BASES.getOrDefault(classCode >>> 16, "Class %06x".formatted(classCode));
    }
}
