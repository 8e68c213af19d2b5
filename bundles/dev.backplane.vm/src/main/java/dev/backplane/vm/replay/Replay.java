package dev.backplane.vm.replay;

import dev.backplane.board.Board;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.SmmuRegister;
import dev.backplane.vm.load.GuestBus;
import java.util.ArrayList;
import java.util.List;

/**
 * Repeats the accesses of a driver to an SMMU since reset and compares what it reads. Each write was recorded after its
 * effects, so a read sees the effects of all writes before it.
 */
public final class Replay {
    private static final int KEPT = 5;
    /** Recorded offsets have page 1 folded into page 0; these registers exist in page 1 alone. */
    private static final List<Integer> FOLDED = List.of(0xA8, 0xAC, 0xC8, 0xCC);

    private static final int PRODUCER = SmmuRegister.EVENTQ_PROD.offset() - SmmuRegister.PAGE_1;

    private final int writes;
    private final int agreed;
    private final int traffic;
    private final List<String> differences;
    private final int differing;

    private Replay(int writes, int agreed, int traffic, int differing, List<String> differences) {
        this.writes = writes;
        this.agreed = agreed;
        this.traffic = traffic;
        this.differing = differing;
        this.differences = differences;
    }

    /**
     * Replays a capture's accesses.
     *
     * @param board a board of the capture, after reset, with its memory
     * @throws IllegalArgumentException if the capture has no record of accesses, or has it of several SMMUs
     */
    public static Replay run(Board board, Capture capture) {
        if (capture.accesses().isEmpty() || capture.smmus().size() != 1) {
            throw new IllegalArgumentException("capture '%s' has %d SMMUs and %d recorded accesses (mmio-trace.csv); "
                    .formatted(capture.name(), capture.smmus().size(), capture.accesses().size())
                    + "a replay needs one SMMU and its accesses");
        }
        Capture.SmmuImage smmu = capture.smmus().getFirst();
        boolean events = smmu.register(SmmuRegister.EVENTQ_PROD.name()) != 0;
        var bus = new GuestBus(board);
        int writes = 0;
        int agreed = 0;
        int traffic = 0;
        int differing = 0;
        var differences = new ArrayList<String>();
        for (Capture.RegisterAccess access : capture.accesses()) {
            int offset = access.offset() + (FOLDED.contains(access.offset()) ? SmmuRegister.PAGE_1 : 0);
            if (access.write()) {
                bus.write(smmu.base() + offset, access.size(), access.value());
                writes++;
                continue;
            }
            long value = bus.read(smmu.base() + offset, access.size());
            if (value == access.value()) {
                agreed++;
            } else if (events && access.offset() == PRODUCER) {
                traffic++;
            } else {
                differing++;
                if (differences.size() < KEPT) {
                    differences.add("line %d: offset 0x%x: read 0x%x, captured 0x%x"
                            .formatted(access.line(), offset, value, access.value()));
                }
            }
        }
        return new Replay(writes, agreed, traffic, differing, differences);
    }

    /** {@return reads with another value than captured} */
    public int differing() {
        return differing;
    }

    /** {@return reads with the captured value} */
    public int agreed() {
        return agreed;
    }

    /** {@return the counts, and the first differing reads} */
    public String report() {
        var text = new StringBuilder("%d writes repeated, %d reads agree, %d differ"
                .formatted(writes, agreed, differing));
        if (traffic > 0) {
            text.append("%n%d reads of EVENTQ_PROD set aside: they count faults of DMA, which is not recorded"
                    .formatted(traffic));
        }
        differences.forEach(line -> text.append("\n").append(line));
        return text.toString();
    }
}
