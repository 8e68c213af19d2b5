package dev.backplane.console;

import java.io.PrintStream;
import org.apache.felix.gogo.runtime.CommandNotFoundException;
import org.apache.felix.gogo.runtime.Parser;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;

/** Runs a program statement by statement, so that the result of each is printed, not of the last alone. */
final class Statements {

    private final CommandSession session;
    private final PrintStream out;

    Statements(CommandSession session, PrintStream out) {
        this.session = session;
        this.out = out;
    }

    /**
     * Runs a program up to the first statement that fails.
     *
     * @throws Exception what the statement threw
     */
    void run(CharSequence program) throws Exception {
        for (CharSequence statement : new Parser(program).program().tokens()) {
            Object result = execute(statement);
            session.put("_", result);
            print(result);
        }
    }

    private Object execute(CharSequence statement) throws Exception {
        try {
            return session.execute(statement);
        } catch (CommandNotFoundException e) {
            throw UnknownCommand.explained(e, session);
        } catch (IllegalArgumentException e) {
            throw WrongArguments.explained(e, statement, session);
        }
    }

    private void print(Object result) {
        if (result != null && !Boolean.FALSE.equals(session.get(".Gogo.format"))) {
            CharSequence text = result instanceof CharSequence plain ? plain : session.format(result, Converter.INSPECT);
            if (text != null && !text.isEmpty()) {
                out.print(text);
                if (text.charAt(text.length() - 1) != '\n') {
                    out.println();
                }
            }
        }
        out.flush();
    }
}
