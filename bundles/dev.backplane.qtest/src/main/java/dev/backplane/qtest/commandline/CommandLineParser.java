package dev.backplane.qtest.commandline;

import dev.backplane.board.DeviceRequest;
import dev.backplane.qtest.chardev.Endpoint;
import dev.backplane.qtest.commandline.Globals.Global;
import dev.backplane.qtest.commandline.SystemCommand.Task;
import dev.backplane.qtest.json.Json;
import dev.backplane.qtest.json.JsonException;
import dev.backplane.qtest.object.UserObject;
import dev.backplane.qtest.processor.Topology;
import java.util.ArrayList;
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
    private static final String KERNEL_IRQCHIP = "kernel-irqchip";
    private static final Set<String> ACCELERATORS = Set.of("qtest", "kvm", "tcg");
    private static final long DEFAULT_MEMORY = 128L << 20;
    private static final UUID NO_UUID = new UUID(0, 0);
    private static final String UUID_FORM = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

    /** What is done when the guest does something, by what it does. */
    private static final Map<String, Set<String>> ACTIONS = Map.of(
            "reboot", Set.of("reset", "shutdown"),
            "shutdown", Set.of("poweroff", "pause"),
            "panic", Set.of("pause", "shutdown", "exit-failure", "none"),
            "watchdog", Set.of("reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi"));

    private final CharacterDevices chardevs = new CharacterDevices();
    private final Map<String, UserObject> objects = new LinkedHashMap<>();
    private final Map<String, String> machine = new LinkedHashMap<>();
    private final List<Map<String, String>> devices = new ArrayList<>();
    private final List<Global> globals = new ArrayList<>();
    private final List<String> accelerators = new ArrayList<>();
    private final List<Deferred> monitors = new ArrayList<>();
    private int compatibleMonitors;
    private Task task = new Task.Run();
    private Deferred qtest;
    private Optional<String> qtestLog = Optional.empty();
    private Optional<String> pidfile = Optional.empty();
    private long memory = DEFAULT_MEMORY;
    private boolean memoryGiven;
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

    /** An endpoint whose character device may be declared later. */
    @FunctionalInterface
    private interface Deferred {
        Endpoint resolve() throws CommandLineException;
    }

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
        String help = isHelp(value) ? help(option) : "";
        if (!help.isEmpty()) {
            ask(new Task.Text(help));
            return;
        }
        switch (option) {
            case HELP, H -> ask(new Task.Help());
            case VERSION -> ask(new Task.Version());
            case MACHINE, M_ALIAS -> machine(OptionGroup.parse("-machine", value, "type"));
            case DEVICE -> device(value);
            case GLOBAL -> globals.add(global(value));
            case MEMORY -> memory(ParameterGroup.MEMORY.parse(label, value));
            case SMP -> processors = ProcessorArguments.topology(ParameterGroup.SMP.parse(label, value));
            case CPU -> cpu = value;
            case ACCEL -> accelerator(value);
            case ENABLE_KVM -> accelerators.add("kvm");
            case OBJECT -> object(value.startsWith("{")
                    ? new OptionGroup("-object", json(label, value))
                    : OptionGroup.parse(label, value, "qom-type"));
            case CHARDEV -> chardevs.declare(ParameterGroup.CHARDEV.parse(label, value));
            case QTEST -> qtest = () -> chardevs.endpoint(label, value, "qtest");
            case QTEST_LOG -> qtestLog = log(value);
            case QMP -> monitor(label, value);
            case MON -> mon(ParameterGroup.MON.parse(label, value));
            case MONITOR -> shell(value);
            case RUN_WITH -> exitWithParent = ParameterGroup.RUN_WITH.parse(label, value)
                    .isOn("exit-with-parent", exitWithParent);
            case PIDFILE -> pidfile = Optional.of(value);
            case NAME -> name = ParameterGroup.NAME.parse(label, value).get("guest").orElse("");
            case UUID -> uuid = uuid(value);
            case STOPPED -> stopped = true;
            case NO_REBOOT -> noReboot = true;
            case ACTION -> action(ParameterGroup.ACTION.parse(label, value));
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

    /** {@return what an option prints that is asked for help; empty when that is no matter of the command line alone} */
    private static String help(SupportedOption option) {
        return switch (option) {
            case MEMORY -> ParameterGroup.MEMORY.help();
            case SMP -> ParameterGroup.SMP.help();
            case CPU -> ProcessorArguments.help();
            case ACCEL -> "Accelerators supported:\nkvm\nqtest\ntcg\n";
            case CHARDEV -> ParameterGroup.CHARDEV.help();
            case RUN_WITH -> ParameterGroup.RUN_WITH.help();
            case ACTION -> ParameterGroup.ACTION.help();
            case LOG_ITEMS -> LogItem.help();
            case RTC -> ParameterGroup.RTC.help();
            case BOOT -> ParameterGroup.BOOT.help();
            case OVERCOMMIT -> ParameterGroup.OVERCOMMIT.help();
            default -> "";
        };
    }

    private void ask(Task asked) {
        if (task instanceof Task.Run) {
            task = asked;
        }
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

    private void action(OptionGroup group) throws CommandLineException {
        for (var parameter : group.values().entrySet()) {
            Set<String> known = ACTIONS.get(parameter.getKey());
            if (!known.contains(parameter.getValue())) {
                throw new CommandLineException("-action %s=%s: unsupported; the nearest supported one is %s=%s".formatted(
                        parameter.getKey(), parameter.getValue(), parameter.getKey(),
                        Nearest.to(parameter.getValue(), known)));
            }
        }
        noReboot = group.get("reboot").map("shutdown"::equals).orElse(noReboot);
    }

    private static Optional<String> log(String file) {
        return Optional.of(file).filter(name -> !name.equals("none"));
    }

    private static UUID uuid(String text) throws CommandLineException {
        if (Pattern.matches(UUID_FORM, text)) {
            return UUID.fromString(text);
        }
        throw new CommandLineException("-uuid %s: expected 32 hexadecimal digits in groups of 8-4-4-4-12".formatted(text));
    }

    // The machine

    private void machine(OptionGroup group) {
        machine.putAll(group.values());
        if (isHelp(machine.get("type"))) {
            ask(new Task.Machines());
        } else if (group.values().keySet().stream().anyMatch(CommandLineParser::isHelp)) {
            ask(new Task.MachineOptions(machine.getOrDefault("type", "virt")));
        }
    }

    private static boolean isHelp(String word) {
        return "help".equals(word) || "?".equals(word);
    }

    private void memory(OptionGroup group) throws CommandLineException {
        Optional<String> size = group.get("size");
        long bytes = size.isPresent() ? ByteSize.parse("-m", size.get(), 'M') : 0;
        if (bytes != 0) {
            memory = bytes;
            memoryGiven = true;
        }
        Optional<String> most = group.get("maxmem");
        if (most.isEmpty() && group.get("slots").isPresent()) {
            throw new CommandLineException("-m: slots need maxmem; leave both out: nothing depends on them");
        }
        if (most.isPresent() && Long.compareUnsigned(ByteSize.parse("-m maxmem", most.get(), 'M'), memory) < 0) {
            throw new CommandLineException(
                    "-m: maxmem=%s is less than the %d MiB of RAM; leave it out".formatted(most.get(), memory >> 20));
        }
    }

    private void accelerator(String value) throws CommandLineException {
        OptionGroup group = ParameterGroup.ACCEL.parse("-accel", value);
        accelerators(group.require("accel"));
        group.get(KERNEL_IRQCHIP).ifPresent(choice -> machine.put(KERNEL_IRQCHIP, choice));
    }

    private void accelerators(String names) throws CommandLineException {
        for (String one : names.split(":")) {
            if (!ACCELERATORS.contains(one)) {
                throw new CommandLineException("-accel %s: unsupported accelerator; the nearest supported one is %s"
                        .formatted(one, Nearest.to(one, ACCELERATORS)));
            }
            accelerators.add(one);
        }
    }

    // Devices and objects

    private void device(String text) throws CommandLineException {
        Map<String, String> device = text.startsWith("{")
                ? json("-device", text)
                : new LinkedHashMap<>(OptionGroup.parse("-device", text, "driver").values());
        String driver = device.get("driver");
        if (driver == null) {
            throw new CommandLineException("-device %s: parameter 'driver' is missing".formatted(text));
        }
        if (isHelp(driver)) {
            ask(new Task.Devices());
        } else if (device.keySet().stream().anyMatch(CommandLineParser::isHelp)) {
            ask(new Task.DeviceProperties(driver));
        } else {
            devices.add(device);
        }
    }

    private static Map<String, String> json(String option, String text) throws CommandLineException {
        try {
            if (Json.parse(text) instanceof Map<?, ?> object) {
                return DeviceArguments.ofJson(object);
            }
        } catch (JsonException | IllegalArgumentException e) {
            throw new CommandLineException("%s %s: %s".formatted(option, text, e.getMessage()));
        }
        throw new CommandLineException("%s %s: expected a JSON object".formatted(option, text));
    }

    private static Global global(String text) throws CommandLineException {
        int equals = text.indexOf('=');
        int dot = text.indexOf('.');
        if (dot > 0 && dot < equals - 1) {
            return new Global(text.substring(0, dot), text.substring(dot + 1, equals), text.substring(equals + 1));
        }
        OptionGroup group = ParameterGroup.GLOBAL.parse("-global", text);
        return new Global(group.require("driver"), group.require("property"), group.require("value"));
    }

    private void object(OptionGroup group) throws CommandLineException {
        UserObject object = ObjectArguments.parse(group);
        if (objects.putIfAbsent(object.id(), object) != null) {
            throw new CommandLineException("-object %s: duplicate id '%s'".formatted(object.type().typeName(), object.id()));
        }
        switch (object.type()) {
            case MONITOR_QMP -> monitors.add(() -> chardevs.declared("-object monitor-qmp", object.text("chardev")));
            case QTEST -> {
                qtest = () -> chardevs.declared("-object qtest", object.text("chardev"));
                qtestLog = log(object.text("log"));
            }
            case MEMORY_BACKEND_RAM, MEMORY_BACKEND_FILE, MEMORY_BACKEND_MEMFD, IOMMUFD -> {}
        }
    }

    // Monitors

    private void monitor(String label, String value) {
        if (!value.equals("none")) {
            int number = compatibleMonitors++;
            monitors.add(() -> chardevs.endpoint(label, value, "compat_monitor" + number));
        }
    }

    private void mon(OptionGroup group) throws CommandLineException {
        if (!group.get("mode").orElse("readline").equals("control")) {
            throw new CommandLineException("-mon: unsupported mode '%s'; the nearest supported one is mode=control, and"
                    .formatted(group.get("mode").orElse("readline")) + " -monitor stdio for a shell");
        }
        String chardev = group.require("chardev");
        monitors.add(() -> chardevs.declared("-mon", chardev));
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
        String type = machine.getOrDefault("type", task instanceof Task.Run ? "" : "virt");
        if (type.isEmpty()) {
            throw new CommandLineException("-machine is missing: there is no default; use -machine help to list types");
        }
        String machineAccelerators = machine.remove("accel");
        if (machineAccelerators != null) {
            accelerators(machineAccelerators);
        }
        machine.remove("type");
        if (type.equals(SystemCommand.NO_MACHINE) && processors.most() > 1) {
            throw new CommandLineException("-smp: machine none has no processors: leave it out, or choose another machine");
        }
        Optional<UserObject> ram = ram(machine.remove("memory-backend"));
        if (ram.isEmpty() && objects.containsKey(SystemCommand.RAM) && !type.equals(SystemCommand.NO_MACHINE)) {
            throw new CommandLineException("-object %s,id=%s: the machine's RAM has this id: choose another, or say"
                    .formatted(objects.get(SystemCommand.RAM).type().typeName(), SystemCommand.RAM)
                    + " -machine memory-backend=%s".formatted(SystemCommand.RAM));
        }
        List<Endpoint> resolved = new ArrayList<>();
        for (Deferred monitor : monitors) {
            resolved.add(monitor.resolve());
        }
        Optional<Endpoint> served = qtest == null ? Optional.empty() : Optional.of(qtest.resolve());
        var defaults = new Globals(globals);
        List<DeviceRequest> requests = new ArrayList<>();
        for (Map<String, String> device : devices) {
            requests.add(request(device, defaults));
        }
        return new SystemCommand(
                task, type, machine, requests, defaults, memory, ram, List.copyOf(objects.values()), processors,
                ProcessorArguments.model(cpu, accelerators), accelerators, served, qtestLog, resolved, chardevs.all(),
                shell, stopped, noReboot, exitWithParent, pidfile, name, uuid, logItems, logFile);
    }

    /** {@return the object that is RAM, whose size counts then} */
    private Optional<UserObject> ram(String id) throws CommandLineException {
        if (id == null) {
            return Optional.empty();
        }
        UserObject object = objects.get(id);
        if (object == null || !object.type().isMemory()) {
            throw new CommandLineException("-machine memory-backend=%s: there is no memory backend of that id; there are %s"
                    .formatted(id, objects.values().stream()
                            .filter(candidate -> candidate.type().isMemory())
                            .map(UserObject::id)
                            .toList()));
        }
        long size = object.number("size");
        if (memoryGiven && memory != size) {
            throw new CommandLineException("-m: %d bytes are not the %d bytes of memory-backend=%s; leave -m out"
                    .formatted(memory, size, id));
        }
        memory = size;
        return Optional.of(object);
    }

    private static DeviceRequest request(Map<String, String> device, Globals defaults) throws CommandLineException {
        Map<String, String> properties = new LinkedHashMap<>(device);
        String driver = properties.remove("driver");
        DeviceRequest request = DeviceArguments.request(driver, defaults.with(driver, properties));
        if (!DeviceArguments.isIdentifier(request.id())) {
            throw new CommandLineException(
                    "-device %s: id=%s: %s".formatted(driver, request.id(), DeviceArguments.IDENTIFIERS));
        }
        return request;
    }
}
