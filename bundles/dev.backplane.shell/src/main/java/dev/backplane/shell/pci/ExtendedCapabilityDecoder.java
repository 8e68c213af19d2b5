package dev.backplane.shell.pci;

import dev.backplane.inspect.InspectNode;

/** Decodes the extended capabilities, from 0x100 (PCIe base specification, chapter 7). */
final class ExtendedCapabilityDecoder {
    private final ConfigSpace config;

    ExtendedCapabilityDecoder(ConfigSpace config) {
        this.config = config;
    }

    InspectNode decode(int offset) {
        int header = config.dword(offset);
        int id = header & 0xFFFF;
        int control = config.word(offset + 6);
        InspectNode node = switch (id) {
            case 0x0001 -> CapabilityDecoder.node("Advanced Error Reporting", "uncorrectable 0x%x, correctable 0x%x"
                    .formatted(config.dword(offset + 4), config.dword(offset + 16)));
            case 0x0003 -> CapabilityDecoder.node("Device Serial Number", "%016x".formatted(config.qword(offset + 4)));
            case 0x000B -> CapabilityDecoder.node("Vendor Specific", "ID %04x".formatted(config.word(offset + 4)));
            case 0x000D -> CapabilityDecoder.node("Access Control Services",
                    Flags.of(control, "0:SrcValid", "2:ReqRedir", "3:CmpltRedir", "4:UpstreamFwd"));
            case 0x000E -> CapabilityDecoder.node("Alternative Routing-ID", "next function "
                    + (config.word(offset + 4) >>> 8));
            case 0x000F -> CapabilityDecoder.node("Address Translation Service", "%s smallest unit %d"
                    .formatted(Flags.of(control, "15:Enable"), control & 0x1F));
            case 0x0010 -> CapabilityDecoder.node("Single Root I/O Virtualization", "%s VFs %d of %d"
                    .formatted(Flags.of(config.word(offset + 8), "0:Enable", "3:MSE"), config.word(offset + 16),
                            config.word(offset + 14)));
            case 0x0013 -> CapabilityDecoder.node("Page Request Interface", Flags.of(config.word(offset + 4),
                    "0:Enable")
                    + " outstanding " + config.dword(offset + 12));
            case 0x001B -> CapabilityDecoder.node("Process Address Space ID", "%s width %d"
                    .formatted(Flags.of(control, "0:Enable", "1:Exec", "2:Priv"),
                    config.word(offset + 4) >>> 8 & 0x1F));
            default -> CapabilityDecoder.node("capability ID 0x%04x".formatted(id), "");
        };
        return new InspectNode("[%03x v%d] %s".formatted(offset, header >>> 16 & 0xF, node.name()),
                node.value(), node.note(), node.children());
    }
}
