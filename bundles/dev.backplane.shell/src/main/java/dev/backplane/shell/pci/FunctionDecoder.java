package dev.backplane.shell.pci;

import dev.backplane.board.PciFabric;
import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** Decodes a function's configuration space: header, BARs, bridge windows, capabilities. */
public final class FunctionDecoder {
    private static final int STATUS_CAPABILITIES = 1 << 4;
    private static final int FIRST_CAPABILITY = 0x40;
    private static final int FIRST_EXTENDED = 0x100;

    private final ConfigSpace config;

    /** Makes one for a configuration space. */
    public FunctionDecoder(ConfigSpace config) {
        this.config = config;
    }

    /**
     * {@return everything about a function}
     *
     * @param function what the fabric knows about it
     */
    public InspectNode decode(PciFabric.Function function) {
        var nodes = new ArrayList<InspectNode>();
        int subsystemOffset = isBridge() ? -1 : 0x2C;
        nodes.add(text("slot", function.slot().isEmpty() ? "-" : function.slot(), function.deviceType()));
        nodes.add(text("IDs", "%04x:%04x".formatted(config.word(0), config.word(2)), "revision %02x"
                .formatted(config.octet(8))));
        if (subsystemOffset >= 0) {
            nodes.add(text("Subsystem", "%04x:%04x".formatted(config.word(0x2C), config.word(0x2E)), ""));
        }
        nodes.add(text("Class", "%06x".formatted(config.dword(8) >>> 8), ClassCodes.name(config.dword(8) >>> 8)));
        nodes.add(text("Control", "0x%04x".formatted(config.word(4)), Flags.of(config.word(4), "0:I/O", "1:Mem",
                "2:BusMaster", "6:ParErr", "8:SERR", "10:DisINTx")));
        nodes.add(text("Status", "0x%04x".formatted(config.word(6)), Flags.of(config.word(6), "4:Cap", "3:INTx",
                "11:>TAbort", "12:<TAbort", "13:<MAbort", "14:>SERR")));
        int pin = config.octet(0x3D);
        nodes.add(text("Interrupt", pin == 0 ? "no pin" : "pin " + "?ABCD".charAt(Math.min(4, pin)),
                pin == 0 ? "" : "line " + config.octet(0x3C)));
        if (isBridge()) {
            nodes.addAll(bridge());
        }
        for (PciFabric.BarMapping bar : function.bars()) {
            nodes.add(text("BAR" + bar.index(), bar.base() < 0 ? "disabled" : "0x%x".formatted(bar.base()),
                    "%s, size 0x%x".formatted(bar.kind(), bar.size())));
        }
        nodes.addAll(capabilities());
        nodes.addAll(extendedCapabilities());
        return InspectNode.group("%s  %s".formatted(function.address(), ClassCodes.name(config.dword(8) >>> 8)), nodes);
    }

    private boolean isBridge() {
        return (config.octet(0x0E) & 0x7F) == 1;
    }

    private List<InspectNode> bridge() {
        int memory = config.dword(0x20);
        int prefetchable = config.dword(0x24);
        long base = (memory & 0xFFF0L) << 16;
        long limit = memory & 0xFFF0_0000L | 0xFFFFF;
        long wideBase = (prefetchable & 0xFFF0L) << 16 | (long) config.dword(0x28) << 32;
        long wideLimit = prefetchable & 0xFFF0_0000L | 0xFFFFF | (long) config.dword(0x2C) << 32;
        return List.of(
                text("Buses", "%02x".formatted(config.octet(0x19)), "primary %02x, secondary %02x, subordinate %02x"
                        .formatted(config.octet(0x18), config.octet(0x19), config.octet(0x1A))),
                window("Memory window", base, limit),
                window("Prefetchable window", wideBase, wideLimit));
    }

    private static InspectNode window(String name, long base, long limit) {
        return base > limit ? text(name, "closed", "") : text(name, "0x%x".formatted(base), "to 0x%x".formatted(limit));
    }

    private List<InspectNode> capabilities() {
        var nodes = new ArrayList<InspectNode>();
        if ((config.word(6) & STATUS_CAPABILITIES) == 0) {
            return nodes;
        }
        var seen = new HashSet<Integer>();
        int offset = config.octet(0x34) & ~3;
        while (offset >= FIRST_CAPABILITY && seen.add(offset)) {
            nodes.add(new CapabilityDecoder(config).decode(offset));
            offset = config.octet(offset + 1) & ~3;
        }
        return nodes;
    }

    private List<InspectNode> extendedCapabilities() {
        var nodes = new ArrayList<InspectNode>();
        var seen = new HashSet<Integer>();
        int offset = FIRST_EXTENDED;
        while (offset >= FIRST_EXTENDED && seen.add(offset)) {
            int header = config.dword(offset);
            if (header == 0 || header == -1) {
                break;
            }
            nodes.add(new ExtendedCapabilityDecoder(config).decode(offset));
            offset = header >>> 20 & ~3;
        }
        return nodes;
    }

    private static InspectNode text(String name, String value, String note) {
        return new InspectNode(name, value, note, List.of());
    }
}
