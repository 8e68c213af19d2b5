package dev.backplane.shell;

import java.io.PrintStream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Process;

/** Where the running command's output goes. */
final class Output {
    private static final int STDOUT = 1;
    private static final String TERMINAL_TYPE = "TERM";
    private static final String DUMB = "dumb";

    private Output() {}

    /** {@return the stream of the command, a pipe's when it is part of one} */
    static PrintStream stream() {
        Process process = Process.Utils.current();
        return process == null ? System.out : process.out();
    }

    /** {@return whether a person reads it on a terminal that knows colours: no pipe, no file, no dumb terminal} */
    static boolean isTerminal(CommandSession session) {
        Process process = Process.Utils.current();
        boolean piped = process == null || !process.isTty(STDOUT);
        return !piped && session.get(TERMINAL_TYPE) instanceof String type && !type.startsWith(DUMB);
    }
}
