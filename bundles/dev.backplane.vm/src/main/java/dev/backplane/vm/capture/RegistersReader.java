package dev.backplane.vm.capture;

import dev.backplane.pci.Bdf;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads {@code registers.json}: SMMUs, interrupt controller, PCI functions. */
final class RegistersReader {
    static final String FILE = "registers.json";
    private static final String RAW = "raw_0x000_0x11f";
    private static final int CONFIG_BYTES = 256;

    private final JsonField root;

    RegistersReader(String text) {
        root = JsonField.parse(FILE, text);
    }

    List<Capture.SmmuImage> smmus() {
        var smmus = new ArrayList<Capture.SmmuImage>();
        var ids = new HashSet<String>();
        for (JsonField field : root.field("smmus").list()) {
            String id = field.field("id").text();
            if (!ids.add(id)) {
                throw new CaptureException(FILE, field.path() + ".id", "'%s' is there twice".formatted(id));
            }
            var smmu = new Capture.SmmuImage(id, field.field("base").number(),
                    registers(field.field("regs"), List.of()));
            for (SmmuRegister register : SmmuRegister.values()) {
                if (!smmu.registers().containsKey(register.name())) {
                    throw new CaptureException(FILE, field.path() + ".regs." + register, "missing");
                }
            }
            field.find("extra").flatMap(extra -> extra.find(RAW)).ifPresent(raw -> checkRaw(smmu, raw));
            smmus.add(smmu);
        }
        if (smmus.isEmpty()) {
            throw new CaptureException(FILE, "smmus", "empty; expected one SMMU or more");
        }
        return smmus;
    }

    /** The same registers were captured twice, by name and as words: a difference means that somebody altered one. */
    private static void checkRaw(Capture.SmmuImage smmu, JsonField raw) {
        List<JsonField> words = raw.list();
        for (SmmuRegister register : SmmuRegister.values()) {
            int index = register.offset() / 4;
            boolean covered = register.offset() < SmmuRegister.PAGE_1 && index + register.bytes() / 4 <= words.size();
            if (!covered) {
                continue;
            }
            long value = words.get(index).number() & 0xFFFF_FFFFL;
            if (register.bytes() == 8) {
                value |= words.get(index + 1).number() << 32;
            }
            if (value != smmu.register(register.name())) {
                throw new CaptureException(FILE, words.get(index).path(),
                        "0x%x, but regs.%s of '%s' is 0x%x: one was altered"
                        .formatted(value, register, smmu.id(), smmu.register(register.name())));
            }
        }
    }

    Capture.GicImage gic() {
        JsonField gic = root.field("gic");
        var redistributors = new ArrayList<Capture.Block>();
        for (JsonField field : gic.field("GICR").list()) {
            redistributors.add(block(field, List.of("GICR_CTLR", "GICR_PROPBASER", "GICR_PENDBASER")));
        }
        if (redistributors.isEmpty()) {
            throw new CaptureException(FILE, "gic.GICR", "empty; expected one redistributor for each processor");
        }
        Optional<Capture.Block> its = gic.find("ITS")
                .map(field -> block(field, List.of("GITS_CTLR", "GITS_CBASER", "GITS_CWRITER")));
        return new Capture.GicImage(block(gic.field("GICD"), List.of("GICD_CTLR")), redistributors, its);
    }

    private static Capture.Block block(JsonField field, List<String> needed) {
        for (String name : needed) {
            field.field(name);
        }
        return new Capture.Block(field.field("base").number(), registers(field, List.of("base")));
    }

    private static Map<String, Long> registers(JsonField field, List<String> except) {
        var registers = new LinkedHashMap<String, Long>();
        for (String name : field.names()) {
            if (!except.contains(name)) {
                registers.put(name, field.field(name).number());
            }
        }
        return registers;
    }

    List<FunctionImage> functions() {
        var functions = new ArrayList<FunctionImage>();
        for (JsonField field : root.field("pci").list()) {
            JsonField place = field.field("bdf");
            Bdf address;
            try {
                address = Bdf.parse(place.text());
            } catch (IllegalArgumentException e) {
                throw new CaptureException(FILE, place.path(), e.getMessage());
            }
            JsonField hex = field.field("config256");
            byte[] config;
            try {
                config = HexFormat.of().parseHex(hex.text());
            } catch (IllegalArgumentException e) {
                throw new CaptureException(FILE, hex.path(), "no hexadecimal bytes: " + e.getMessage());
            }
            int vendor = field.field("vendor").number(0xFFFF);
            int device = field.field("device").number(0xFFFF);
            var function = config.length == CONFIG_BYTES ? new FunctionImage(address, vendor, device, config) : null;
            if (function == null || function.dword(0) != (device << 16 | vendor)) {
                throw new CaptureException(FILE, hex.path(), "expected %d bytes that begin with the IDs %04x:%04x"
                        .formatted(CONFIG_BYTES, vendor, device));
            }
            functions.add(function);
        }
        functions.sort(Comparator.comparing(FunctionImage::address));
        return functions;
    }
}
