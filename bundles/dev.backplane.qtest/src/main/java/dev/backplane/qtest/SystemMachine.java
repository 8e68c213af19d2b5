package dev.backplane.qtest;

import dev.backplane.board.Boards;
import dev.backplane.qtest.commandline.CommandLineException;
import dev.backplane.qtest.commandline.CommandLineParser;
import dev.backplane.qtest.commandline.SystemCommand;
import dev.backplane.qtest.commandline.SystemCommand.Task;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Carries out a command line and answers the exit status. The launcher finds it by its service property and knows it as
 * a {@code Callable<Integer>} only; the arguments come as a framework property.
 */
@Component(service = Callable.class, property = "backplane.system:Boolean=true")
public final class SystemMachine implements Callable<Integer> {
    /** Framework property: the arguments, separated by NUL. */
    private static final String ARGUMENTS = "backplane.system.arguments";

    private static final int DONE = 0;
    private static final int FAILED = 1;

    private final BundleContext context;
    private final Boards boards;

    /** Takes what it needs. */
    @Activate
    public SystemMachine(BundleContext context, @Reference Boards boards) {
        this.context = context;
        this.boards = boards;
    }

    @Override
    public Integer call() throws InterruptedException {
        PrintStream out = System.out;
        var providers = new OsgiProviders(context);
        var help = new HelpTexts(providers);
        try {
            SystemCommand command = CommandLineParser.parse(arguments());
            switch (command.task()) {
                case Task.Help(), Task.Version(), Task.Text(_) -> out.print(PlainAnswers.to(command.task()).orElseThrow());
                case Task.Machines() -> out.print(help.machines());
                case Task.MachineOptions(String machine) -> out.print(help.machineOptions(machine));
                case Task.Devices() -> out.print(help.devices());
                case Task.DeviceProperties(String type) -> out.print(help.deviceProperties(type));
                case Task.Run() -> {
                    return new MachineRun(context, boards, providers, command).run();
                }
            }
            out.flush();
            return DONE;
        } catch (CommandLineException e) {
            System.err.println("backplane-system-aarch64: " + e.getMessage());
            return FAILED;
        }
    }

    private List<String> arguments() {
        String joined = context.getProperty(ARGUMENTS);
        return joined == null || joined.isEmpty() ? List.of() : Arrays.asList(joined.split("\0", -1));
    }
}
