package dev.backplane.qtest.protocol;

import dev.backplane.board.Board;
import dev.backplane.board.Placement;
import dev.backplane.board.Slot;
import dev.backplane.device.PlatformDevice;
import dev.backplane.irq.InterruptController;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Commands that watch and drive interrupt lines. Input N of an interrupt controller is the shared peripheral interrupt
 * N, or from 256 on a private one; output N of another device is the line that it declares in place N. Watching takes
 * nothing away from the controller.
 */
final class InterruptCommands {
    /** INTID of input 0 (IHI 0069, section 2.2). */
    private static final int FIRST_SPI = 32;

    /** Shared inputs of the machine's controller; private ones have the numbers behind them. */
    private static final int SHARED = 256;

    private static final int PRIVATE = 32;

    /** Clients keep 256 lines. */
    private static final int MOST_LINES = 256;

    /** Clients know a device without such lines by this. */
    private static final String NOTHING_TO_WATCH = "No intercepts installed";

    private static final String DEFAULT_INPUT = "unnamed-gpio-in";
    private static final String ALL_LINES = "sysbus-irq";

    private final Board board;
    private final Function<String, Optional<Slot>> paths;
    private final Replies replies;
    private final List<AutoCloseable> observations = new ArrayList<>();
    private final boolean[] levels = new boolean[MOST_LINES];
    private String intercepted = "";

    /**
     * Takes a board.
     *
     * @param paths finds a slot by its QOM path
     */
    InterruptCommands(Board board, Function<String, Optional<Slot>> paths, Replies replies) {
        this.board = board;
        this.paths = paths;
        this.replies = replies;
    }

    void addTo(Map<String, Command> commands) {
        commands.put("irq_intercept_in", (words, reply) -> {
            if (words.count() > 2) {
                throw new CommandFailure("named inputs cannot be intercepted");
            }
            intercept("in " + words.text(1), inputs(find(words.text(1))));
            reply.text("OK");
        });
        commands.put("irq_intercept_out", (words, reply) -> {
            String line = words.count() > 2 ? words.text(2) : "";
            intercept("out %s %s".formatted(words.text(1), line), outputs(find(words.text(1)), line));
            reply.text("OK");
        });
        commands.put("set_irq_in", this::drive);
    }

    private Slot find(String path) throws CommandFailure {
        return paths.apply(path).orElseThrow(() -> new CommandFailure("Unknown device " + path));
    }

    /** What is watched: input INTIDs of controllers, and the numbers under which they are reported. */
    private record Watched(String controller, Map<Integer, Integer> numbers) {}

    private static List<Watched> inputs(Slot slot) throws CommandFailure {
        boolean takesInterrupts = slot.with(InterruptController.class, controller -> true).orElse(false);
        if (!takesInterrupts) {
            throw new CommandFailure(NOTHING_TO_WATCH);
        }
        Map<Integer, Integer> numbers = new HashMap<>();
        for (int number = 0; number < MOST_LINES; number++) {
            numbers.put(FIRST_SPI + number, number);
        }
        return List.of(new Watched(slot.name(), numbers));
    }

    private static List<Watched> outputs(Slot slot, String only) throws CommandFailure {
        List<String> lines =
                slot.with(PlatformDevice.class, device -> device.describe().lines()).orElse(List.of());
        boolean all = only.isEmpty() || only.equals(ALL_LINES);
        if (lines.isEmpty() || !all && !lines.contains(only)) {
            throw new CommandFailure(NOTHING_TO_WATCH);
        }
        Map<String, Placement.Wire> wires =
                slot.definition().placement() instanceof Placement.SystemBus bus ? bus.lines() : Map.of();
        List<Watched> watched = new ArrayList<>();
        for (int number = 0; number < lines.size(); number++) {
            Placement.Wire wire = wires.get(lines.get(number));
            if (wire != null && (all || lines.get(number).equals(only))) {
                watched.add(new Watched(wire.controller(), Map.of(wire.intid(), all ? number : 0)));
            }
        }
        return watched;
    }

    private void intercept(String what, List<Watched> watched) throws CommandFailure {
        if (intercepted.equals(what)) {
            return;
        }
        if (!intercepted.isEmpty()) {
            throw new CommandFailure("IRQ intercept already enabled");
        }
        for (Watched one : watched) {
            observations.add(board.observeInputs(one.controller(), (intid, asserted) -> {
                Integer number = one.numbers().get(intid);
                if (number != null) {
                    report(number, asserted);
                }
            }));
        }
        intercepted = what;
    }

    /** Tells the client each change once. */
    private void report(int number, boolean asserted) {
        synchronized (levels) {
            if (levels[number] != asserted) {
                levels[number] = asserted;
                replies.interrupt(number, asserted);
            }
        }
    }

    private void drive(Words words, Replies reply) throws CommandFailure {
        Slot slot = find(words.text(1));
        String name = words.text(2);
        long number = words.number(3);
        boolean asserted = words.number(4) != 0;
        if (!name.equals(DEFAULT_INPUT)) {
            throw new CommandFailure("%s has no inputs '%s'; it has %s".formatted(slot.name(), name, DEFAULT_INPUT));
        }
        boolean takesInterrupts = slot.with(InterruptController.class, controller -> true).orElse(false);
        if (!takesInterrupts) {
            throw new CommandFailure("%s has no interrupt inputs, or is not running".formatted(slot.name()));
        }
        try {
            if (number >= 0 && number < SHARED) {
                board.driveInput(slot.name(), (int) number + FIRST_SPI, asserted);
            } else {
                // The private inputs of each processor follow, by their INTIDs.
                int input = Math.toIntExact(number - SHARED);
                board.drivePrivateInput(slot.name(), input / PRIVATE, input % PRIVATE, asserted);
            }
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new CommandFailure("input %d of %s: %s".formatted(number, slot.name(), e.getMessage()));
        }
        reply.text("OK");
    }

    /** Stops to watch. */
    void close() {
        for (AutoCloseable observation : observations) {
            try {
                observation.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
        observations.clear();
    }
}
