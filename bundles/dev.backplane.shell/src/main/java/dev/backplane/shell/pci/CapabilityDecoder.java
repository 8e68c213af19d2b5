package dev.backplane.shell.pci;

import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.List;

/** Decodes the capabilities in the first 256 bytes of configuration space (PCIe base specification, chapter 7). */
final class CapabilityDecoder {
    private static final String[] EXPRESS_TYPES = {
        "Endpoint", "Legacy Endpoint", "?", "?", "Root Port", "Upstream Port", "Downstream Port",
        "PCIe to PCI Bridge", "PCI to PCIe Bridge", "Root Complex Integrated Endpoint", "Root Complex Event Collector"};

    private final ConfigSpace config;

    CapabilityDecoder(ConfigSpace config) {
        this.config = config;
    }

    InspectNode decode(int offset) {
        int id = config.octet(offset);
        InspectNode node = switch (id) {
            case 0x01 -> node("Power Management", "version " + (config.word(offset + 2) & 7)
                    + " " + Flags.of(config.word(offset + 4), "8:PME", "3:NoSoftRst") + " D"
                    + (config.word(offset + 4) & 3));
            case 0x05 -> msi(offset);
            case 0x09 -> node("Vendor Specific", "length " + config.octet(offset + 2));
            case 0x0D -> node("Subsystem", "%04x:%04x".formatted(config.word(offset + 4), config.word(offset + 6)));
            case 0x10 -> express(offset);
            case 0x11 -> msix(offset);
            case 0x13 -> node("Advanced Features", Flags.of(config.octet(offset + 3), "0:TP", "1:FLR"));
            default -> node("capability ID 0x%02x".formatted(id), "");
        };
        return new InspectNode("[%02x] %s".formatted(offset, node.name()), node.value(), node.note(), node.children());
    }

    private InspectNode msi(int offset) {
        int control = config.word(offset + 2);
        boolean wide = (control >>> 7 & 1) == 1;
        boolean maskable = (control >>> 8 & 1) == 1;
        int data = offset + (wide ? 12 : 8);
        var lines = new ArrayList<InspectNode>();
        lines.add(InspectNode.hex("Address", wide ? config.qword(offset + 4)
                : config.dword(offset + 4) & 0xFFFF_FFFFL));
        lines.add(InspectNode.hex("Data", config.word(data)));
        if (maskable) {
            lines.add(InspectNode.hex("Masking", config.dword(data + 4) & 0xFFFF_FFFFL));
            lines.add(InspectNode.hex("Pending", config.dword(data + 8) & 0xFFFF_FFFFL));
        }
        return new InspectNode("MSI", "", "%s Count=%d/%d"
                .formatted(Flags.of(control, "0:Enable", "8:Maskable", "7:64bit"),
                1 << (control >>> 4 & 7), 1 << (control >>> 1 & 7)), lines);
    }

    private InspectNode msix(int offset) {
        int control = config.word(offset + 2);
        int table = config.dword(offset + 4);
        int pending = config.dword(offset + 8);
        return new InspectNode("MSI-X", "", "%s Count=%d"
                .formatted(Flags.of(control, "15:Enable", "14:Masked"), (control & 0x7FF) + 1),
                List.of(place("Vector table", table), place("PBA", pending)));
    }

    private static InspectNode place(String name, int register) {
        return InspectNode.text(name, "BAR%d".formatted(register & 7)).withNote("offset 0x%x".formatted(register & ~7));
    }

    private InspectNode express(int offset) {
        int capabilities = config.word(offset + 2);
        int type = capabilities >>> 4 & 0xF;
        int control = config.word(offset + 8);
        int link = config.dword(offset + 12);
        int linkStatus = config.word(offset + 18);
        var lines = new ArrayList<InspectNode>();
        lines.add(node("DevCtl", Flags.of(control, "0:CorrErr", "1:NonFatalErr", "2:FatalErr", "3:UnsupReq",
                "4:RlxdOrd",
                "11:NoSnoop") + " MaxPayload " + (128 << (control >>> 5 & 7))));
        lines.add(node("LnkCap", "speed code %d width x%d port %d"
                .formatted(link & 0xF, link >>> 4 & 0x3F, link >>> 24 & 0xFF)));
        lines.add(node("LnkSta", "speed code %d width x%d".formatted(linkStatus & 0xF, linkStatus >>> 4 & 0x3F)));
        String name = type < EXPRESS_TYPES.length ? EXPRESS_TYPES[type] : "type " + type;
        return new InspectNode("Express", "", "version %d, %s, %s".formatted(capabilities & 0xF, name,
                Flags.of(config.dword(offset + 4), "28:FLR")), lines);
    }

    static InspectNode node(String name, String note) {
        return new InspectNode(name, "", note.strip(), List.of());
    }
}
