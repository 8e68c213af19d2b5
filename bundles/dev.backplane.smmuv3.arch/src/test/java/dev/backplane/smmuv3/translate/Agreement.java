package dev.backplane.smmuv3.translate;

import static org.assertj.core.api.Assertions.fail;

import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.reference.ReferenceSmmu;

/** Compares what the translator made of a transaction with what {@link ReferenceSmmu} makes of it. */
final class Agreement {
    private Agreement() {}

    /**
     * Fails unless both agree in address, size, permissions, attributes and record, and the record can be read back.
     *
     * @param what the case, for the message
     * @param event the event that was recorded, or null
     */
    static void check(
            String what, ReferenceSmmu.Outcome expected, long iova, Translation answer, SmmuEvent event) {
        String record = null;
        if (event != null) {
            long[] words = event.encode();
            record = "%016x %016x %016x %016x".formatted(words[0], words[1], words[2], words[3]);
            if (!event.equals(SmmuEvent.decode(words))) {
                fail("%s: %s decodes as %s", what, event, SmmuEvent.decode(words));
            }
        }
        ReferenceSmmu.Outcome actual = switch (answer) {
            case Translation.Mapped m -> ReferenceSmmu.Outcome.mapped(
                    m.apply(iova), m.mask() + 1, m.readable(), m.writable(), m.attributes());
            case Translation.Terminated t -> new ReferenceSmmu.Outcome(0, 0, false, false, null, t.name(), record);
            case Translation.Stalled _ -> null;
        };
        if (!expected.equals(actual) || expected.end().equals("mapped") && record != null) {
            fail("%s:%n expected %s%n   actual %s%n   event %s", what, expected, actual, event);
        }
    }
}
