package dev.backplane.vm.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.inspect.IommuInspection;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.vm.FakeGuest;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.CaptureReader;
import dev.backplane.vm.load.GuestBus;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The checks find what is wrong, no more and no less: an SMMU that answers from the capture itself, and spoiled ones.
 */
class VerificationTest {
    private static final long SMMU = 0x0905_0000L;
    private static final long EVENT_QUEUE = 0x5000_0000L;

    private final Capture shipped = CaptureReader.read(Path.of("src/main/capture"));
    private final Map<String, Capture.MappingRow> pages = new HashMap<>();
    private final Map<String, List<Long>> records = new HashMap<>();

    private Capture withoutMessages() {
        return new Capture(shipped.name(), shipped.machine(), shipped.smmus(), shipped.gic(), shipped.functions(),
                shipped.memory(), shipped.streams(), shipped.mappings(), shipped.oracle(), List.of(), shipped.trace(),
                List.of(), List.of());
    }

    private FakeGuest faithful() {
        for (Capture.MappingRow row : shipped.mappings()) {
            for (long page = 0; page < row.size(); page += 4096) {
                pages.put(row.streamId() + "/" + (row.iova() + page), row);
            }
        }
        for (Capture.OracleRow row : shipped.oracle()) {
            if (row.record() != null) {
                records.put(row.streamId() + "/" + row.iova() + "/" + row.write(), row.record());
            }
        }
        var guest = new FakeGuest(SMMU, this::answer);
        guest.words.put(SMMU + 0xA0, (int) EVENT_QUEUE | 3);
        guest.capability = type -> type == IommuInspection.class ? listing() : null;
        return guest;
    }

    private Translation answer(FakeGuest guest, int streamId, long iova, AccessKind access) {
        Capture.MappingRow row = pages.get(streamId + "/" + (iova & -4096));
        if (row != null && row.permission().contains(access.isRead() ? "r" : "w")) {
            return new Translation.Mapped(row.iova(), row.output(), row.size() - 1, row.permission().contains("r"),
                    row.permission().contains("w"), MemoryAttributes.INCOMING);
        }
        List<Long> record = records.get(streamId + "/" + iova + "/" + !access.isRead());
        if (record != null) {
            guest.event(record);
        }
        return Translation.Terminated.ABORT;
    }

    @SuppressWarnings("unchecked")
    private IommuInspection listing() {
        return (IommuInspection) Proxy.newProxyInstance(IommuInspection.class.getClassLoader(),
                new Class<?>[] {IommuInspection.class}, (self, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("mappings");
                    shipped.mappings().stream().filter(row -> row.streamId() == (Integer) arguments[0])
                            .forEach(row -> ((Consumer<IommuInspection.LeafMapping>) arguments[1]).accept(leaf(row)));
                    return true;
                });
    }

    private static IommuInspection.LeafMapping leaf(Capture.MappingRow row) {
        return new IommuInspection.LeafMapping(row.iova(), row.output(), row.size(), row.permission().contains("r"),
                row.permission().contains("w"), row.level(), row.asid(), row.vmid(), row.descriptorAddress(),
                row.descriptor());
    }

    @Test
    void aFaithfulSmmuAgreesInEveryRow() {
        Verification verification = Verification.run(faithful().board(), withoutMessages());
        assertThat(verification.differing()).as(verification.report()).isZero();
        assertThat(verification.tallies()).extracting(Tally::agreed).containsExactly(2017, 868, 1229, 2017, 0);
        assertThat(verification.report()).contains("1199 rows are not compared, they were not live at the freeze");
    }

    @Test
    void anSmmuThatDoesNotRunIsNotAsked() {
        FakeGuest guest = faithful();
        guest.running = false;
        assertThatThrownBy(() -> Verification.run(guest.board(), withoutMessages()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("slot smmu0 has no running IOMMU")
                .hasMessageContaining("board:why smmu0");
    }

    @Test
    void eachSpoiledAnswerIsCounted() {
        FakeGuest guest = faithful();
        Capture.MappingRow moved = shipped.mappings().get(700);
        pages.put(moved.streamId() + "/" + moved.iova(),
                new Capture.MappingRow(0, moved.smmu(), moved.streamId(), moved.iova(),
                moved.output() + 4096, moved.size(), moved.permission(), 3, 0, 0, 0, 0));
        Verification verification = Verification.run(guest.board(), withoutMessages());
        assertThat(verification.tallies().getFirst().differing()).isEqualTo(1);
        assertThat(verification.report()).contains("mappings line %d: smmu StreamID 0x%x READ 0x%x: expected 0x%x"
                .formatted(moved.line(), moved.streamId(), moved.iova(), moved.output()));
    }

    @Test
    void aWrongOrMissingOrSurplusEventIsADifference() {
        FakeGuest guest = faithful();
        var faults = shipped.oracle().stream().filter(row -> row.record() != null).limit(2).toList();
        Capture.OracleRow silent = shipped.oracle().stream().filter(row -> !row.mapped() && row.record() == null)
                .findFirst()
                .orElseThrow();
        var spoiled = new ArrayList<>(faults.get(0).record());
        spoiled.set(1, spoiled.get(1) ^ 1L << 35);
        records.put(key(faults.get(0)), spoiled);
        records.remove(key(faults.get(1)));
        records.put(key(silent), List.of(0x10L, 0L, 0L, 0L));
        assertThat(Verification.run(guest.board(), withoutMessages()).tallies().get(2).differing()).isEqualTo(3);
    }

    private static String key(Capture.OracleRow row) {
        return row.streamId() + "/" + row.iova() + "/" + row.write();
    }

    @ParameterizedTest(name = "{0}: {5}")
    @CsvSource(delimiter = '|', value = {
        "IPA keeps low bits          | 6 | 0x1234     | 13 28000000000 1234 1234 | 13 28000000000 1234 1000 | "
                + "stage2-ipa-low-bits",
        "IPA differs in high bits    | 6 | 0x1234     | 13 28000000000 1234 1234 | 13 28000000000 1234 2000 | differs",
        "stage 1 has no IPA          | 5 | 0x1234     | 13 28000000000 1234 1234 | 13 28000000000 1234 1000 | differs",
        "other type                  | 6 | 0x1234     | 13 28000000000 1234 1234 | 10 28000000000 1234 1000 | differs",
        "nested fetch, S2 and RnW    | 7 | 0x1234     | 10 10000000000 1234 5000 | 10 18800000000 1234 5000 | "
                + "nested-table-fetch",
        "nested fetch, TTRnW         | 7 | 0x1234     | 13 10000000000 1234 5000 | 13 118800000000 1234 5000 | "
                + "nested-table-fetch",
        "nested fetch, another class | 7 | 0x1234     | 10 20000000000 1234 5000 | 10 28800000000 1234 5000 | differs",
        "input beyond OAS            | 6 | 0x100000000000 | none                 | 10 28800000000 1234 5000 | "
                + "stage2-input-beyond-oas",
        "input beyond OAS, stage 1   | 5 | 0x100000000000 | none                 | 10 28800000000 1234 5000 | differs",
        "input within OAS            | 6 | 0xfffffffffff  | none                 | 10 28800000000 1234 5000 | differs",
    })
    void rulesExcuseTheirBehaviourAlone(
            String name, int config, String iova, String captured, String found, String expected) {
        var probe = new Capture.OracleRow(2, "smmu", 8, Long.decode(iova), false, false, 0, "", "F", record(captured));
        Tally tally = probe(config, probe, (guest, stream, address, access) -> {
            guest.event(record(found));
            return Translation.Terminated.ABORT;
        });
        assertThat(tally.differing()).isEqualTo(expected.equals("differs") ? 1 : 0);
        assertThat(tally.rules()).isEqualTo(expected.equals("differs") ? Map.of() : Map.of(expected, 1));
    }

    @ParameterizedTest
    @CsvSource({"7, r, nested-permission", "7, rw, agrees", "5, r, differs", "7, none, differs"})
    void aNestedPermissionMayOnlyBeLess(int config, String found, String expected) {
        var probe = new Capture.OracleRow(2, "smmu", 8, 0x1000, false, true, 0x9000, "rw", "", null);
        Tally tally = probe(config, probe, (guest, stream, address, access) -> found.equals("none")
                ? Translation.Terminated.ABORT
                : new Translation.Mapped(0x1000, 0x9000, 4095, found.contains("r"), found.contains("w"),
                        MemoryAttributes.INCOMING));
        String outcome = tally.differing() == 1 ? "differs"
                : tally.agreed() == 1 ? "agrees" : String.join(",", tally.rules().keySet());
        assertThat(outcome).isEqualTo(expected);
    }

    private Tally probe(int config, Capture.OracleRow row, FakeGuest.Decider decider) {
        var guest = new FakeGuest(SMMU, decider);
        guest.words.put(SMMU + 0xA0, (int) EVENT_QUEUE | 3);
        var capture = new Capture("one", shipped.machine(), shipped.smmus(), shipped.gic(), List.of(), shipped.memory(),
                List.of(new Capture.StreamImage("smmu", 8, config)), List.of(), List.of(row), List.of(), List.of(),
                        List.of(),
                List.of());
        return Verification.run(guest.board(), capture).tallies().get(2);
    }

    private static List<Long> record(String text) {
        return text.equals("none")
                ? null
                : Arrays.stream(text.split(" ")).map(word -> Long.parseUnsignedLong(word, 16)).toList();
    }

    @Test
    void theEventQueueIsConsumedAcrossItsWrap() {
        FakeGuest guest = faithful();
        var bus = new GuestBus(guest.board());
        var queue = new EventQueue(bus, shipped.smmus().getFirst());
        for (long i = 0; i < 40; i++) {
            guest.event(List.of(i, 1L, 2L, 3L));
            guest.event(List.of(i, 4L, 5L, 6L));
            assertThat(queue.take()).containsExactly(List.of(i, 1L, 2L, 3L), List.of(i, 4L, 5L, 6L));
            assertThat(queue.take()).isEmpty();
        }
    }
}
