package dev.backplane.shell.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.inspect.InspectNode;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextTest {

    @Test
    void tableAlignsAndWrapsItsLastColumn() {
        var table = new Table(false, "slot", ">count", "reason")
                .row("smmu0", 7,
                "no bundle offers this device type, so the slot waits until one is installed and started")
                .row("gic", 12345, "-");
        assertThat(table.render()).isEqualTo("""
                slot   count  reason
                smmu0      7  no bundle offers this device type, so the slot waits until one is
                              installed and started
                gic    12345  -""");
    }

    @Test
    void tableRefusesARowOfAnotherWidth() {
        assertThatThrownBy(() -> new Table(false, "a", "b").row("1"))
                .hasMessage("1 cells in a table of 2 columns");
    }

    @Test
    void tableColoursDoNotShiftColumns() {
        String plain = new Table(false, "a", "b").paintedRow(Colour.RED, 0, "x", "y").render();
        String painted = new Table(true, "a", "b").paintedRow(Colour.RED, 0, "x", "y").render();
        assertThat(painted.replaceAll("\u001b\\[[0-9]+m", "")).isEqualTo(plain);
        assertThat(painted).contains("\u001b[31mx\u001b[0m");
    }

    @Test
    void drawsAnExplainedTranslation() {
        InspectNode tree = InspectNode.group("StreamID 0x8, read at 0xfffff040", List.of(
                InspectNode.hex("STRTAB_BASE", 0x43250000L).withNote("2-level, SPLIT 8"),
                new InspectNode("STE", "0x5b660200", "Config 0b101: stage 1", List.of(
                        InspectNode.hex("S1ContextPtr", 0x436c0000L),
                        InspectNode.number("S1CDMax", 0).withNote("one context descriptor"))),
                new InspectNode("walk", "", "", List.of(
                        InspectNode.hex("level 0", 0x43f00003L).withNote("table at 0x43f00000"),
                        InspectNode.hex("level 3", 0x60000008090f47L)
                                .withNote("page 0x8090000, Device-nGnRE, read and write, "
                                + "not global, accessed, execute never")))));
        assertThat(Tree.draw(tree)).isEqualTo("""
                StreamID 0x8, read at 0xfffff040
                ├─ STRTAB_BASE      0x43250000        2-level, SPLIT 8
                ├─ STE              0x5b660200        Config 0b101: stage 1
                │  ├─ S1ContextPtr  0x436c0000
                │  └─ S1CDMax       0                 one context descriptor
                └─ walk
                   ├─ level 0       0x43f00003        table at 0x43f00000
                   └─ level 3       0x60000008090f47  page 0x8090000, Device-nGnRE, read and
                                                      write, not global, accessed, execute never""");
    }

    @Test
    void drawsRegistersWithTheirFieldsBeside() {
        InspectNode registers = InspectNode.group("smmu0", List.of(
                new InspectNode("CR0", "0x0000000d", "+0x20",
                        List.of(InspectNode.hex("SMMUEN", 1), InspectNode.hex("CMDQEN", 1))),
                new InspectNode("EVENTQ_BASE", "0x400000005b80000f", "+0xa0",
                        List.of(InspectNode.hex("LOG2SIZE", 15)))));
        assertThat(Tree.drawRegisters(registers)).isEqualTo("""
                smmu0
                ├─ CR0          0x0000000d          +0x20  SMMUEN=0x1 CMDQEN=0x1
                └─ EVENTQ_BASE  0x400000005b80000f  +0xa0  LOG2SIZE=0xf""");
    }

    @Test
    void aLongValueTakesSeveralLines() {
        InspectNode tree = InspectNode.group("result", List.of(new InspectNode("F_PERMISSION",
                "0x0000000800000013 0x0000020000000000 0x00000000ff300000 0x0000000000000000", "recorded", List.of(
                        InspectNode.hex("StreamID", 8)))));
        assertThat(Tree.draw(tree)).isEqualTo("""
                result
                └─ F_PERMISSION  0x0000000800000013 0x0000020000000000 0x00000000ff300000
                   │             0x0000000000000000    recorded
                   └─ StreamID   0x8""");
    }

    @Test
    void noTreeIsWiderThanATerminal() {
        long seed = 20260101L;
        var random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            String drawn = Tree.draw(tree(random, 4));
            assertThat(drawn.lines()).as("seed %d, tree %d", seed, i)
                    .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        }
    }

    private static InspectNode tree(Random random, int depth) {
        var node = new InspectNode("n".repeat(1 + random.nextInt(20)), "0x12 ".repeat(random.nextInt(20)).strip(),
                "note ".repeat(random.nextInt(30)).strip(), List.of());
        for (int i = random.nextInt(4); depth > 0 && i > 0; i--) {
            node = node.with(tree(random, depth - 1));
        }
        return node;
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "10, 10", "0x10, 16", "0XfF, 255", "18446744073709551615, -1", "0xffffffffffffffff, -1"})
    void readsNumbers(String text, long value) {
        assertThat(Numbers.parse("number", text, -1L)).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0x", "-", "+1", "0x-1", "1e3", "12k", "0x10000000000000000", "18446744073709551616",
            " 1", "ff"})
    void refusesWhatIsNoNumber(String text) {
        assertThatThrownBy(() -> Numbers.parse("address", text, -1L))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("address '%s' is no number: type it in decimal or, with 0x, in hexadecimal"
                .formatted(text));
    }

    @ParameterizedTest
    @CsvSource({"-1, 255", "256, 255", "-0x1, 0xff", "0x100, 0xff", "99999999999, 255"})
    void tellsTheRangeInTheBaseThatWasTyped(String text, String last) {
        assertThatThrownBy(() -> Numbers.parse("value", text, 0xFF))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("value %s is out of range: expected 0 to %s".formatted(text, last));
    }

    @Test
    void aLongWordIsCutBehindAFullStop() {
        assertThat(Lines.wrap("dev.backplane.smmuv3.emulated 0.1.0 [11]", 22))
                .containsExactly("dev.backplane.smmuv3.", "emulated 0.1.0 [11]");
        assertThat(Lines.wrap("abcdefghij", 4)).containsExactly("abcd", "efgh", "ij");
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "4K, 4096", "1M, 1048576", "0x40, 64"})
    void readsLengths(String text, int bytes) {
        assertThat(Numbers.length(text, 1 << 20)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "2M", "1G", "1048577", "-5", "-1K", "18446744073709551615"})
    void refusesLengthsOutOfRange(String text) {
        assertThatThrownBy(() -> Numbers.length(text, 1 << 20))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("length %s is out of range: expected 1 to 1048576 bytes".formatted(text));
    }

    @ParameterizedTest
    @CsvSource({"smu0, 'smmu0'", "SMMU0, 'smmu0'", "nic, 'gic,nic0'", "its, 'its0'", "gci, 'gic'", "xyzzy, ''"})
    void suggestsWhatIsLikeIt(String typed, String expected) {
        assertThat(String.join(",", NearMiss.suggestions(typed, List.of("smmu0", "nic0", "its0", "gic"))))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"'', '', 0", "a, '', 1", "abc, acb, 1", "kitten, sitting, 3", "smmu0, smu0, 1"})
    void countsEdits(String a, String b, int distance) {
        assertThat(NearMiss.distance(a, b)).isEqualTo(distance);
        assertThat(NearMiss.distance(b, a)).isEqualTo(distance);
    }

    @Test
    void dumpsBytesAndFoldsEqualLines() {
        byte[] bytes = new byte[68];
        bytes[0] = 'A';
        bytes[67] = (byte) 0xFF;
        assertThat(HexDump.of(0x1000, bytes)).isEqualTo("""
                0000001000  41 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |A...............|
                0000001010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
                *
                0000001040  00 00 00 ff                                       |....|""");
    }

    @ParameterizedTest
    @CsvSource({"11223344, 4", "0x1122, 2", "11:22:33, 3", "'de ad', 2"})
    void readsBytes(String text, int count) {
        assertThat(HexDump.parse(text)).hasSize(count);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "zz", "0x"})
    void refusesWhatAreNoBytes(String text) {
        assertThatThrownBy(() -> HexDump.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
