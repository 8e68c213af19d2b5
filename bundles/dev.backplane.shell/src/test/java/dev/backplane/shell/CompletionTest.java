package dev.backplane.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.felix.gogo.jline.Shell;
import org.jline.builtins.Completers;
import org.jline.reader.Candidate;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a person gets who presses TAB: JLine's completer over a Gogo session, with our declarations. */
class CompletionTest {
    private final FakeBoard board = new FakeBoard("main")
            .slot("smmu0", "arm-smmuv3", new FakeSmmu("smmu0"))
            .slot("gic", "arm-gicv3")
            .slot("e1", "edu");
    private final GogoSession gogo = new GogoSession(board).interactive();

    @AfterEach
    void end() {
        gogo.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "board:why              | ''     | smmu0",
        "board:why              | ''     | gic",
        "board:plug             | e      | edu",
        "board:plug edu         | ''     | dma_mask=",
        "board:plug edu id=e1   | b      | bus=pcie.1",
        "board:swap             | e      | e1",
        "board:swap e1          | ''     | dma_mask=",
        "smmu:explain           | 0      | 0x8",
        "smmu:explain 0x8 0x0   | --     | --write",
        "smmu:events            | -      | --slot",
        "smmu:events --slot     | s      | smmu0",
        "msi:send               | ''     | 00:03.0",
        "pci:show               | ''     | 00:03.0",
        "board:use              | ''     | main",
    })
    void offers(String before, String word, String expected) throws Exception {
        assertThat(complete(before, word)).contains(expected);
    }

    @Test
    void everyCommandIsDeclared() throws Exception {
        gogo.run("board:list");
        assertThat(Shell.getCompletions(gogo.session).keySet()).containsAll(Commands.byName().keySet());
    }

    @Test
    void aSwapOffersThePropertiesOfItsOwnSlotAlone() throws Exception {
        assertThat(complete("board:swap gic", "")).isEmpty();
        assertThat(complete("board:swap e1", "")).doesNotContain("id=", "bus=pcie.0");
    }

    @Test
    void anEmptyProgramIsEnoughToDeclareThemAndPrintsNothing() throws Exception {
        assertThat(gogo.run("")).isEmpty();
        assertThat(Shell.getCompletions(gogo.session)).isNotEmpty();
    }

    @Test
    void offersNothingWithoutABoard() throws Exception {
        gogo.boards.clear();
        assertThat(complete("board:why", "")).isEmpty();
    }

    private List<String> complete(String before, String word) throws Exception {
        gogo.run("board:list");
        var words = new ArrayList<>(Arrays.asList(before.split(" ")));
        words.add(word);
        var candidates = new ArrayList<Candidate>();
        new Completers.Completer(new Environment()).complete(null, new Line(words), candidates);
        return candidates.stream().map(Candidate::value).toList();
    }

    private final class Environment implements Completers.CompletionEnvironment {
        @Override
        public Map<String, List<Completers.CompletionData>> getCompletions() {
            return Shell.getCompletions(gogo.session);
        }

        @Override
        public Set<String> getCommands() {
            return Shell.getCommands(gogo.session);
        }

        @Override
        public String resolveCommand(String command) {
            return Shell.resolve(gogo.session, command);
        }

        @Override
        public String commandName(String command) {
            return command;
        }

        @Override
        public Object evaluate(LineReader reader, ParsedLine line, String function) throws Exception {
            gogo.session.put(Shell.VAR_COMMAND_LINE, line);
            return gogo.session.execute(function);
        }
    }

    /** A line with the cursor at its end. Public, for Gogo calls it by reflection. */
    public record Line(List<String> words) implements ParsedLine {
        @Override
        public String word() {
            return words.getLast();
        }

        @Override
        public int wordCursor() {
            return word().length();
        }

        @Override
        public int wordIndex() {
            return words.size() - 1;
        }

        @Override
        public String line() {
            return String.join(" ", words);
        }

        @Override
        public int cursor() {
            return line().length();
        }
    }
}
