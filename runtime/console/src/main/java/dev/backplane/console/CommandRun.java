package dev.backplane.console;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.felix.gogo.runtime.EOFError;
import org.apache.felix.gogo.runtime.Parser;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;

/** Runs commands without a terminal. */
final class CommandRun {

    static final int DONE = 0;
    static final int FAILED = 1;

    private final CommandProcessor processor;
    private final PrintStream out;
    private final PrintStream errors;

    CommandRun(CommandProcessor processor, PrintStream out, PrintStream errors) {
        this.processor = processor;
        this.out = out;
        this.errors = errors;
    }

    /** {@return the status of a whole program; it ends with the first statement that fails} */
    int all(String program) {
        try (CommandSession session = session(InputStream.nullInputStream())) {
            return run(new Statements(session, out), program);
        }
    }

    /**
     * Runs each line as it arrives, as a shell that reads a pipe does: a failure does not end it.
     *
     * @return the status of the last program
     */
    int lines(InputStream in) throws IOException {
        try (CommandSession session = session(in)) {
            Statements statements = new Statements(session, out);
            BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            StringBuilder program = new StringBuilder();
            int status = DONE;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                program.append(line).append('\n');
                if (isComplete(program)) {
                    try {
                        status = runOrExit(statements, program.toString());
                    } catch (Exit exit) {
                        return exit.status();
                    }
                    program.setLength(0);
                }
            }
            return program.toString().isBlank() ? status : run(statements, program.toString());
        }
    }

    private CommandSession session(InputStream in) {
        CommandSession session = processor.createSession(in, out, errors);
        SessionDefaults.set(session);
        return session;
    }

    private static boolean isComplete(CharSequence program) {
        try {
            new Parser(program).program();
            return true;
        } catch (EOFError e) {
            return false;
        } catch (RuntimeException e) {
            return true; // wrong, and no further line mends it
        }
    }

    private int run(Statements statements, String program) {
        try {
            return runOrExit(statements, program);
        } catch (Exit exit) {
            return exit.status();
        }
    }

    private int runOrExit(Statements statements, String program) {
        try {
            statements.run(program);
            return DONE;
        } catch (Exception e) {
            Exit exit = Exit.in(e);
            if (exit != null) {
                throw exit;
            }
            out.flush();
            errors.println(Failure.text(e));
            errors.flush();
            return FAILED;
        }
    }
}
