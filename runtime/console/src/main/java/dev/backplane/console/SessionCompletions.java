package dev.backplane.console;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandSession;
import org.jline.builtins.Completers.CompletionData;
import org.jline.builtins.Completers.CompletionEnvironment;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

/** The completions that were declared in a session with the command {@code complete}. */
final class SessionCompletions implements CompletionEnvironment {

    private final CommandSession session;
    private final CommandCatalog catalog;

    SessionCompletions(CommandSession session) {
        this.session = session;
        this.catalog = new CommandCatalog(session);
        session.put(Shell.VAR_COMPLETIONS, new HashMap<>());
    }

    @Override
    public Map<String, List<CompletionData>> getCompletions() {
        return Shell.getCompletions(session);
    }

    @Override
    public Set<String> getCommands() {
        return catalog.names();
    }

    @Override
    public String resolveCommand(String command) {
        return catalog.resolve(command).orElse(command);
    }

    @Override
    public String commandName(String command) {
        return command;
    }

    @Override
    public Object evaluate(LineReader reader, ParsedLine line, String function) throws Exception {
        session.put(Shell.VAR_COMMAND_LINE, line);
        return session.execute(function);
    }
}
