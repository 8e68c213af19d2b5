package dev.backplane.console;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.felix.gogo.jline.Posix;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Process;

/** Gogo's text tools, for sessions without a terminal too. */
final class TextTools extends Posix {

    private static final String COLOUR = "--color";

    TextTools(CommandProcessor processor) {
        super(processor);
    }

    /** Gogo takes what a session without a terminal prints to for a terminal too. */
    @Override
    protected void grep(CommandSession session, Process process, String[] words) throws Exception {
        List<String> all = new ArrayList<>(Arrays.asList(words));
        boolean chosen = all.stream().anyMatch(word -> word.startsWith(COLOUR));
        if (!chosen && session.get(Shell.VAR_TERMINAL) == null) {
            all.add(1, COLOUR + "=never");
        }
        super.grep(session, process, all.toArray(String[]::new));
    }

    /** Where there is no terminal to turn pages on, everything is shown at once. */
    @Override
    protected void less(CommandSession session, Process process, String[] words) throws Exception {
        if (session.get(Shell.VAR_TERMINAL) != null) {
            super.less(session, process, words);
            return;
        }
        Stream<String> files = Arrays.stream(words).skip(1).filter(word -> !word.startsWith("-"));
        cat(session, process, Stream.concat(Stream.of("cat"), files).toArray(String[]::new));
    }
}
