package dev.backplane.console;

import dev.backplane.board.Boards;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.apache.felix.service.command.CommandProcessor;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Carries out what the process was started for, and answers its exit status. The launcher finds it by its service
 * property and knows it as a {@code Callable<Integer>} only; the task comes as framework properties.
 */
@Component(service = Callable.class, property = "backplane.console:Boolean=true")
public final class Console implements Callable<Integer> {

    private static final String COMMANDS = "backplane.console.commands";
    private static final String SCRIPT = "backplane.console.script";
    private static final int NO_SUCH_SCRIPT = 2;

    /** The process's own streams: Gogo puts streams that lead to the session in the place of those of System. */
    private static final PrintStream OUT = stream(FileDescriptor.out);

    private static final PrintStream ERRORS = stream(FileDescriptor.err);

    private final BundleContext context;
    private final CommandProcessor processor;
    private final Builtins builtins;
    private volatile TerminalShell shell;

    /** Takes what it needs. */
    @Activate
    public Console(BundleContext context, @Reference CommandProcessor processor) {
        this.context = context;
        this.processor = processor;
        this.builtins = Builtins.register(context, processor);
    }

    @Deactivate
    void deactivate() {
        builtins.unregister();
        TerminalShell running = shell;
        if (running != null) {
            running.stop();
        }
    }

    @Override
    public Integer call() throws Exception {
        awaitBoards();
        String commands = context.getProperty(COMMANDS);
        String script = context.getProperty(SCRIPT);
        if (commands != null) {
            return run().all(commands);
        }
        if (script != null) {
            return runScript(Path.of(script));
        }
        if (System.console() != null && System.console().isTerminal()) {
            shell = new TerminalShell(context, processor);
            return shell.run();
        }
        return run().lines(new FileInputStream(FileDescriptor.in));
    }

    private CommandRun run() {
        return new CommandRun(processor, OUT, ERRORS);
    }

    private int runScript(Path script) throws IOException {
        try {
            return run().all(Files.readString(script, StandardCharsets.UTF_8));
        } catch (NoSuchFileException e) {
            ERRORS.println("backplane: no script " + script + "; --file needs a file of shell commands");
            return NO_SUCH_SCRIPT;
        }
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new BufferedOutputStream(new FileOutputStream(descriptor)), true, StandardCharsets.UTF_8);
    }

    private void awaitBoards() throws InterruptedException {
        ServiceReference<Boards> reference = context.getServiceReference(Boards.class);
        if (reference != null) {
            new BoardsReady(context.getService(reference), ERRORS).await();
            context.ungetService(reference);
        }
    }
}
