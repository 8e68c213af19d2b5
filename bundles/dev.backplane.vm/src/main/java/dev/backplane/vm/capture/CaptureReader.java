package dev.backplane.vm.capture;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Reads the folder of a capture, whole, and checks its files against one another. */
public final class CaptureReader {
    private static final long RAM_BASE = 0x4000_0000L;
    private static final Pattern EVENT_RECORD = Pattern.compile("[0-9a-fA-F]{16}( [0-9a-fA-F]{16}){3}");
    private static final int CONFIG_NESTED = 7;
    private static final int STREAM_IDS = 0xFFFF;
    private static final List<String> PERMISSIONS = List.of("r", "w", "rw");
    private static final List<String> STATUSES = List.of("live-agree", "invalidated-then-same-mapping",
            "invalidated-and-unmapped", "invalidated-then-remapped-elsewhere");

    private static final List<String> ORACLE_COLUMNS =
            List.of("smmu", "sid", "iova", "access", "result", "pa", "perm", "event", "event_dwords");

    private final CaptureFolder folder;
    private final Set<String> smmus = new HashSet<>();

    private CaptureReader(Path path) {
        folder = new CaptureFolder(path);
    }

    /**
     * Reads a capture.
     *
     * @param path its folder
     * @throws IllegalArgumentException if there is no such folder, or ({@link CaptureException}) a file is missing,
     *     truncated or altered; the message names file and place
     */
    public static Capture read(Path path) {
        return new CaptureReader(path).read(path.toAbsolutePath().normalize().getFileName().toString());
    }

    private Capture read(String name) {
        var registers = new RegistersReader(
                CaptureFolder.text(RegistersReader.FILE, folder.required(RegistersReader.FILE)));
        List<Capture.SmmuImage> images = registers.smmus();
        images.forEach(image -> smmus.add(image.id()));
        Capture.GicImage gic = registers.gic();
        Capture.Machine machine = CommandLineReader.read(
                CaptureFolder.text(CommandLineReader.FILE, folder.required(CommandLineReader.FILE)),
                gic.redistributors().size());
        MemoryImage memory = MemoryReader.read(folder, RAM_BASE, machine.memory());
        var capture = new Capture(
                name,
                machine,
                images,
                gic,
                registers.functions(),
                memory,
                streams(memory),
                table("mappings.csv", List.of("smmu", "sid", "iova", "pa", "size", "perm", "level", "asid", "vmid",
                        "pte_addr", "pte"), this::mapping),
                table("oracle.csv", ORACLE_COLUMNS, this::probe),
                table("oracle-qemu-disagrees.csv", ORACLE_COLUMNS, this::probe),
                table("trace-sample.csv", List.of("smmu", "sid", "iova", "pa", "perm", "status_at_freeze"),
                        this::trace),
                table("msi.csv", List.of("smmu", "sid", "vector", "fn_enabled", "masked", "addr_iova", "data",
                        "addr_pa",
                        "lpi_intid", "target_rd"), this::msi),
                table("mmio-trace.csv", List.of("op", "offset", "size", "value"), CaptureReader::access));
        checkCommandHistory(capture);
        checkDescriptors(capture);
        return capture;
    }

    private <T> List<T> table(String name, List<String> columns, Function<Csv.Row, T> make) {
        return folder.bytes(name)
                .map(bytes -> Csv.read(name, CaptureFolder.text(name, bytes), columns, make))
                .orElse(List.of());
    }

    private List<Capture.StreamImage> streams(MemoryImage memory) {
        String file = "streams.json";
        var streams = new ArrayList<Capture.StreamImage>();
        folder.bytes(file).ifPresent(bytes -> {
            for (JsonField field : JsonField.parse(file, CaptureFolder.text(file, bytes)).list()) {
                JsonField id = field.field("smmu");
                if (!smmus.contains(id.text())) {
                    throw new CaptureException(file, id.path(), unknownSmmu(id.text()));
                }
                long address = field.field("ste_addr").number();
                for (JsonField word : field.field("ste_words").list()) {
                    Long stored = memory.word(address);
                    if (stored == null || stored != word.number()) {
                        throw new CaptureException(file, word.path(),
                                "0x%x, but the memory at 0x%x holds %s: one was altered"
                                .formatted(word.number(), address, stored == null ? "nothing" : "0x%x"
                                .formatted(stored)));
                    }
                    address += 8;
                }
                streams.add(new Capture.StreamImage(id.text(), field.field("sid").number(STREAM_IDS),
                        field.field("ste").field("Config").number(7)));
            }
        });
        return streams;
    }

    private String unknownSmmu(String id) {
        return "'%s': %s knows %s".formatted(id, RegistersReader.FILE, String.join(", ", smmus));
    }

    private String smmu(Csv.Row row) {
        String id = row.text("smmu");
        if (!smmus.contains(id)) {
            throw new CaptureException(row.file(), "line %d, column smmu".formatted(row.line()), unknownSmmu(id));
        }
        return id;
    }

    private Capture.MappingRow mapping(Csv.Row row) {
        long size = row.number("size");
        if (Long.bitCount(size) != 1) {
            throw row.refused("size", "a power of two");
        }
        if ((row.number("iova") & (size - 1)) != 0) {
            throw row.refused("iova", "a multiple of the size");
        }
        return new Capture.MappingRow(row.line(), smmu(row), row.number("sid", STREAM_IDS), row.number("iova"),
                row.number("pa"), size, row.word("perm", PERMISSIONS), row.number("level", 3),
                        row.optional("asid", 0xFFFF),
                row.optional("vmid", 0xFFFF), row.number("pte_addr"), row.number("pte"));
    }

    private Capture.OracleRow probe(Csv.Row row) {
        boolean mapped = row.word("result", List.of("ok", "fault")).equals("ok");
        List<Long> record = row.has("event_dwords") ? record(row) : null;
        return new Capture.OracleRow(row.line(), smmu(row), row.number("sid", STREAM_IDS), row.number("iova"),
                row.word("access", List.of("r", "w")).equals("w"), mapped, mapped ? row.number("pa") : 0,
                mapped ? row.word("perm", PERMISSIONS) : "", row.text("event"), record);
    }

    private static List<Long> record(Csv.Row row) {
        String text = row.text("event_dwords");
        if (!EVENT_RECORD.matcher(text).matches()) {
            throw row.refused("event_dwords", "four words of 16 hexadecimal digits");
        }
        return Arrays.stream(text.split(" ")).map(word -> Long.parseUnsignedLong(word, 16)).toList();
    }

    private Capture.TraceRow trace(Csv.Row row) {
        return new Capture.TraceRow(row.line(), smmu(row), row.number("sid", STREAM_IDS), row.number("iova"),
                row.number("pa"), row.word("perm", PERMISSIONS), row.word("status_at_freeze", STATUSES));
    }

    private Capture.MsiRow msi(Csv.Row row) {
        boolean enabled = row.number("fn_enabled", 1) == 1 && row.number("masked", 1) == 0;
        return new Capture.MsiRow(row.line(), smmu(row), row.number("sid", STREAM_IDS), row.number("vector", 2047),
                enabled,
                row.number("addr_iova"), row.number("data"), row.has("addr_pa") ? row.number("addr_pa") : -1,
                row.has("lpi_intid") ? row.number("lpi_intid", 1 << 24) : -1, row.optional("target_rd", 511));
    }

    private static Capture.RegisterAccess access(Csv.Row row) {
        int size = row.number("size", 8);
        if (size != 4 && size != 8) {
            throw row.refused("size", "4 or 8");
        }
        int offset = row.number("offset", 0x1FFFF);
        if (offset % size != 0) {
            throw row.refused("offset", "a multiple of the size");
        }
        return new Capture.RegisterAccess(row.line(), row.word("op", List.of("R", "W")).equals("W"), offset, size,
                row.number("value"));
    }

    /** A leaf of a stream with one stage stands in memory as the table of mappings has it. */
    private static void checkDescriptors(Capture capture) {
        for (Capture.MappingRow row : capture.mappings()) {
            boolean nested = capture.streamConfig(row.smmu(), row.streamId()).orElse(0) == CONFIG_NESTED;
            Long stored = capture.memory().word(row.descriptorAddress());
            if (!nested && (stored == null || stored != row.descriptor())) {
                throw new CaptureException("mappings.csv", "line %d, column pte".formatted(row.line()),
                        "0x%x, but the memory at 0x%x holds %s: one was altered".formatted(row.descriptor(),
                                row.descriptorAddress(), stored == null ? "nothing" : "0x%x".formatted(stored)));
            }
        }
    }

    /** Commands up to PROD were consumed: their queue must be in memory, or nothing can be replayed. */
    private static void checkCommandHistory(Capture capture) {
        for (Capture.SmmuImage smmu : capture.smmus()) {
            for (String queue : List.of("CMDQ", "EVENTQ")) {
                long base = smmu.register(queue + "_BASE") & 0x000F_FFFF_FFFF_FFE0L;
                if (smmu.register(queue + "_PROD") != 0 && capture.memory().word(base) == null) {
                    throw new CaptureException(MemoryReader.INDEX, "", "the page of %s of '%s' at 0x%x is missing"
                            .formatted(queue, smmu.id(), base));
                }
            }
        }
    }
}
