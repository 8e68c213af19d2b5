package dev.backplane.console;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;

/** Commands about the shell itself. */
public final class ConsoleCommands {

    ConsoleCommands() {}

    /** {@return the list of commands} */
    @Descriptor("list all commands")
    public String help(CommandSession session) {
        return new Help(new CommandCatalog(session)).overview();
    }

    /** {@return how a command, or each command of a scope, is used} */
    @Descriptor("explain a command, or list the commands of a scope")
    public String help(CommandSession session, @Descriptor("a command such as board:info, or a scope") String name) {
        return new Help(new CommandCatalog(session)).explain(name);
    }

    /** Ends the shell. */
    @Descriptor("leave the shell and stop the boards")
    public void exit() {
        throw new Exit(CommandRun.DONE);
    }

    /** Ends the shell. */
    @Descriptor("leave the shell with an exit status")
    public void exit(@Descriptor("exit status, 0 to 255") int status) {
        if (status < 0 || status > 255) {
            throw new IllegalArgumentException("exit status " + status + " is not within 0 to 255");
        }
        throw new Exit(status);
    }

    /** Ends the shell. */
    @Descriptor("leave the shell and stop the boards")
    public void quit() {
        exit();
    }

    /** Runs a file in this session. */
    @Descriptor("run a file of commands in this session")
    public void source(CommandSession session, @Descriptor("the file") String file) throws Exception {
        Path script = session.currentDir().resolve(file);
        new Statements(session, System.out).run(read(script));
    }

    private static String read(Path script) throws IOException {
        try {
            return Files.readString(script, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException("no file " + script, e);
        }
    }
}
