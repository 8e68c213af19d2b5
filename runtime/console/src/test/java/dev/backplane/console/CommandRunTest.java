package dev.backplane.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.CommandProxy;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CommandRunTest {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
    private final ThreadIOImpl streams = new ThreadIOImpl();
    private final CommandProcessorImpl processor = new CommandProcessorImpl(streams);
    private final CommandRun run = new CommandRun(processor, print(out), print(errors));

    @BeforeEach
    void registerCommands() {
        streams.start();
        Sample sample = new Sample();
        for (String name : List.of("say", "refuse", "crash")) {
            add("sample", name, sample);
        }
        for (String name : List.of("help", "exit", "quit", "source")) {
            add("console", name, new ConsoleCommands());
        }
    }

    @AfterEach
    void giveStreamsBack() {
        streams.stop();
    }

    @Test
    void printsTheResultOfEachStatement() {
        assertThat(run.all("say one; say two\nsay three")).isZero();
        assertThat(text(out)).isEqualTo("one\ntwo\nthree\n");
        assertThat(text(errors)).isEmpty();
    }

    @Test
    void stopsAtTheFirstFailureWithItsMessage() {
        assertThat(run.all("say one; refuse x; say two")).isEqualTo(1);
        assertThat(text(out)).isEqualTo("one\n");
        assertThat(text(errors)).isEqualTo("no slot 'x'\n");
    }

    @Test
    void namesTheTypeOfAnUnexpectedFailure() {
        assertThat(run.all("crash")).isEqualTo(1);
        assertThat(text(errors)).isEqualTo("UnsupportedOperationException: boom\n");
    }

    @Test
    void namesAnUnknownCommand() {
        assertThat(run.all("nope 1 2")).isEqualTo(1);
        assertThat(text(errors)).contains("no command 'nope'");
    }

    @Test
    void saysHowACommandIsUsedThatIsGivenTooManyArguments() {
        assertThat(run.all("sample:say one two")).isEqualTo(1);
        assertThat(text(errors)).isEqualTo("wrong arguments for sample:say: expected sample:say [--loud] TEXT; "
                + "'help sample:say' explains them\n");
    }

    @Test
    void saysHowACommandIsUsedThatIsGivenTooFewArgumentsBehindAPipeAndWithoutItsScope() {
        assertThat(run.all("say one | refuse")).isEqualTo(1);
        assertThat(text(errors)).startsWith("wrong arguments for sample:refuse: expected sample:refuse SLOT; ");
    }

    @Test
    void namesTheCommandOfTheScopeThatWasTyped() {
        add("other", "say", new Sample());
        assertThat(run.all("sample:say")).isEqualTo(1);
        assertThat(text(errors)).startsWith("wrong arguments for sample:say: ");
    }

    @Test
    void namesEachWayToUseACommand() {
        assertThat(run.all("exit soon")).isEqualTo(1);
        assertThat(text(errors)).contains("expected console:exit, or console:exit STATUS; 'help console:exit'");
    }

    @Test
    void findsTextWithoutColoursWhereThereIsNoTerminal() {
        add("gogo", "grep", new TextTools(processor));
        assertThat(run.all("say one | grep on; say one | grep --color=always one")).isZero();
        assertThat(text(out)).startsWith("one\n").contains("\u001b[");
    }

    @Test
    void showsAllPagesAtOnceWhereThereIsNoTerminal() {
        add("gogo", "less", new TextTools(processor));
        assertThat(run.all("say one | less -N")).isZero();
        assertThat(text(out)).isEqualTo("one\n");
    }

    @Test
    void namesCommandsThatAreLikeAnUnknownOne() {
        assertThat(run.all("sample:refus x")).isEqualTo(1);
        assertThat(run.all("hlep")).isEqualTo(1);
        assertThat(run.all("sourc")).isEqualTo(1);
        assertThat(text(errors).lines()).containsExactly(
                "no command 'sample:refus'; did you mean sample:refuse? 'help' lists the commands",
                "no command 'hlep'; did you mean console:help? 'help' lists the commands",
                "no command 'sourc'; did you mean console:source? 'help' lists the commands");
    }

    @Test
    void leavesWithTheStatusOfExit() {
        assertThat(run.all("say one; exit 7; say two")).isEqualTo(7);
        assertThat(text(out)).isEqualTo("one\n");
    }

    @Test
    void refusesAnExitStatusThatNoProcessHas() {
        assertThat(run.all("exit 256")).isEqualTo(1);
        assertThat(text(errors)).contains("exit status 256 is not within 0 to 255");
    }

    @Test
    void goesOnAfterAFailureOnAPipeAndAnswersTheLastStatus() throws IOException {
        assertThat(lines("say one\nrefuse x\nsay two\n")).isZero();
        assertThat(text(out)).isEqualTo("one\ntwo\n");
        assertThat(lines("say one\nrefuse x")).isEqualTo(1);
    }

    @Test
    void waitsForTheEndOfAProgramOfSeveralLines() throws IOException {
        assertThat(lines("twice = {\n say $1\n say $1\n}\nsay now\n")).isZero();
        assertThat(text(out)).endsWith("now\n");
    }

    @Test
    void helpShowsDescriptionsWithinEightyColumns() {
        assertThat(run.all("help; help sample; help sample:say")).isZero();
        assertThat(text(out))
                .contains("sample    crash  refuse  say")
                .contains("sample:say     answers what it is told")
                .contains("sample:say [--loud] TEXT")
                .contains("--loud  in capitals");
        assertThat(text(out).lines()).allMatch(line -> line.length() <= 80);
    }

    @Test
    void helpTakesAScopeAsCompletionLeavesIt() {
        assertThat(run.all("help sample:")).isZero();
        assertThat(text(out)).contains("sample:say     answers what it is told");
    }

    @Test
    void helpRefusesAnUnknownName() {
        assertThat(run.all("help nope")).isEqualTo(1);
        assertThat(text(errors)).contains("no command or scope 'nope'");
    }

    private int lines(String text) throws IOException {
        return run.lines(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    private void add(String scope, String name, Object target) {
        processor.addCommand(scope, new CommandProxy(target, name), name);
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** Commands as a bundle would bring them. */
    public static final class Sample {

        /** {@return its argument} */
        @Descriptor("answers what it is told")
        public String say(
                @Descriptor("in capitals") @Parameter(names = "--loud", presentValue = "true", absentValue = "false")
                        boolean loud,
                @Descriptor("what to say") String text) {
            return loud ? text.toUpperCase(java.util.Locale.ROOT) : text;
        }

        /** Refuses its argument. */
        public void refuse(String slot) {
            throw new IllegalArgumentException("no slot '" + slot + "'");
        }

        /** Fails as a defect would. */
        public void crash() {
            throw new UnsupportedOperationException("boom");
        }
    }
}
