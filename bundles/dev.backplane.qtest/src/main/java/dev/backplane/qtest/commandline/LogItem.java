package dev.backplane.qtest.commandline;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What {@code -d} may name. */
final class LogItem {
    private static final String TRACE = "trace:";
    private static final String ALL = "all";

    /** What is logged. */
    private static final List<String> EFFECTIVE = List.of("guest_errors", "unimp");

    /** What is about processors, their code or other machines. */
    private static final List<String> WITHOUT_EFFECT = List.of(
            "cpu", "cpu_reset", "exec", "fpu", "in_asm", "int", "invalid_mem", "mmu", "nochain", "none", "op",
            "op_ind", "op_opt", "op_plugin", "out_asm", "page", "pcall", "plugin", "strace", "tid", "vpu");

    private LogItem() {}

    static Set<String> parse(String items) throws CommandLineException {
        Set<String> parsed = new LinkedHashSet<>();
        for (String item : items.split(",")) {
            if (item.equals(ALL)) {
                parsed.addAll(EFFECTIVE);
            } else if (!EFFECTIVE.contains(item) && !WITHOUT_EFFECT.contains(item) && !item.startsWith(TRACE)) {
                Set<String> known = new LinkedHashSet<>(EFFECTIVE);
                known.add(ALL);
                known.addAll(WITHOUT_EFFECT);
                throw new CommandLineException("-d %s: there is no log item '%s'; the nearest one is %s; use -d help"
                        .formatted(items, item, Nearest.to(item, known)) + " to list them");
            }
            parsed.add(item);
        }
        return parsed;
    }

    static String help() {
        return """
                Log items (comma separated):
                guest_errors    what a guest does wrong
                unimp           what a guest asks for in vain
                all             both
                without effect, since no processor runs:
                %s, trace:PATTERN
                """.formatted(String.join(", ", WITHOUT_EFFECT));
    }
}
