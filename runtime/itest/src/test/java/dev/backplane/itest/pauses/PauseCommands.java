package dev.backplane.itest.pauses;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.Slot;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Shell commands that measure what an update of the SMMU costs those whose DMA goes through it. */
@Component(
        service = PauseCommands.class,
        property = {
            "osgi.command.scope=pauses",
            "osgi.command.function=beside",
            "osgi.command.function=inPlace",
            "osgi.command.function=bare",
            "osgi.command.function=speed"
        })
public final class PauseCommands {
    private static final String SLOT = "smmu0";
    private static final Pattern GATE_CLOSED = Pattern.compile("gate closed for (\\d+) µs \\(([^)]*)\\)");
    private static final Pattern STEP = Pattern.compile("(\\w+) (\\d+)");
    private static final long BETWEEN_UPDATES_NANOS = 20_000_000;
    private static final long PATIENCE_NANOS = 30_000_000_000L;
    private static final int SPEED_ROUNDS = 9;
    private static final long SPEED_NANOS = 100_000_000;

    private final BundleContext context;
    private final Boards boards;

    /** Makes the commands. */
    @Activate
    public PauseCommands(BundleContext context, @Reference Boards boards) {
        this.context = context;
        this.boards = boards;
    }

    /** The board that was loaded last. */
    private Board board() {
        return boards.list().getLast();
    }

    private Slot slot() {
        return board().slot(SLOT).orElseThrow();
    }

    private Bundle provider() {
        String label = slot().provider().orElseThrow();
        long id = Long.parseLong(label.substring(label.indexOf('[') + 1, label.indexOf(']')));
        return context.getBundle(id);
    }

    /** One update. */
    private interface Update {
        void run() throws Exception;
    }

    /** Updates with {@code board:update} under DMA of two threads with a gap after each access, in microseconds. */
    public void beside(String jar, int updates, long gapMicros) throws Exception {
        measure("board:update, %s".formatted(gap(gapMicros)), updates, gapMicros, () ->
                board().update(SLOT, Path.of(jar)));
    }

    /** The same with {@code felix:update}. */
    public void inPlace(String jar, int updates, long gapMicros) throws Exception {
        Bundle bundle = provider();
        measure("felix:update, %s".formatted(gap(gapMicros)), updates, gapMicros, () -> {
            update(bundle, jar);
            awaitRunning();
        });
    }

    private void awaitRunning() {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (slot().state() != Slot.State.RUNNING) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("slot %s: %s".formatted(SLOT, slot().why()));
            }
            LockSupport.parkNanos(100_000);
        }
    }

    private static String gap(long micros) {
        return micros == 0 ? "2 busy threads" : "2 threads with %d µs between accesses".formatted(micros);
    }

    private static void update(Bundle bundle, String jar) throws Exception {
        try (InputStream in = Files.newInputStream(Path.of(jar))) {
            bundle.update(in);
        }
    }

    private void measure(String title, int updates, long gapMicros, Update update) throws Exception {
        long abortsBefore = slot().aborts();
        var gate = new long[updates];
        var pause = new long[updates];
        var whole = new long[updates];
        Map<String, long[]> steps = new LinkedHashMap<>();
        List<DmaThread> threads = List.of(new DmaThread(board(), 0, gapMicros), new DmaThread(board(), 1, gapMicros));
        try {
            for (int i = 0; i < updates; i++) {
                LockSupport.parkNanos(BETWEEN_UPDATES_NANOS);
                threads.forEach(DmaThread::takeLongest);
                long before = slot().handOvers();
                long start = System.nanoTime();
                update.run();
                whole[i] = System.nanoTime() - start;
                LockSupport.parkNanos(BETWEEN_UPDATES_NANOS);
                pause[i] = threads.stream().mapToLong(DmaThread::takeLongest).max().orElseThrow();
                gate[i] = slot().handOvers() == before ? -1 : gateClosedNanos(steps, i, updates);
            }
        } finally {
            for (DmaThread thread : threads) {
                thread.end();
            }
        }
        System.out.printf("%s, %d updates, %d accesses, %d aborts%n", title, updates,
                threads.stream().mapToLong(DmaThread::accesses).sum(), slot().aborts() - abortsBefore);
        if (Arrays.stream(gate).allMatch(nanos -> nanos >= 0)) {
            print("gate closed", gate);
            steps.forEach((step, nanos) -> print("  " + step, nanos));
        }
        print("transaction-visible pause", pause);
        print("the command", whole);
    }

    /** {@return how long the last hand-over closed the gate} Its steps are noted by their names. */
    private long gateClosedNanos(Map<String, long[]> steps, int update, int updates) {
        for (Slot.HistoryEntry entry : slot().history().reversed()) {
            Matcher matcher = GATE_CLOSED.matcher(entry.detail());
            if (matcher.find()) {
                Matcher step = STEP.matcher(matcher.group(2));
                while (step.find()) {
                    steps.computeIfAbsent(step.group(1), _ -> new long[updates])[update] =
                            Long.parseLong(step.group(2)) * 1_000;
                }
                return Long.parseLong(matcher.group(1)) * 1_000;
            }
        }
        throw new IllegalStateException("slot %s tells of no hand-over: %s".formatted(SLOT, slot().history()));
    }

    private static void print(String what, long[] nanos) {
        Arrays.sort(nanos);
        System.out.printf("  %-26s p50 %8.3f ms, p99 %8.3f ms, max %8.3f ms%n",
                what, at(nanos, 0.50), at(nanos, 0.99), at(nanos, 1));
    }

    /** {@return the smallest value that so large a part of all does not exceed, in milliseconds} */
    private static double at(long[] sorted, double part) {
        return sorted[Math.max(0, (int) Math.ceil(part * sorted.length) - 1)] / 1e6;
    }

    /** Updates of the same jar when no board has a use for it. */
    public void bare(String jar, int updates) throws Exception {
        Bundle bundle = provider();
        for (Board board : boards.list()) {
            boards.destroy(board.name());
        }
        var whole = new long[updates];
        for (int i = 0; i < updates; i++) {
            long start = System.nanoTime();
            update(bundle, jar);
            whole[i] = System.nanoTime() - start;
        }
        System.out.printf("bare Felix update of the same jar, %d updates%n", updates);
        print("the command", whole);
    }

    /** DMA ns per access through the SMMU, one thread, before and after updates. */
    public void speed(String jar, int updates) throws Exception {
        double before = nanosPerAccess();
        for (int i = 0; i < updates; i++) {
            board().update(SLOT, Path.of(jar));
        }
        double after = nanosPerAccess();
        System.out.printf("DMA of 64 bytes: %.1f ns before, %.1f ns after %d updates: %.2f times%n",
                before, after, updates, after / before);
    }

    private double nanosPerAccess() throws Exception {
        var rounds = new double[SPEED_ROUNDS];
        var thread = new DmaThread(board(), 0, 0);
        try {
            for (int i = 0; i < SPEED_ROUNDS; i++) {
                long accesses = thread.accesses();
                long start = System.nanoTime();
                LockSupport.parkNanos(SPEED_NANOS);
                long nanos = System.nanoTime() - start;
                rounds[i] = (double) nanos / Math.max(1, thread.accesses() - accesses);
            }
        } finally {
            thread.end();
        }
        Arrays.sort(rounds);
        return rounds[SPEED_ROUNDS / 2];
    }
}
