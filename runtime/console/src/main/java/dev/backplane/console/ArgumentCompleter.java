package dev.backplane.console;

import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.jline.builtins.Completers;
import org.jline.builtins.Completers.FileNameCompleter;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * Completes commands by name, and their arguments by the {@link Completer} service whose property
 * {@code backplane.command} names the command, else as declared in the session, else with files.
 */
final class ArgumentCompleter implements Completer {

    private static final String COMMAND = "backplane.command";

    private final BundleContext context;
    private final CommandCatalog catalog;
    private final SessionCompletions declared;
    private final Completer byDeclaration;
    private final Completer files = new FileNameCompleter();

    ArgumentCompleter(BundleContext context, CommandSession session) {
        this.context = context;
        this.catalog = new CommandCatalog(session);
        this.declared = new SessionCompletions(session);
        this.byDeclaration = new Completers.Completer(declared);
    }

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
        if (line.wordIndex() == 0) {
            catalog.names().forEach(name -> addCommand(name, candidates));
            return;
        }
        Optional<String> command = catalog.resolve(line.words().get(0));
        if (command.isPresent() && CommandCatalog.nameOf(command.get()).equals("help")) {
            catalog.names().forEach(name -> addCommand(name, candidates));
        } else if (command.isEmpty() || !byService(command.get(), reader, line, candidates)) {
            boolean known = command.isPresent() && declared.getCompletions().containsKey(command.get());
            (known ? byDeclaration : files).complete(reader, line, candidates);
        }
    }

    private static void addCommand(String name, List<Candidate> candidates) {
        String scope = CommandCatalog.scopeOf(name);
        boolean ofShell = scope.equals("gogo") || scope.equals("console");
        candidates.add(new Candidate(ofShell ? CommandCatalog.nameOf(name) : name, name, scope, null, null, null, true));
    }

    private boolean byService(String command, LineReader reader, ParsedLine line, List<Candidate> candidates) {
        for (ServiceReference<Completer> reference : completers(command)) {
            Completer completer = context.getService(reference);
            if (completer != null) {
                try {
                    completer.complete(reader, line, candidates);
                    return true;
                } finally {
                    context.ungetService(reference);
                }
            }
        }
        return false;
    }

    private Iterable<ServiceReference<Completer>> completers(String command) {
        try {
            return context.getServiceReferences(
                    Completer.class,
                    FrameworkUtil.createFilter("(" + COMMAND + "=" + command + ")").toString());
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException("'" + command + "' cannot be a command", e);
        }
    }
}
