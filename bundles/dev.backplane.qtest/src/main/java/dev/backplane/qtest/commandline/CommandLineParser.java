package dev.backplane.qtest.commandline;

import dev.backplane.board.DeviceRequest;
import dev.backplane.qtest.chardev.Endpoint;
import dev.backplane.qtest.commandline.Globals.Global;
import dev.backplane.qtest.commandline.SystemCommand.Task;
import dev.backplane.qtest.json.Json;
import dev.backplane.qtest.json.JsonException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads a command line, option after option. Not thread-safe; for one use. */
public final class CommandLineParser {
    private static final Set<String> NOTHING = Set.of("none", "null");
    private static final String KERNEL_IRQCHIP = "kernel-irqchip";
    private static final Set<String> ACCELERATORS = Set.of("qtest", "kvm", "tcg");
    private static final Set<String> RUN_WITH = Set.of("exit-with-parent", "async-teardown");
    private static final Set<String> SMP =
            Set.of("cpus", "sockets", "dies", "clusters", "cores", "threads", "maxcpus");
    private static final long DEFAULT_MEMORY = 128L << 20;
    private static final int MOST_PROCESSORS = 512;

    private final CharacterDevices chardevs = new CharacterDevices();
    private final Map<String, OptionGroup> memoryBackends = new LinkedHashMap<>();
    private final Map<String, String> machine = new LinkedHashMap<>();
    private final List<Map<String, String>> devices = new ArrayList<>();
    private final List<Global> globals = new ArrayList<>();
    private final List<String> accelerators = new ArrayList<>();
    private final List<Deferred> monitors = new ArrayList<>();
    private Task task = new Task.Run();
    private Deferred qtest;
    private Optional<String> qtestLog = Optional.empty();
    private Optional<String> pidfile = Optional.empty();
    private long memory = DEFAULT_MEMORY;
    private int processors = 1;
    private String cpu = "max";
    private String name = "";
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
        switch (option) {
            case HELP, H -> ask(new Task.Help());
            case VERSION -> ask(new Task.Version());
            case MACHINE, M_ALIAS -> machine(OptionGroup.parse("-machine", value, "type"));
            case DEVICE -> device(value);
            case GLOBAL -> globals.add(global(value));
            case MEMORY -> memory = memory(OptionGroup.parse(label, value, "size"));
            case SMP -> processors = processors(OptionGroup.parse(label, value, "cpus").allow(SMP));
            case CPU -> cpu = value;
            case ACCEL -> {
                OptionGroup group = OptionGroup.parse(label, value, "accel");
                accelerator(group.require("accel"));
                group.get(KERNEL_IRQCHIP).ifPresent(choice -> machine.put(KERNEL_IRQCHIP, choice));
            }
            case OBJECT -> object(value.startsWith("{")
                    ? new OptionGroup("-object", json(label, value))
                    : OptionGroup.parse(label, value, "qom-type"));
            case CHARDEV -> chardevs.declare(OptionGroup.parse(label, value, "backend"));
            case QTEST -> qtest = () -> chardevs.endpoint(label, value);
            case QTEST_LOG -> qtestLog = Optional.of(value).filter(file -> !file.equals("none"));
            case QMP -> monitor(label, value);
            case MON -> mon(OptionGroup.parse(label, value, "chardev"));
            case MONITOR -> shell(value);
            case RUN_WITH -> exitWithParent = OptionGroup.parse(label, value, "").allow(RUN_WITH)
                    .isOn("exit-with-parent", exitWithParent);
            case PIDFILE -> pidfile = Optional.of(value);
            case NAME -> name = OptionGroup.parse(label, value, "guest").get("guest").orElse("");
            case STOPPED -> stopped = true;
            case NO_REBOOT -> noReboot = true;
            case DISPLAY, VGA, AUDIO, NET, NIC, SERIAL, PARALLEL -> nothing(label, value);
            case NODEFAULTS, NO_USER_CONFIG, NO_SHUTDOWN, TRACE -> {}
            case LOG_ITEMS -> logItems.addAll(List.of(value.split(",")));
            case LOG_FILE -> logFile = Optional.of(value);
            case MSG, UUID, RTC, BOOT, OVERCOMMIT -> {}
        }
    }

    private void ask(Task asked) {
        if (task instanceof Task.Run) {
            task = asked;
        }
    }

    private static void nothing(String option, String value) throws CommandLineException {
        String backend = OptionGroup.parse(option, value, "type").values().values().iterator().next();
        if (!NOTHING.contains(backend)) {
            throw new CommandLineException(
                    "%s %s: unsupported; the nearest supported one is %s none".formatted(option, value, option));
        }
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

    private static long memory(OptionGroup group) throws CommandLineException {
        group.allow(Set.of("size", "slots", "maxmem"));
        return ByteSize.parse("-m", group.require("size"), 'M');
    }

    private static int processors(OptionGroup group) throws CommandLineException {
        int product = 1;
        for (String key : SMP) {
            if (!key.equals("cpus") && !key.equals("maxcpus")) {
                product *= count(group.get(key).orElse("1"));
            }
        }
        return group.get("cpus").isPresent() ? count(group.require("cpus")) : product;
    }

    private static int count(String text) throws CommandLineException {
        if (text.matches("[0-9]{1,3}")) {
            int number = Integer.parseInt(text);
            if (number >= 1 && number <= MOST_PROCESSORS) {
                return number;
            }
        }
        throw new CommandLineException(
                "-smp: '%s' is no number of processors: expected 1 to %d".formatted(text, MOST_PROCESSORS));
    }

    private void accelerator(String accelerator) throws CommandLineException {
        for (String one : accelerator.split(":")) {
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
        OptionGroup group = OptionGroup.parse("-global", text, "").allow(Set.of("driver", "property", "value"));
        return new Global(group.require("driver"), group.require("property"), group.require("value"));
    }

    private void object(OptionGroup group) throws CommandLineException {
        String type = group.require("qom-type");
        String id = group.require("id");
        switch (type) {
            case "memory-backend-ram", "memory-backend-memfd" -> memoryBackends.put(id, group);
            case "memory-backend-file" -> {
                group.require("mem-path");
                memoryBackends.put(id, group);
            }
            case "monitor-qmp" -> {
                String chardev = group.require("chardev");
                monitors.add(() -> chardevs.declared("-object monitor-qmp", chardev));
            }
            case "qtest" -> {
                String chardev = group.require("chardev");
                qtest = () -> chardevs.declared("-object qtest", chardev);
                qtestLog = group.get("log").filter(file -> !file.equals("none"));
            }
            case "iommufd" -> {} // an id that devices may name; the host's IOMMU is found as a service
            default -> throw new CommandLineException("-object %s: unsupported type; the nearest supported one is %s"
                    .formatted(type, Nearest.to(type, Set.of("memory-backend-ram", "memory-backend-memfd",
                            "memory-backend-file", "monitor-qmp", "qtest", "iommufd"))));
        }
    }

    // Monitors

    private void monitor(String label, String value) {
        if (!value.equals("none")) {
            monitors.add(() -> chardevs.endpoint(label, value));
        }
    }

    private void mon(OptionGroup group) throws CommandLineException {
        group.allow(Set.of("chardev", "mode", "pretty", "id"));
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
            accelerator(machineAccelerators);
        }
        machine.remove("type");
        String backend = machine.remove("memory-backend");
        String memoryPath = "";
        if (backend != null) {
            OptionGroup group = memoryBackends.get(backend);
            if (group == null) {
                throw new CommandLineException("-machine memory-backend=%s: there is no memory backend of that id; there are %s"
                        .formatted(backend, memoryBackends.keySet()));
            }
            memory = ByteSize.parse("-object " + backend, group.require("size"), 'B');
            memoryPath = group.get("mem-path").orElse("");
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
                task, type, machine, requests, defaults, memory, memoryPath, processors, cpu, accelerators, served,
                qtestLog, resolved, shell, stopped, noReboot, exitWithParent, pidfile, name,
                logItems, logFile);
    }

    private static DeviceRequest request(Map<String, String> device, Globals defaults) throws CommandLineException {
        Map<String, String> properties = new LinkedHashMap<>(device);
        String driver = properties.remove("driver");
        DeviceRequest request = DeviceArguments.request(driver, defaults.with(driver, properties));
        if (!DeviceArguments.isIdentifier(request.id())) {
            throw new CommandLineException(
                    "-device %s: id=%s: expected letters, digits, '-', '.' and '_', a letter first"
                            .formatted(driver, request.id()));
        }
        return request;
    }
}
