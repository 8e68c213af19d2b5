package dev.backplane.console;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.apache.felix.gogo.jline.Expander;
import org.apache.felix.gogo.jline.Highlighter;
import org.apache.felix.gogo.jline.ParsedLineImpl;
import org.apache.felix.gogo.jline.Parser;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Job;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStyle;
import org.osgi.framework.BundleContext;

/** A shell on a terminal: line editing, history, completion, colour. Ctrl-C interrupts a command, Ctrl-D leaves. */
final class TerminalShell {

    private final BundleContext context;
    private final CommandProcessor processor;
    private volatile Thread reading;
    private volatile boolean stopped;

    TerminalShell(BundleContext context, CommandProcessor processor) {
        this.context = context;
        this.processor = processor;
    }

    /** {@return the exit status that the user asked for} */
    int run() throws Exception {
        try (Terminal terminal = terminal();
                PrintStream out = new PrintStream(terminal.output(), true, StandardCharsets.UTF_8);
                CommandSession session = processor.createSession(terminal.input(), out, out)) {
            SessionDefaults.set(session);
            session.put(Shell.VAR_TERMINAL, terminal);
            session.put(Shell.VAR_PROCESSOR, processor);
            session.put(Shell.VAR_SESSION, session);
            LineReader reader = reader(terminal, session);
            session.put(Shell.VAR_READER, reader);
            terminal.handle(Terminal.Signal.INT, signal -> interrupt(session));
            session.execute(""); // lets listeners prepare the session before the first Tab
            greet(terminal);
            return loop(session, terminal, reader, new Statements(session, out));
        }
    }

    /** Makes {@link #run} return; any thread may call it. */
    void stop() {
        stopped = true;
        Thread thread = reading;
        if (thread != null) {
            thread.interrupt();
        }
    }

    private static Terminal terminal() throws IOException {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(TerminalBuilder.class.getClassLoader()); // JLine looks for its providers there
        try {
            return TerminalBuilder.builder()
                    .name("backplane")
                    .system(true)
                    .nativeSignals(true)
                    .signalHandler(Terminal.SignalHandler.SIG_IGN)
                    .build();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private LineReader reader(Terminal terminal, CommandSession session) {
        return LineReaderBuilder.builder()
                .appName("backplane")
                .terminal(terminal)
                .completer(new ArgumentCompleter(context, session))
                .highlighter(new Highlighter(session))
                .parser(new Parser())
                .expander(new Expander(session))
                .variable(LineReader.HISTORY_FILE, history())
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, "%P > ")
                .option(LineReader.Option.AUTO_FRESH_LINE, true)
                .option(LineReader.Option.HISTORY_IGNORE_SPACE, true)
                .build();
    }

    /** All instances share one history, as the shells of a user do. */
    private Path history() {
        String state = System.getenv("XDG_STATE_HOME");
        Path folder = state == null || state.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".local", "state")
                : Path.of(state);
        return folder.resolve("backplane").resolve("history");
    }

    private void greet(Terminal terminal) {
        terminal.writer().println("Backplane " + context.getProperty("backplane.version") + ", instance "
                + context.getProperty("backplane.instance")
                + ". 'help' lists the commands, Tab completes, Ctrl-D leaves.");
        terminal.flush();
    }

    private int loop(CommandSession session, Terminal terminal, LineReader reader, Statements statements) {
        String prompt = new AttributedString("backplane> ", AttributedStyle.BOLD.foreground(AttributedStyle.CYAN))
                .toAnsi(terminal);
        while (!stopped) {
            try {
                readLine(reader, prompt);
                ParsedLine line = reader.getParsedLine();
                if (line instanceof ParsedLineImpl parsed) {
                    execute(parsed, session, terminal, statements);
                }
            } catch (UserInterruptException e) {
                continue; // Ctrl-C drops the line
            } catch (EndOfFileException e) {
                break;
            } catch (Exit exit) {
                return exit.status();
            }
        }
        return CommandRun.DONE;
    }

    private void readLine(LineReader reader, String prompt) {
        reading = Thread.currentThread();
        try {
            reader.readLine(prompt);
        } finally {
            reading = null;
        }
    }

    private static void execute(
            ParsedLineImpl line, CommandSession session, Terminal terminal, Statements statements) {
        try {
            statements.run(line.program());
        } catch (Exception e) {
            Exit exit = Exit.in(e);
            if (exit != null) {
                throw exit;
            }
            session.put(Shell.VAR_EXCEPTION, e);
            terminal.writer().println(
                    new AttributedString(Failure.text(e), AttributedStyle.DEFAULT.foreground(AttributedStyle.RED))
                            .toAnsi(terminal));
            terminal.flush();
        }
    }

    private static void interrupt(CommandSession session) {
        Job job = session.foregroundJob();
        if (job != null) {
            job.interrupt();
        }
    }
}
