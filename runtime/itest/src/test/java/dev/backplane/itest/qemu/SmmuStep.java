package dev.backplane.itest.qemu;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a transfer showed.
 *
 * @param result the device's result register; for {@code edu} its command and whether memory is untouched
 * @param events records that the transfer added
 * @param overflow whether EVENTQ_PROD.OVFLG is set
 * @param errors active errors, {@code GERROR ^ GERRORN}
 * @param lines interrupt lines that went up
 */
record SmmuStep(long result, List<EventRecord> events, boolean overflow, long errors, Set<Integer> lines) {
    private static final int EVENTQ_LINE = 74;

    SmmuStep withResult(long other) {
        return new SmmuStep(other, events, overflow, errors, lines);
    }

    /** {@return this with the records of another, and the interrupt that there being any, or none, implies} */
    SmmuStep withFault(List<EventRecord> other) {
        if (events.isEmpty() == other.isEmpty()) {
            return withEvents(other);
        }
        var raised = new TreeSet<>(lines);
        if (other.isEmpty()) {
            raised.remove(EVENTQ_LINE);
        } else {
            raised.add(EVENTQ_LINE);
        }
        return new SmmuStep(result, other, overflow, errors, raised);
    }

    SmmuStep withEvents(List<EventRecord> other) {
        return new SmmuStep(result, other, overflow, errors, lines);
    }

    @Override
    public String toString() {
        return "result 0x%x OVFLG %b GERROR %x lines %s %s".formatted(result, overflow, errors, lines, events);
    }
}
