package dev.backplane.console;

import org.apache.felix.service.command.CommandSession;

/** The variables that each session starts with. */
final class SessionDefaults {

    private SessionDefaults() {}

    static void set(CommandSession session) {
        session.put("SCOPE", "console:gogo:*");
    }
}
