package dev.backplane.qtest.commandline;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What {@code -action} says is done when the guest does something. */
final class GuestActions {
    private static final String REBOOT = "reboot";

    /** By what the guest does. */
    private static final Map<String, Set<String>> KNOWN = Map.of(
            REBOOT, Set.of("reset", "shutdown"),
            "shutdown", Set.of("poweroff", "pause"),
            "panic", Set.of("pause", "shutdown", "exit-failure", "none"),
            "watchdog", Set.of("reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi"));

    private GuestActions() {}

    /** {@return whether a reboot ends the process, or empty when nothing is said of it} */
    static Optional<Boolean> endsOnReboot(OptionGroup group) throws CommandLineException {
        for (var parameter : group.values().entrySet()) {
            Set<String> known = KNOWN.get(parameter.getKey());
            if (!known.contains(parameter.getValue())) {
                String key = parameter.getKey();
                throw new CommandLineException("-action %s=%s: unsupported; the nearest supported one is %s=%s"
                        .formatted(key, parameter.getValue(), key, Nearest.to(parameter.getValue(), known)));
            }
        }
        return group.get(REBOOT).map("shutdown"::equals);
    }
}
