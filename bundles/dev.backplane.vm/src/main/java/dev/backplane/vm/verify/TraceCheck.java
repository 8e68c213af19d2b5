package dev.backplane.vm.verify;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.Translation;
import dev.backplane.vm.capture.Capture;

/** Translates every page whose last translation at run time was still valid at the freeze. */
final class TraceCheck {
    private static final int NESTED = 7;

    private final Translator translator;

    TraceCheck(Translator translator) {
        this.translator = translator;
    }

    Tally check(Capture capture) {
        var tally = new Tally("trace-sample");
        for (Capture.TraceRow row : capture.trace()) {
            switch (row.status()) {
                case "live-agree" -> compare(capture, row, tally, true);
                case "invalidated-then-same-mapping" -> compare(capture, row, tally, false);
                default -> tally.stale();
            }
        }
        return tally;
    }

    private void compare(Capture capture, Capture.TraceRow row, Tally tally, boolean live) {
        String problem = MappingCheck.compare(
                translator, row.smmu(), row.streamId(), row.iova(), row.output(), row.permission());
        if (problem == null) {
            tally.agree();
        } else if (!live) {
            tally.stale();
        } else if (onlyPermissionOfNested(capture, row)) {
            tally.setAside(PeerBehaviour.NESTED_PERMISSION);
        } else {
            tally.differ("line %d: %s".formatted(row.line(), problem));
        }
    }

    /** The peer reports stage 1's permission; both stages together can only allow less. */
    private boolean onlyPermissionOfNested(Capture capture, Capture.TraceRow row) {
        if (capture.streamConfig(row.smmu(), row.streamId()).orElse(0) != NESTED) {
            return false;
        }
        for (AccessKind access : AccessKind.values()) {
            Translator.Answer answer = translator.translate(row.smmu(), row.streamId(), row.iova(), access);
            if (answer.translation() instanceof Translation.Mapped mapped && mapped.apply(row.iova()) == row.output()) {
                return allowsNoMore(mapped, row.permission());
            }
        }
        return false;
    }

    static boolean allowsNoMore(Translation.Mapped mapped, String permission) {
        return (!mapped.readable() || permission.contains("r")) && (!mapped.writable() || permission.contains("w"));
    }
}
