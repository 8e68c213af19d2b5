package dev.backplane.smmuv3.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.inspect.IommuInspection.LeafMapping;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.EventType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tables of real Linux guests: what an independent walker listed from them, and what another model answered for
 * thousands of addresses. Where that model departs from the architecture the row is set aside by a named rule.
 */
class CaptureTest {
    private static final long OUTPUT_SIZE = 1L << 44;

    private final TestContext context = new TestContext();
    private final SparseMemory memory = new SparseMemory();
    private final List<SmmuEvent> events = new ArrayList<>();

    @ParameterizedTest
    @ValueSource(strings = {"linux-4k", "linux-stage2"})
    void listsExactlyTheMappingsOfTheCapture(String capture) throws IOException {
        loadMemory(capture);
        for (var smmu : registers(capture).entrySet()) {
            SmmuTranslator translator = translator(smmu.getValue());
            List<String> expected = new ArrayList<>();
            var streams = new TreeSet<Integer>();
            for (String[] row : rows(capture, "mappings.csv.gz")) {
                if (row[0].equals(smmu.getKey())) {
                    streams.add(Integer.decode(row[1]));
                    expected.add("%d %x %x %x %s %s %s %s %x %x".formatted(
                            Integer.decode(row[1]), hex(row[2]), hex(row[3]), hex(row[4]), row[5], row[6],
                            row[7].isEmpty() ? "0" : row[7], row[8], hex(row[9]), hex(row[10])));
                }
            }
            List<String> listed = new ArrayList<>();
            for (int stream : streams) {
                translator.leafMappings(context, stream, TransactionAttributes.NO_SUBSTREAM,
                        leaf -> listed.add(stream + " " + render(leaf)));
            }
            assertThat(listed).isNotEmpty().containsExactlyInAnyOrderElementsOf(expected);
            List<Integer> valid = new ArrayList<>();
            translator.streams(context, valid::add);
            assertThat(valid).isSorted().containsAll(streams);
        }
    }

    private static String render(LeafMapping leaf) {
        String permission = (leaf.readable() ? "r" : "") + (leaf.writable() ? "w" : "");
        return "%x %x %x %s %d %d %d %x %x".formatted(
                leaf.iova(), leaf.output(), leaf.size(), permission, leaf.level(), leaf.asid(), leaf.vmid(),
                leaf.descriptorAddress(), leaf.descriptor());
    }

    @ParameterizedTest
    @ValueSource(strings = {"linux-4k", "linux-stage2", "linux-faults"})
    void answersEveryRowOfTheOracle(String capture) throws IOException {
        loadMemory(capture);
        Map<String, Map<String, Long>> registers = registers(capture);
        Map<String, SmmuTranslator> translators = new HashMap<>();
        registers.forEach((name, values) -> translators.put(name, translator(values)));
        List<String> differing = new ArrayList<>();
        int beyondInput = 0;
        for (String[] row : rows(capture, "oracle.csv.gz")) {
            SmmuTranslator translator = translators.get(row[0]);
            if (translator == null) {
                continue;
            }
            // The same question twice: the second answer comes from the TLB where there is one.
            for (int i = 0; i < 2; i++) {
                events.clear();
                long iova = Long.parseUnsignedLong(row[2].substring(2), 16);
                AccessKind access = row[3].equals("r") ? AccessKind.READ : AccessKind.WRITE;
                Translation answer = translator.translate(
                        context, TransactionAttributes.ofRequester(Integer.decode(row[1])), iova, access);
                if (isBeyondInput(answer, iova, row)) {
                    beyondInput++;
                } else if (!agrees(answer, iova, access, row)) {
                    differing.add(String.join(",", row) + " -> " + answer + " " + events);
                }
            }
        }
        assertThat(differing).isEmpty();
        if (!capture.equals("linux-stage2")) {
            assertThat(beyondInput).isZero();
        }
    }

    /**
     * Stage 2 alone, input address of 2^44 or more: F_ADDR_SIZE of stage 1 is recorded (IHI 0070 section 3.4); the
     * other model aborts without a record.
     */
    private boolean isBeyondInput(Translation answer, long iova, String[] row) {
        return row[4].equals("fault") && row[8].isEmpty() && Long.compareUnsigned(iova, OUTPUT_SIZE) >= 0
                && answer == Translation.Terminated.ABORT && events.size() == 1
                && events.getFirst().type() == EventType.F_ADDR_SIZE && !events.getFirst().stage2();
    }

    private boolean agrees(Translation answer, long iova, AccessKind access, String[] row) {
        if (row[4].equals("ok")) {
            return events.isEmpty() && answer instanceof Translation.Mapped mapped && mapped.allows(access)
                    && mapped.apply(iova) == hex(row[5]) && mapped.mask() >= hex(row[6])
                    && mapped.readable() == row[7].contains("r") && mapped.writable() == row[7].contains("w");
        }
        if (answer != Translation.Terminated.ABORT) {
            return false;
        }
        if (row[8].isEmpty()) {
            return events.isEmpty();
        }
        return events.size() == 1 && render(events.getFirst().encode()).equals(withoutLowIpaBits(row[9]));
    }

    private static String render(long[] words) {
        return "%016x %016x %016x %016x".formatted(words[0], words[1], words[2], words[3]);
    }

    /** The IPA field is [51:12] (section 7.3.13); the other model also fills the bits below. */
    private static String withoutLowIpaBits(String words) {
        String[] split = words.split(" ");
        split[3] = "%016x".formatted(Long.parseUnsignedLong(split[3], 16) & ~0xFFFL);
        return String.join(" ", split);
    }

    private SmmuTranslator translator(Map<String, Long> registers) {
        var capabilities = SmmuCapabilities.ofIdRegisters(
                registers.get("IDR0").intValue(), registers.get("IDR1").intValue(), registers.get("IDR3").intValue(),
                registers.get("IDR5").intValue());
        var translator = new SmmuTranslator(capabilities, memory, (_, event) -> events.add(event));
        int table = registers.get("STRTAB_BASE_CFG").intValue();
        translator.configure(new SmmuConfiguration(
                (registers.get("CR0") & 1) != 0,
                registers.get("GBPA").intValue(),
                registers.get("STRTAB_BASE") & 0x00FF_FFFF_FFFF_FFC0L,
                table & 0x3F,
                table >>> 6 & 0x1F,
                (table >>> 16 & 3) == 1,
                (registers.get("CR2") & 2) != 0));
        return translator;
    }

    private void loadMemory(String capture) throws IOException {
        ByteBuffer bytes;
        try (InputStream in = new GZIPInputStream(open(capture, "memory.bin.gz"))) {
            bytes = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
        }
        for (String[] row : csv(open(capture, "memory.idx"))) {
            long gpa = hex(row[0]);
            int offset = Integer.parseInt(row[1]);
            memory.back(gpa);
            for (int i = 0; offset >= 0 && i < 4096; i += 8) {
                memory.store(gpa + i, bytes.getLong(offset + i));
            }
        }
    }

    private static Map<String, Map<String, Long>> registers(String capture) throws IOException {
        Map<String, Map<String, Long>> all = new HashMap<>();
        for (String[] row : csv(open(capture, "registers.csv"))) {
            all.computeIfAbsent(row[0], _ -> new HashMap<>()).put(row[1], hex(row[2]));
        }
        return all;
    }

    private static List<String[]> rows(String capture, String file) throws IOException {
        return csv(new GZIPInputStream(open(capture, file)));
    }

    private static List<String[]> csv(InputStream in) throws IOException {
        try (in) {
            List<String[]> rows = new ArrayList<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                rows.add(line.split(",", -1));
            }
            return rows.subList(1, rows.size());
        }
    }

    private static InputStream open(String capture, String file) throws IOException {
        InputStream in = CaptureTest.class.getResourceAsStream("/captures/%s/%s".formatted(capture, file));
        assertThat(in).as("%s of capture %s", file, capture).isNotNull();
        return in;
    }

    private static long hex(String text) {
        return Long.parseUnsignedLong(text.substring(2), 16);
    }
}
