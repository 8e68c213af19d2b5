package dev.backplane.smmuv3.accel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Long random lives of an SMMU against a model of where each device has to be. */
class RandomStreamsTest {
    private static final long[] STES = {0, 1, 0b0111, 0b1001, 0x4400_000BL, 0x4400_100BL, 0x4400_200BL, 0x4400_000DL};
    private static final List<Integer> STREAMS = List.of(0x108, 0x110, 0x118, 0x120, 0x200, 0x208);

    private final FakeHost host = new FakeHost();
    private final Map<Integer, FakeHost.Device> connected = new HashMap<>();
    private final Map<Integer, Long> memory = new HashMap<>();
    /** STEs as the SMMU knows them: read when the stream is connected or named by a command, or SMMUEN is set. */
    private final Map<Integer, Long> known = new HashMap<>();
    private boolean enabled;
    private boolean abort;
    private TestBoard board;
    private int names;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void endWhereTheModelSays(long seed) throws Exception {
        var random = new Random(seed);
        board = new TestBoard(host);
        // One that stays, so that later ones find the identity settled.
        plug(0x108);
        board.programmed();
        for (int step = 0; step < 600; step++) {
            step(random);
            String where = "seed %d, step %d".formatted(seed, step);
            for (int stream : connected.keySet()) {
                assertThat(connected.get(stream).attachment()).as("%s, StreamID 0x%x", where, stream)
                        .isEqualTo(expected(stream));
                if (expected(stream).equals("nested")) {
                    assertThat(connected.get(stream).attached.ste0).as(where).isEqualTo(known.get(stream));
                }
            }
            long nested = connected.keySet().stream().filter(s -> expected(s).equals("nested")).count();
            assertThat(host.objects()).as(where).filteredOn(what -> what.equals("nested")).hasSize((int) nested);
            assertThat(board.activeErrors()).as(where).isZero();
        }
        for (int stream : List.copyOf(connected.keySet())) {
            board.disconnect(stream);
        }
        assertThat(host.objects()).isEmpty();
        assertThat(board.leases.names()).isEmpty();
    }

    private void step(Random random) throws Exception {
        int stream = STREAMS.get(random.nextInt(STREAMS.size()));
        switch (random.nextInt(12)) {
            case 0, 1, 2 -> {
                long ste = STES[random.nextInt(STES.length)];
                board.ste(stream, ste, 0);
                memory.put(stream, ste);
            }
            case 3, 4 -> {
                board.configure(stream);
                learn(stream, 0);
            }
            case 5 -> {
                int range = random.nextInt(12);
                board.commands((long) stream << 32 | 4, range, TestBoard.SYNC, 0);
                STREAMS.stream().filter(other -> (other ^ stream) >>> range + 1 == 0).forEach(s -> learn(s, 0));
            }
            case 6 -> {
                board.commands(4, 31, TestBoard.SYNC, 0);
                STREAMS.forEach(s -> learn(s, 0));
            }
            case 7 -> {
                enabled = random.nextBoolean();
                board.enable(enabled);
                STREAMS.forEach(s -> learn(s, 1));
            }
            case 8 -> {
                abort = random.nextBoolean();
                board.write(TestBoard.GBPA, 4, abort ? 0x8010_1000L : 0x8000_1000L);
            }
            case 9 -> invalidate(random, stream);
            case 10 -> {
                if (!connected.containsKey(stream)) {
                    plug(stream);
                    known.put(stream, memory.getOrDefault(stream, 0L));
                } else if (stream != 0x108) {
                    board.disconnect(stream);
                    connected.remove(stream);
                }
            }
            default -> handOver(random);
        }
    }

    /** A change of SMMUEN that is none reads nothing again. */
    private void learn(int stream, int kind) {
        if (kind == 0 && enabled || kind == 1 && enabled != wasEnabled) {
            known.put(stream, memory.getOrDefault(stream, 0L));
        }
        if (kind == 1 && stream == STREAMS.getLast()) {
            wasEnabled = enabled;
        }
    }

    private boolean wasEnabled;

    private void plug(int stream) {
        var device = host.device("device" + names++);
        assertThat(board.connect(stream, device)).isEmpty();
        connected.put(stream, device);
    }

    private void invalidate(Random random, int stream) {
        var words = new ArrayList<Long>();
        for (int i = random.nextInt(6); i >= 0; i--) {
            long opcode = new long[] {5, 6, 0x10, 0x11, 0x12, 0x13, 0x30}[random.nextInt(7)];
            words.add(opcode <= 6 ? opcode | (long) stream << 32 : opcode | random.nextLong() << 48);
            words.add(0L);
        }
        board.commands(words.stream().mapToLong(Long::longValue).toArray());
    }

    private void handOver(Random random) throws Exception {
        var next = board.successor(Map.of());
        board.smmu.quiesce();
        var state = board.smmu.save();
        boolean stateFirst = random.nextBoolean();
        if (stateFirst) {
            next.smmu.restore(state);
        }
        connected.forEach((stream, device) -> assertThat(next.connect(stream, device)).isEmpty());
        if (!stateFirst) {
            next.smmu.restore(state);
        }
        next.smmu.resume();
        board.smmu.unrealize();
        next.continues(board);
        board = next;
    }

    private String expected(int stream) {
        if (!enabled) {
            return abort ? "abort" : "bypass";
        }
        long ste = known.getOrDefault(stream, 0L);
        return switch ((int) ste & 0xF) {
            case 0b1001 -> "bypass";
            case 0b1011 -> "nested";
            case 0b0001, 0b0111 -> "abort";
            default -> "illegal";
        };
    }
}
