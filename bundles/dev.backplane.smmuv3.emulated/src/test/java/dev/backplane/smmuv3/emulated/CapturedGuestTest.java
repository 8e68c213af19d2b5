package dev.backplane.smmuv3.emulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.IommuInspection.LeafMapping;
import dev.backplane.inspect.IommuInspection.Outcome;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CapturedGuestTest {
    private static TestBoard board;

    @BeforeAll
    static void load() throws Exception {
        board = Capture.board();
    }

    @Test
    void everyMappingOfTheGuestIsFoundInTheTablesAndNoOther() throws Exception {
        var expected = new ArrayList<String>();
        var streams = new TreeSet<Integer>();
        for (String[] row : Capture.rows("mappings.csv.gz", 1)) {
            streams.add(Integer.decode(row[1]));
            expected.add(String.join(",", Arrays.copyOfRange(row, 1, 11)));
        }
        var found = new ArrayList<String>();
        for (int stream : streams) {
            board.smmu.mappings(stream, mapping -> found.add(row(stream, mapping)));
        }
        assertThat(found).hasSize(3047).containsExactlyInAnyOrderElementsOf(normalized(expected));
        assertThat(board.smmu.streams()).containsAll(streams);
    }

    private static List<String> normalized(List<String> rows) {
        return rows.stream()
                .map(row -> {
                    String[] cells = row.split(",");
                    return Arrays.stream(cells)
                            .map(cell -> cell.startsWith("0x")
                                    ? "0x" + Long.toHexString(Long.parseUnsignedLong(cell.substring(2), 16))
                                    : cell)
                            .collect(Collectors.joining(","));
                })
                .toList();
    }

    private static String row(int stream, LeafMapping mapping) {
        return "0x%x,0x%x,0x%x,0x%x,%s,%d,%d,%d,0x%x,0x%x".formatted(
                stream, mapping.iova(), mapping.output(), mapping.size(),
                (mapping.readable() ? "r" : "") + (mapping.writable() ? "w" : ""), mapping.level(), mapping.asid(),
                mapping.vmid(), mapping.descriptorAddress(), mapping.descriptor());
    }

    @Test
    void everyTranslationThatWasAskedOfTheGuestsMachineEndsAlike() throws Exception {
        var differences = new ArrayList<String>();
        int events = 0;
        board.write(0xAC, 4, board.read(0xA8, 4));
        for (String[] row : Capture.rows("oracle.csv.gz", 1)) {
            int stream = Integer.decode(row[1]);
            long iova = Long.parseUnsignedLong(row[2].substring(2), 16);
            AccessKind access = row[3].equals("r") ? AccessKind.READ : AccessKind.WRITE;
            var attributes = TransactionAttributes.ofRequester(stream);
            long before = board.read(0x100A8, 4);
            String expected = row[4].equals("ok") ? row[5] : "fault " + row[9];
            String actual = describe(board.space().translate(board.context(), attributes, iova, access), iova, before);
            if (!actual.equals(expected.strip())) {
                differences.add("%s: %s".formatted(String.join(",", row), actual));
            }
            Outcome explained = board.smmu.explain(attributes, iova, access).outcome();
            assertThat(explained instanceof Outcome.Mapped).isEqualTo(row[4].equals("ok"));
            if (board.read(0x100A8, 4) != before) {
                events++;
                board.write(0x100AC, 4, board.read(0x100A8, 4));
            }
        }
        assertThat(differences.stream().limit(10)).isEmpty();
        assertThat(events).isEqualTo(760 + 319);
    }

    private static String describe(Translation translation, long iova, long before) {
        if (translation instanceof Translation.Mapped mapped) {
            return "0x%x".formatted(mapped.apply(iova));
        }
        if (board.read(0x100A8, 4) == before) {
            return "fault";
        }
        long entry = 0x5b80_0000L + 32 * (before & 0x7FFF);
        return "fault %016x %016x %016x %016x".formatted(
                board.memory.get(entry), board.memory.get(entry + 8), board.memory.get(entry + 16),
                board.memory.get(entry + 24));
    }

    @Test
    void anExplanationDrawsTheWholeWay() {
        InspectNode tree = board.smmu
                .explain(TransactionAttributes.ofRequester(8), 0xffff_f040L, AccessKind.WRITE)
                .tree();
        assertThat(tree.child("STRTAB_BASE").note()).isEqualTo("two levels, SPLIT 8, 2^16 StreamIDs");
        assertThat(tree.child("stream table").child("L1STD[0x0]").child("Span").note())
                .isEqualTo("level-2 table of 256 STEs");
        InspectNode entry = tree.child("stream table").child("STE[0x8]");
        assertThat(entry.child("Config").note()).isEqualTo("stage 1 translates, stage 2 bypassed");
        InspectNode descriptor = tree.child("context descriptor").child("CD[0x0]");
        assertThat(descriptor.child("T0SZ").note()).isEqualTo("TTB0 translates 48 bits");
        assertThat(descriptor.child("IPS").note()).isEqualTo("outputs of 44 bits");
        InspectNode walk = tree.child("stage 1");
        assertThat(walk.children().stream().map(InspectNode::name))
                .containsExactly("level 0", "level 1", "level 2", "level 3");
        assertThat(walk.child("level 3").note()).startsWith("page, entry 0x1ff at 0x");
        assertThat(walk.child("level 3").child("AttrIndx").note()).contains("Device-nGnRE");
        assertThat(tree.child("result").value()).isEqualTo("0x8090040");
    }

    @Test
    void anExplainedFaultEndsWithItsRecord() {
        InspectNode tree = board.smmu
                .explain(TransactionAttributes.ofRequester(8), 0x1000, AccessKind.READ)
                .tree();
        InspectNode result = tree.child("result");
        assertThat(result.value()).isEqualTo("aborts");
        InspectNode event = result.child("F_TRANSLATION");
        assertThat(event.note()).isEqualTo("recorded");
        assertThat(event.child("InputAddr").value()).isEqualTo("0x1000");
        assertThat(event.child("CLASS").note()).isEqualTo("IN: on the input address");
    }

    @Test
    void theDriversCommandsAreShown() {
        List<InspectNode> commands = board.smmu.commands();
        assertThat(commands).hasSize(64);
        assertThat(commands.getFirst().name()).as("newest first").isEqualTo("SYNC");
        assertThat(board.smmu.statistics().child("commands").child("SYNC").value()).isEqualTo("1881");
        assertThat(board.smmu.inspect().child("registers").child("CR0").child("SMMUEN").value()).isEqualTo("0x1");
    }
}
