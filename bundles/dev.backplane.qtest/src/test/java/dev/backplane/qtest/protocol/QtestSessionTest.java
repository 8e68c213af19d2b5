package dev.backplane.qtest.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.backplane.board.Slot;
import dev.backplane.qtest.fake.FakeBoard;
import dev.backplane.qtest.fake.FakeProviders;
import dev.backplane.qtest.fake.FakeRun;
import dev.backplane.qtest.fake.ScriptedChannel;
import dev.backplane.qtest.qom.QomTree;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QtestSessionTest {
    private static final String GIC = "/machine/unattached/device[1]";
    private static final String SMMU = "/machine/unattached/device[2]";

    private final FakeBoard board = new FakeBoard();
    private final FakeProviders providers = new FakeProviders();
    private final List<String> complaints = new ArrayList<>();

    private List<String> serve(ScriptedChannel channel) throws Exception {
        QomTree tree = new FakeRun(board, "").tree();
        new QtestServer(
                        Optional.of(board), tree::slot, (prefix, name) -> providers.startModule(prefix + name),
                        () -> complaints,
                        Optional.empty())
                .serve(channel);
        return channel.answers();
    }

    private List<String> answers(String... lines) throws Exception {
        return serve(ScriptedChannel.lines(lines));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "endianness | OK little",
        "readb 0x40000000 | OK 0x0000000000000000",
        "writel 0x40000000 0x11223344 | OK",
        "readl 0x9050004 | OK 0x0000000000000004",
        "readq 0x9060000 | OK 0x0000000000000007",
        "readl 0x50000000 | OK 0x0000000000000000",
        "readl 0x10000000 | OK 0x00000000ffffffff",
        "readw 0x3eff0010 | OK 0x000000000000ffff",
        "inb 0x10 | OK 0x00ff",
        "inw 0x10 | OK 0xffff",
        "inl 0x10 | OK 0xffffffff",
        "outl 0x10 5 | OK",
        "inb 0x10000 | FAIL I/O port 0x10000 is out of range: expected 0x0 to 0xffff",
        "read 0x40000000 4 | OK 0x00000000",
        "read 0x40000000 0 | FAIL read: length 0x0 is out of range: expected 0x1 to 0x10000000",
        "write 0x40000000 4 0x01 | OK",
        "write 0x40000000 4 0x | ERR invalid argument size",
        "write 0x40000000 4 0xzz | FAIL write: data holds something that is no hexadecimal digit",
        "memset 0x40000000 0 5 | OK",
        "memset 0x40000000 16 0xff | OK",
        "b64read 0x40000000 3 | OK AAAA",
        "b64write 0x40000000 3 AQID | OK",
        "b64write 0x40000000 3 !! | FAIL b64write: data is no base64: Illegal base64 character 21",
        "clock_step 100 | OK 100",
        "clock_step 0 | FAIL 0",
        "clock_set 7 | OK 7",
        "clock_step | FAIL cannot advance clock to the next deadline because there is no pending deadline",
        "irq_intercept_in /machine/nowhere | FAIL Unknown device /machine/nowhere",
        "irq_intercept_in /machine/unattached/device[1] named | FAIL named inputs cannot be intercepted",
        "module_load hw- edu | OK",
        "module_load hw- nonsense | FAIL no module hw-nonsense",
        "nonsense | FAIL Unknown command 'nonsense'",
        "readl | FAIL readl: argument 1 is missing",
        "readl zero | FAIL readl: 'zero' is no 64-bit number",
        "readl 0x1ffffffffffffffff | FAIL readl: '0x1ffffffffffffffff' is no 64-bit number",
    })
    void eachCommandHasItsReply(String command, String reply) throws Exception {
        assertThat(answers(command)).containsExactly(reply);
    }

    @Test
    void commentsAndBlankLinesHaveNoReply() throws Exception {
        assertThat(answers("# readl", "", "   ", "endianness")).containsExactly("OK little");
    }

    @Test
    void numbersAreReadAsStrtoulDoes() throws Exception {
        assertThat(answers("writel 0x40000000 010", "readl 1073741824", "writeq 0x40000000 -1", "readq 0x40000000"))
                .containsExactly("OK", "OK 0x0000000000000008", "OK", "OK 0xffffffffffffffff");
    }

    @Test
    void whatIsWrittenIsReadInEveryForm() throws Exception {
        assertThat(answers(
                        "writeb 0x40000000 0x11",
                        "writew 0x40000002 0x2233",
                        "writel 0x40000004 0x44556677",
                        "writeq 0x40000008 0x8899aabbccddeeff",
                        "read 0x40000000 16",
                        "b64read 0x40000001 5"))
                .endsWith("OK 0x1100332277665544ffeeddccbbaa9988", "OK ADMid2Y=");
    }

    @Test
    void aBlockOfTheSizeOfAScalarIsOneAccess() throws Exception {
        answers("read 0x9050010 4", "write 0x9050020 8 0x0102030405060708", "readb 0x9050001");
        assertThat(board.accesses)
                .containsExactly("read4 0x9050010", "write8 0x9050020 0x807060504030201", "read1 0x9050001");
    }

    @Test
    void aBlockReachesAllThatAnswers() throws Exception {
        assertThat(answers("read 0x400ffff8 16")).containsExactly("OK 0x" + "00".repeat(16));
        assertThat(answers("read 0x0ffffffc 8")).containsExactly("OK 0x00000000ffffffff");
    }

    @Test
    void longDataPassesInPieces() throws Exception {
        int length = 300_000;
        assertThat(answers("memset 0x40000000 %d 0xab".formatted(length), "read 0x40000000 %d".formatted(length)))
                .containsExactly("OK", "OK 0x" + "ab".repeat(length));
    }

    @Test
    void shortDataIsFilledWithZeros() throws Exception {
        assertThat(answers(
                        "memset 0x40000000 8 0xff", "write 0x40000000 4 0x1234", "read 0x40000000 6",
                        "b64write 0x40000000 6 AQI=", "read 0x40000000 6"))
                .containsExactly("OK", "OK", "OK 0x12340000ffff", "OK", "OK 0x01020000ffff");
    }

    @Test
    void theClockGoesToTheNextDeadline() throws Exception {
        board.clock.deadline = 500;
        assertThat(answers("clock_step", "clock_set 100", "clock_set 600", "clock_set 600", "clock_step 0"))
                .containsExactly("OK 500", "FAIL 500", "OK 600", "OK 600", "FAIL 600");
    }

    @Test
    void theSelfTestTellsWhatIsWrong() throws Exception {
        complaints.add("edu: planted");
        assertThat(answers("qom-tests")).containsExactly("FAIL edu: planted");
        complaints.clear();
        assertThat(answers("qom-tests")).containsExactly("OK");
    }

    @Test
    void privateInputsFollowTheSharedOnes() throws Exception {
        assertThat(answers("set_irq_in %s unnamed-gpio-in 286 1".formatted(GIC))).containsExactly("OK");
        assertThat(board.events).contains("drive gic 0.30 true");
    }

    @Test
    void aStoppedMachineHasNoDeadlineToGoTo() throws Exception {
        board.clock.deadline = 500;
        board.clock.pause();
        assertThat(answers("clock_step", "clock_step 5"))
                .containsExactly(
                        "FAIL cannot advance clock to the next deadline because there is no pending deadline", "OK 5");
    }

    @Test
    void aClockOfRealTimeIsNotMoved() throws Exception {
        board.clock.realTime = true;
        assertThat(answers("clock_step 5"))
                .containsExactly("FAIL real time drives the clock: start with -accel qtest");
    }

    @Test
    void inputsOfAControllerAreReportedByTheirSpi() throws Exception {
        assertThat(answers(
                        "irq_intercept_in " + GIC,
                        "irq_intercept_in " + GIC,
                        "irq_intercept_in " + SMMU,
                        "set_irq_in %s unnamed-gpio-in 74 1".formatted(GIC),
                        "set_irq_in %s unnamed-gpio-in 74 0".formatted(GIC)))
                .containsExactly(
                        "OK", "OK", "FAIL No intercepts installed", "IRQ raise 74", "OK", "IRQ lower 74", "OK");
        assertThat(board.events).containsExactly("drive gic 106 true", "drive gic 106 false");
    }

    @Test
    void outputsOfADeviceAreReportedInTheOrderOfItsLines() throws Exception {
        var channel = ScriptedChannel.lines("irq_intercept_out " + SMMU, "irq_intercept_in " + GIC);
        var session = new QtestSession(
                new Interrupting(channel, () -> {
                    board.change(106, true);
                    board.change(109, true);
                    board.change(109, true);
                    board.change(109, false);
                    board.change(35, true);
                }),
                Optional.of(board), board.clock,
                path -> board.slot(path.equals(SMMU) ? "smmu0" : "gic").map(Slot.class::cast),
                (prefix, name) -> false, List::of,
                QtestLog.open(Optional.empty()));
        session.run();
        assertThat(channel.answers()).containsExactly(
                "OK", "FAIL IRQ intercept already enabled", "IRQ raise 0", "IRQ raise 3", "IRQ lower 3");
    }

    /** Does something when everything is read, then hangs up. */
    private record Interrupting(ScriptedChannel inner, Runnable action) implements java.nio.channels.ByteChannel {
        @Override
        public int read(java.nio.ByteBuffer target) {
            int count = inner.read(target);
            if (count < 0) {
                int before = inner.answers().size();
                action.run();
                org.awaitility.Awaitility.await().until(() -> inner.answers().size() >= before + 3);
            }
            return count;
        }

        @Override
        public int write(java.nio.ByteBuffer source) {
            return inner.write(source);
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    @ParameterizedTest
    @ValueSource(strings = {"priq", "sysbus-irq", "gerror"})
    void oneNamedOutputCanBeWatched(String line) throws Exception {
        assertThat(answers("irq_intercept_out %s %s".formatted(SMMU, line))).containsExactly("OK");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "set_irq_in /machine/unattached/device[1] other 1 1 | FAIL gic has no inputs 'other'; it has unnamed-gpio-in",
        "set_irq_in /machine/unattached/device[1] unnamed-gpio-in 988 1"
                + " | FAIL input 988 of gic: no private input 28 of processor 22",
        "set_irq_in /machine/unattached/device[2] unnamed-gpio-in 1 1"
                + " | FAIL smmu0 has no interrupt inputs, or is not running",
        "irq_intercept_out /machine/unattached/device[2] nonsense | FAIL No intercepts installed",
        "irq_intercept_out /machine/peripheral/nic | FAIL No intercepts installed",
        "irq_intercept_in /machine/unattached/device[2] | FAIL No intercepts installed",
    })
    void wrongLinesAreRefused(String command, String reply) throws Exception {
        assertThat(answers(command)).containsExactly(reply);
    }

    @Test
    void aRefusedInterceptLeavesRoomForAnother() throws Exception {
        assertThat(answers("irq_intercept_out /machine/peripheral/nic", "irq_intercept_out " + SMMU))
                .containsExactly("FAIL No intercepts installed", "OK");
    }

    @Test
    void aLineThatIsTooLongIsSkipped() throws Exception {
        byte[] script = new byte[QtestSession.MOST_LINE + 100];
        java.util.Arrays.fill(script, (byte) 'x');
        byte[] tail = "\nendianness\n".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(tail, 0, script, script.length - tail.length, tail.length);
        assertThat(serve(new ScriptedChannel(script, 1 << 20)))
                .containsExactly("FAIL line is longer than 67108864 bytes", "OK little");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 64})
    void linesMayArriveInPieces(int piece) throws Exception {
        byte[] script = "writel 0x40000000 5\nreadl 0x40000000\n\nendianness\n".getBytes(StandardCharsets.US_ASCII);
        assertThat(serve(new ScriptedChannel(script, piece)))
                .containsExactly("OK", "OK 0x0000000000000005", "OK little");
    }

    @Test
    void aMachineWithoutABoardAnswersToo() throws Exception {
        var channel = ScriptedChannel.lines(
                "endianness", "readl 0x40000000", "write 0 4 0x12", "clock_step 1", "clock_set 5", "clock_step");
        new QtestServer(Optional.empty(), path -> Optional.empty(), (prefix, name) -> false, List::of, Optional.empty())
                .serve(channel);
        assertThat(channel.answers())
                .containsExactly("OK little", "OK 0x0000000000000000", "OK", "OK 1", "OK 5",
                        "FAIL cannot advance clock to the next deadline because there is no pending deadline");
    }

    @Test
    void theLogHoldsWhatIsReceivedAndSent(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("log");
        new QtestServer(
                        Optional.empty(), path -> Optional.empty(), (prefix, name) -> false, List::of,
                        Optional.of(log.toString()))
                .serve(ScriptedChannel.lines("endianness", "nonsense"));
        assertThat(Files.readAllLines(log).stream().map(line -> line.replaceAll("[0-9]+[.][0-9]{6}", "t")))
                .containsExactly(
                        "[I t] OPENED",
                        "[R +t] endianness",
                        "[S +t] OK little",
                        "[R +t] nonsense",
                        "[S +t] FAIL Unknown command 'nonsense'",
                        "[I +t] CLOSED");
    }

    @ParameterizedTest
    @ValueSource(strings = {"read", "b64read"})
    void anAccessThatFailsHalfWayLeavesNoHalfReply(String command) throws Exception {
        var channel = ScriptedChannel.lines(command + " 0 0x20000", "endianness");
        var replies = new Replies(channel, QtestLog.open(Optional.empty()));
        var commands = new HashMap<String, Command>();
        new MemoryCommands(new FailingBus(0x10000)).addTo(commands);
        var words = new Words();
        byte[] line = (command + " 0 0x20000").getBytes(StandardCharsets.US_ASCII);
        words.split(line, 0, line.length);

        assertThatExceptionOfType(CommandFailure.class)
                .isThrownBy(() -> commands.get(command).run(words, replies))
                .withMessage("held");
        replies.text("FAIL held").end();
        replies.flush();

        assertThat(channel.answers()).containsExactly("FAIL held");
    }

    /** Fails from an address on. */
    private record FailingBus(long from) implements Bus {
        @Override
        public long read(long address, int size) {
            return 0;
        }

        @Override
        public void write(long address, int size, long value) {}

        @Override
        public void read(long address, byte[] target, int at, int length) throws CommandFailure {
            if (address + length > from) {
                throw new CommandFailure("held");
            }
        }

        @Override
        public void write(long address, byte[] source, int at, int length) {}

        @Override
        public long port(long number) {
            return number;
        }
    }

    @Test
    void noInputBreaksTheSession() throws Exception {
        long seed = Long.getLong("qtest.seed", System.nanoTime());
        var random = new Random(seed);
        String[] words = {
            "readl", "writel", "read", "write", "b64read", "b64write", "memset", "clock_step", "clock_set", "set_irq_in",
            "irq_intercept_in", "irq_intercept_out", "module_load", "inb", "outw", "0x40000000", "0x50000000", "-1", "4",
            "0x", "010", "", "\t", "#", "\u00ff", GIC, SMMU, "unnamed-gpio-in", "0xffffffffffffffff", "=", "AAAA"
        };
        var script = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            for (int j = random.nextInt(6); j >= 0; j--) {
                script.append(words[random.nextInt(words.length)]).append(random.nextInt(10) == 0 ? "" : " ");
            }
            script.append('\n');
        }
        script.append("endianness\n");
        byte[] bytes = script.toString().getBytes(StandardCharsets.ISO_8859_1);
        List<String> answers = serve(new ScriptedChannel(bytes, 1 + random.nextInt(5000)));
        assertThat(answers).as("seed %d", seed).endsWith("OK little");
        assertThat(answers).as("seed %d", seed).allMatch(line -> line.matches("(OK|FAIL|ERR|IRQ).*"));
    }
}
