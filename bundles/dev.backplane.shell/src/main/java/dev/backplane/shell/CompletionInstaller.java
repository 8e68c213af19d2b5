package dev.backplane.shell;

import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.osgi.service.component.annotations.Component;

/** Teaches each interactive session to complete the arguments of our commands. */
@Component
public final class CompletionInstaller implements CommandSessionListener {
    /** Where a Gogo session keeps its completions; only an interactive one has it. */
    private static final String COMPLETIONS = ".completions";

    private static final String DONE = ".backplane.completions";

    /** Made by the framework. */
    public CompletionInstaller() {}

    @Override
    public void beforeExecute(CommandSession session, CharSequence command) {
        if (session.get(COMPLETIONS) == null || session.get(DONE) != null) {
            return;
        }
        session.put(DONE, true);
        for (String line : script()) {
            try {
                session.execute(line);
            } catch (Exception e) {
                // A session without the complete command works as well, only without our candidates.
                return;
            }
        }
    }

    @Override
    public void afterExecute(CommandSession session, CharSequence command, Exception exception) {}

    @Override
    public void afterExecute(CommandSession session, CharSequence command, Object result) {}

    /** {@return the calls of {@code complete} that declare our commands} */
    static List<String> script() {
        var lines = new ArrayList<String>();
        Commands.byName().forEach((name, method) -> {
            var signature = new Signature(method);
            lines.add("complete -c %s -e".formatted(name));
            lines.add("complete -c %s -d %s".formatted(name, quoted(signature.description())));
            for (Signature.Argument option : signature.options()) {
                var line = new StringBuilder("complete -c " + name);
                option.names().forEach(text -> line.append(text.startsWith("--")
                        ? " -l " + text.substring(2)
                        : " -s " + text.substring(1)));
                lines.add(line + " --description " + quoted(option.description()));
            }
            lines.add("complete -c %s -a %s".formatted(name, quoted(
                    "backplane:candidates %s ($.commandLine words) ($.commandLine wordIndex)".formatted(name))));
        });
        return lines;
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "") + "'";
    }
}
