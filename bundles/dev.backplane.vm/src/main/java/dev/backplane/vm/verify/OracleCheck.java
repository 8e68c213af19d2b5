package dev.backplane.vm.verify;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.Translation;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.SmmuRegister;
import java.util.List;
import java.util.Optional;

/** Repeats every probe: address and permission when it translated, else the event record. */
final class OracleCheck {
    private static final int STAGE2 = 6;
    private static final int NESTED = 7;
    private static final int[] OUTPUT_BITS = {32, 36, 40, 42, 44, 48, 52, 56};
    private static final long LOW_IPA = 0xFFF;
    /** Fields of the second word of an event record (IHI 0070 section 7.3). */
    private static final long RNW = 1L << 35;

    private static final long S2 = 1L << 39;
    private static final long TTRNW = 1L << 44;
    private static final long CLASS = 3L << 40;
    private static final long CLASS_TRANSLATION_TABLE = 1L << 40;

    private final Translator translator;

    OracleCheck(Translator translator) {
        this.translator = translator;
    }

    Tally check(Capture capture) {
        var tally = new Tally("oracle");
        for (Capture.OracleRow row : capture.oracle()) {
            AccessKind access = row.write() ? AccessKind.WRITE : AccessKind.READ;
            Translator.Answer answer = translator.translate(row.smmu(), row.streamId(), row.iova(), access);
            if (row.mapped() ? agrees(row, answer) : agreesFault(row, answer)) {
                tally.agree();
                continue;
            }
            Optional<PeerBehaviour> rule = row.mapped() ? excuse(capture, row, answer)
                    : excuseFault(capture, row, answer);
            if (rule.isPresent()) {
                tally.setAside(rule.get());
            } else {
                tally.differ("line %d: %s StreamID 0x%x %s 0x%x: expected %s, found %s"
                        .formatted(row.line(), row.smmu(),
                        row.streamId(), access, row.iova(), expected(row), Translator.describe(answer, row.iova())));
            }
        }
        tally.setAside(PeerBehaviour.STAGE2_CONCATENATION, capture.disagreeing().size());
        return tally;
    }

    private static String expected(Capture.OracleRow row) {
        if (row.mapped()) {
            return "0x%x %s".formatted(row.output(), row.permission());
        }
        return row.record() == null ? "a fault without event" : "%s %s"
                .formatted(row.event(), Translator.record(row.record()));
    }

    private static boolean agrees(Capture.OracleRow row, Translator.Answer answer) {
        return sameAddress(row, answer)
                && answer.translation() instanceof Translation.Mapped mapped
                && mapped.readable() == row.permission().contains("r")
                && mapped.writable() == row.permission().contains("w");
    }

    private static boolean sameAddress(Capture.OracleRow row, Translator.Answer answer) {
        return answer.events().isEmpty()
                && answer.translation() instanceof Translation.Mapped mapped
                && mapped.apply(row.iova()) == row.output();
    }

    private static boolean agreesFault(Capture.OracleRow row, Translator.Answer answer) {
        List<List<Long>> events = row.record() == null ? List.of() : List.of(row.record());
        return answer.translation() instanceof Translation.Terminated && answer.events().equals(events);
    }

    private static Optional<PeerBehaviour> excuse(Capture capture, Capture.OracleRow row, Translator.Answer answer) {
        boolean nested = config(capture, row) == NESTED;
        boolean less = answer.translation() instanceof Translation.Mapped mapped
                && TraceCheck.allowsNoMore(mapped, row.permission());
        return nested && less && sameAddress(row, answer) ? Optional.of(PeerBehaviour.NESTED_PERMISSION)
                : Optional.empty();
    }

    private static Optional<PeerBehaviour> excuseFault(
            Capture capture, Capture.OracleRow row, Translator.Answer answer) {
        int config = config(capture, row);
        boolean oneEvent = answer.translation() instanceof Translation.Terminated && answer.events().size() == 1;
        if (!oneEvent) {
            return Optional.empty();
        }
        List<Long> found = answer.events().getFirst();
        if (row.record() == null) {
            int bits = OUTPUT_BITS[(int) (capture.smmu(row.smmu()).register(SmmuRegister.IDR5.name()) & 7)];
            boolean beyond = bits < 64 && row.iova() >>> bits != 0;
            return config == STAGE2 && beyond ? Optional.of(PeerBehaviour.STAGE2_INPUT_BEYOND_OAS) : Optional.empty();
        }
        List<Long> captured = row.record();
        boolean sameHead = found.get(0).equals(captured.get(0)) && found.get(2).equals(captured.get(2));
        boolean sameWord1 = found.get(1).equals(captured.get(1));
        boolean sameIpa = (found.get(3) & ~LOW_IPA) == (captured.get(3) & ~LOW_IPA);
        if (!sameHead || !sameIpa || config != STAGE2 && config != NESTED) {
            return Optional.empty();
        }
        if (sameWord1 && (found.get(3) & LOW_IPA) == 0) {
            return Optional.of(PeerBehaviour.STAGE2_IPA_LOW_BITS);
        }
        boolean tableFetch = (captured.get(1) & CLASS) == CLASS_TRANSLATION_TABLE
                && (found.get(1) & ~(S2 | RNW | TTRNW)) == (captured.get(1) & ~(S2 | RNW | TTRNW));
        return config == NESTED && tableFetch ? Optional.of(PeerBehaviour.NESTED_TABLE_FETCH) : Optional.empty();
    }

    private static int config(Capture capture, Capture.OracleRow row) {
        return capture.streamConfig(row.smmu(), row.streamId()).orElse(0);
    }
}
