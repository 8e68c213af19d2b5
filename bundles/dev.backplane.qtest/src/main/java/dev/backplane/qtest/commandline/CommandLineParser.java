package dev.backplane.qtest.commandline;

import dev.backplane.board.DeviceRequest;
import dev.backplane.qtest.chardev.Endpoint;
import dev.backplane.qtest.commandline.SystemCommand.Task;
import dev.backplane.qtest.object.UserObject;
import dev.backplane.qtest.processor.Topology;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;

/** Reads a command line, option after option. Not thread-safe; for one use. */
public final class CommandLineParser {
    private static final Set<String> NOTHING = Set.of("none", "null");
    private static final String DEFAULT_MACHINE = "virt";
    private static final UUID NO_UUID = new UUID(0, 0);
    private static final String UUID_FORM = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

    private final CharacterDevices chardevs = new CharacterDevices();
    private final ServedProtocols protocols = new ServedProtocols(chardevs);
    private final MachineArguments machine = new MachineArguments();
    private final AddedDevices devices = new AddedDevices();
    private final Map<String, UserObject> objects = new LinkedHashMap<>();
    private Task task = new Task.Run();
    private Optional<String> pidfile = Optional.empty();
    private Topology processors = Topology.SINGLE;
    private String cpu = "max";
    private String name = "";
    private UUID uuid = NO_UUID;
    private final Set<String> logItems = new LinkedHashSet<>();
    private Optional<String> logFile = Optional.empty();
    private boolean shell;
    private boolean stopped;
    private boolean noReboot;
    private boolean exitWithParent;

    private CommandLineParser() {}

    /**
     * Reads a command line.
     *
     * @throws CommandLineException if an option is not supported or its value does not fit
     */
    public static SystemCommand parse(List<String> arguments) throws CommandLineException {
        var parser = new CommandLineParser();
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (!argument.startsWith("-") || argument.length() == 1) {
                throw new CommandLineException(
                        "%s: unsupported argument: disk images are not supported, an option begins with -"
                                .formatted(argument));
            }
            SupportedOption option = SupportedOption.find(argument);
            String value = "";
            if (option.hasArgument()) {
                if (++i == arguments.size()) {
                    throw new CommandLineException(argument + ": requires an argument");
                }
                value = arguments.get(i);
            }
            parser.take(option, value);
        }
        return parser.finish();
    }

    private void take(SupportedOption option, String value) throws CommandLineException {
        String label = "-" + option.optionName();
        String help = OptionHelp.isAskedIn(value) ? OptionHelp.of(option) : "";
        if (!help.isEmpty()) {
            ask(new Task.Text(help));
            return;
        }
        switch (option) {
            case HELP, H -> ask(new Task.Help());
            case VERSION -> ask(new Task.Version());
            case MACHINE, M_ALIAS -> machine(OptionGroup.parse("-machine", value, "type"));
            case DEVICE -> device(AddedDevices.parse(value));
            case GLOBAL -> devices.global(value);
            case MEMORY -> machine.memory(ParameterGroup.MEMORY.parse(label, value));
            case SMP -> processors = ProcessorArguments.topology(ParameterGroup.SMP.parse(label, value));
            case CPU -> cpu = value;
            case ACCEL -> machine.accelerator(ParameterGroup.ACCEL.parse(label, value));
            case ENABLE_KVM -> machine.accelerators("kvm");
            case OBJECT -> object(value.startsWith("{")
                    ? new OptionGroup(label, DeviceArguments.ofJson(label, value))
                    : OptionGroup.parse(label, value, "qom-type"));
            case CHARDEV -> chardevs.declare(ParameterGroup.CHARDEV.parse(label, value));
            case QTEST -> protocols.qtest(label, value);
            case QTEST_LOG -> protocols.log(value);
            case QMP -> protocols.monitor(label, value);
            case MON -> protocols.mon(ParameterGroup.MON.parse(label, value));
            case MONITOR -> shell(value);
            case RUN_WITH -> exitWithParent = ParameterGroup.RUN_WITH.parse(label, value)
                    .isOn("exit-with-parent", exitWithParent);
            case PIDFILE -> pidfile = Optional.of(value);
            case NAME -> name = ParameterGroup.NAME.parse(label, value).get("guest").orElse("");
            case UUID -> uuid = uuid(value);
            case STOPPED -> stopped = true;
            case NO_REBOOT -> noReboot = true;
            case ACTION -> noReboot = GuestActions.endsOnReboot(ParameterGroup.ACTION.parse(label, value))
                    .orElse(noReboot);
            case DISPLAY, VGA, VNC, AUDIO, AUDIODEV, NET, NIC, SERIAL, PARALLEL -> nothing(option, value);
            case NOGRAPHIC, NODEFAULTS, NO_USER_CONFIG, NO_SHUTDOWN, TRACE, DATA_FOLDER -> {}
            case LOG_ITEMS -> logItems.addAll(LogItem.parse(value));
            case LOG_FILE -> logFile = Optional.of(value);
            case MSG -> ParameterGroup.MSG.parse(label, value);
            case RTC -> ParameterGroup.RTC.parse(label, value);
            case BOOT -> ParameterGroup.BOOT.parse(label, value);
            case OVERCOMMIT -> ParameterGroup.OVERCOMMIT.parse(label, value);
        }
    }

    private void ask(Task asked) {
        if (task instanceof Task.Run) {
            task = asked;
        }
    }

    private void machine(OptionGroup group) {
        machine.machine(group);
        String type = machine.type().orElse(DEFAULT_MACHINE);
        if (OptionHelp.isAsked(type)) {
            ask(new Task.Machines());
        } else if (group.values().keySet().stream().anyMatch(OptionHelp::isAsked)) {
            ask(new Task.MachineOptions(type));
        }
    }

    private void device(Map<String, String> device) {
        String driver = device.get("driver");
        if (OptionHelp.isAsked(driver)) {
            ask(new Task.Devices());
        } else if (device.keySet().stream().anyMatch(OptionHelp::isAsked)) {
            ask(new Task.DeviceProperties(driver));
        } else {
            devices.add(device);
        }
    }

    private void object(OptionGroup group) throws CommandLineException {
        Optional<String> help = ObjectArguments.help(group);
        if (help.isPresent()) {
            ask(new Task.Text(help.get()));
            return;
        }
        UserObject object = ObjectArguments.parse(group);
        if (objects.putIfAbsent(object.id(), object) != null) {
            throw new CommandLineException(
                    "-object %s: duplicate id '%s'".formatted(object.type().typeName(), object.id()));
        }
        protocols.object(object);
    }

    private static void nothing(SupportedOption option, String value) throws CommandLineException {
        String label = "-" + option.optionName();
        OptionGroup group = OptionGroup.parse(label, value, "type");
        String backend = group.get("driver").or(() -> group.get("type")).orElse("");
        if (!NOTHING.contains(backend)) {
            throw new CommandLineException("%s %s: unsupported, since %s; the nearest supported one is %s none"
                    .formatted(label, value, option.summary(), label));
        }
    }

    private static UUID uuid(String text) throws CommandLineException {
        if (Pattern.matches(UUID_FORM, text)) {
            return UUID.fromString(text);
        }
        throw new CommandLineException(
                "-uuid %s: expected 32 hexadecimal digits in groups of 8-4-4-4-12".formatted(text));
    }

    private void shell(String value) throws CommandLineException {
        switch (value) {
            case "stdio" -> shell = true;
            case "none", "null" -> shell = false;
            default -> throw new CommandLineException(
                    "-monitor %s: unsupported; the nearest supported one is -monitor stdio".formatted(value));
        }
    }

    // All together

    private SystemCommand finish() throws CommandLineException {
        String type = machine.type().orElse(task instanceof Task.Run ? "" : DEFAULT_MACHINE);
        if (type.isEmpty()) {
            throw new CommandLineException("-machine is missing: there is no default; use -machine help to list types");
        }
        machine.finish();
        List<DeviceRequest> requests = devices.requests();
        if (type.equals(SystemCommand.NO_MACHINE) && !requests.isEmpty()) {
            throw new CommandLineException("-device %s: machine none has no bus: leave it out, or choose another"
                    .formatted(requests.getFirst().deviceType()) + " machine");
        }
        if (type.equals(SystemCommand.NO_MACHINE) && processors.most() > 1) {
            throw new CommandLineException(
                    "-smp: machine none has no processors: leave it out, or choose another machine");
        }
        Optional<UserObject> ram = machine.ram(objects);
        if (ram.isEmpty() && objects.containsKey(SystemCommand.RAM) && !type.equals(SystemCommand.NO_MACHINE)) {
            throw new CommandLineException("-object %s,id=%s: the machine's RAM has this id: choose another, or say"
                    .formatted(objects.get(SystemCommand.RAM).type().typeName(), SystemCommand.RAM)
                    + " -machine memory-backend=%s".formatted(SystemCommand.RAM));
        }
        List<Endpoint> monitors = protocols.monitors();
        Optional<Endpoint> qtest = protocols.qtest();
        chardevs.requireOneTerminal(shell);
        return new SystemCommand(
                task, type, machine.options(), requests, devices.globals(), machine.memory(), ram,
                List.copyOf(objects.values()), processors, ProcessorArguments.model(cpu, machine.accelerators()),
                machine.accelerators(), qtest, protocols.log(), monitors, chardevs.all(), shell, stopped, noReboot,
                exitWithParent, pidfile, name, uuid, logItems, logFile);
    }
}
