package dev.backplane.shell;

import java.io.PrintStream;
import org.apache.felix.service.command.Process;

/** Where the running command's output goes. */
final class Output {
    private static final int STDOUT = 1;

    private Output() {}

    /** {@return the stream of the command, a pipe's when it is part of one} */
    static PrintStream stream() {
        Process process = Process.Utils.current();
        return process == null ? System.out : process.out();
    }

    /** {@return whether a person reads it on a terminal} */
    static boolean isTerminal() {
        Process process = Process.Utils.current();
        return process != null && process.isTty(STDOUT);
    }
}
