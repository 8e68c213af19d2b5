package dev.backplane.vm.verify;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.Translation;
import dev.backplane.vm.capture.Capture;

/** Translates the first and the last byte of every leaf mapping. */
final class MappingCheck {
    private final Translator translator;

    MappingCheck(Translator translator) {
        this.translator = translator;
    }

    Tally check(Capture capture) {
        var tally = new Tally("mappings");
        for (Capture.MappingRow row : capture.mappings()) {
            String problem = check(row, row.iova(), row.output());
            if (problem == null) {
                problem = check(row, row.iova() + row.size() - 1, row.output() + row.size() - 1);
            }
            if (problem == null) {
                tally.agree();
            } else {
                tally.differ("line %d: %s".formatted(row.line(), problem));
            }
        }
        return tally;
    }

    private String check(Capture.MappingRow row, long iova, long output) {
        return compare(translator, row.smmu(), row.streamId(), iova, output, row.permission());
    }

    /** {@return how a translation differs from what is expected, or null when it does not} */
    static String compare(
            Translator translator, String smmu, int streamId, long iova, long output, String permission) {
        AccessKind access = permission.contains("r") ? AccessKind.READ : AccessKind.WRITE;
        Translator.Answer answer = translator.translate(smmu, streamId, iova, access);
        boolean same = answer.events().isEmpty()
                && answer.translation() instanceof Translation.Mapped mapped
                && mapped.apply(iova) == output
                && mapped.readable() == permission.contains("r")
                && mapped.writable() == permission.contains("w");
        return same ? null : "%s StreamID 0x%x %s 0x%x: expected 0x%x %s, found %s"
                .formatted(smmu, streamId, access, iova,
                output, permission, Translator.describe(answer, iova));
    }
}
