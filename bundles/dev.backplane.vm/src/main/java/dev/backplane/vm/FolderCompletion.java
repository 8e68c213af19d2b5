package dev.backplane.vm;

import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.CommandSessionListener;
import org.osgi.service.component.annotations.Component;

/** Teaches each interactive session to complete folders for our commands. */
@Component
public final class FolderCompletion implements CommandSessionListener {
    private static final String COMPLETIONS = ".completions";
    private static final String DONE = ".backplane.vm.completions";

    /** Made by the framework. */
    public FolderCompletion() {}

    @Override
    public void beforeExecute(CommandSession session, CharSequence command) {
        if (session.get(COMPLETIONS) == null || session.get(DONE) != null) {
            return;
        }
        session.put(DONE, true);
        for (String function : List.of("load", "verify", "replay")) {
            try {
                session.execute("complete -c vm:%s -e".formatted(function));
                session.execute("complete -c vm:%s -a '__directories'".formatted(function));
            } catch (Exception e) {
                // A session without the complete command works as well, only without candidates.
                return;
            }
        }
    }

    @Override
    public void afterExecute(CommandSession session, CharSequence command, Exception exception) {}

    @Override
    public void afterExecute(CommandSession session, CharSequence command, Object result) {}
}
