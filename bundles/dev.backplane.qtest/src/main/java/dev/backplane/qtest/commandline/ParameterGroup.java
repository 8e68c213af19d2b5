package dev.backplane.qtest.commandline;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Options that take parameters: which ones, and of which types. The names of the groups are those of QMP. */
public enum ParameterGroup {
    /** Threads that run processors, and what goes with them. */
    ACCEL("accel", "accel", "accel: string", "kernel-irqchip: string", "thread: string", "tb-size: number",
            "one-insn-per-tb: boolean", "split-wx: boolean", "dirty-ring-size: number"),
    /** What is done when the guest does something. */
    ACTION("action", "", "reboot: string", "shutdown: string", "panic: string", "watchdog: string"),
    /** What is booted. */
    BOOT("boot-opts", "order", "order: string", "once: string", "menu: boolean", "splash: string",
            "splash-time: number", "reboot-timeout: number", "strict: boolean"),
    /** Character devices. */
    CHARDEV("chardev", "backend", "backend: string", "id: string", "path: string", "fd: string", "host: string", "port: string",
            "to: number", "ipv4: boolean", "ipv6: boolean", "nodelay: boolean", "server: boolean", "wait: boolean",
            "telnet: boolean", "abstract: boolean", "reconnect: number", "reconnect-ms: number", "mux: boolean",
            "signal: boolean", "logfile: string", "logappend: boolean"),
    /** Defaults of properties. */
    GLOBAL("global", "", "driver: string", "property: string", "value: string"),
    /** Memory. */
    MEMORY("memory", "size", "size: size", "slots: number", "maxmem: size"),
    /** Monitors. */
    MON("mon", "chardev", "chardev: string", "mode: string", "pretty: boolean", "id: string"),
    /** Messages. */
    MSG("msg", "", "timestamp: boolean", "guest-name: boolean"),
    /** Name of the guest. */
    NAME("name", "guest", "guest: string", "process: string", "debug-threads: boolean"),
    /** How memory and processors are promised. */
    OVERCOMMIT("overcommit", "", "mem-lock: string", "cpu-pm: boolean"),
    /** The real time clock. */
    RTC("rtc", "", "base: string", "clock: string", "driftfix: string"),
    /** How the process runs. */
    RUN_WITH("run-with", "", "exit-with-parent: boolean", "async-teardown: boolean"),
    /** Processors. */
    SMP("smp-opts", "cpus", "cpus: number", "maxcpus: number", "drawers: number", "books: number", "sockets: number",
            "dies: number", "clusters: number", "modules: number", "cores: number", "threads: number");

    /**
     * A parameter.
     *
     * @param name name
     * @param type string, boolean, number or size
     */
    public record Parameter(String name, String type) {}

    private final String groupName;
    private final String impliedKey;
    private final Map<String, String> types = new LinkedHashMap<>();

    ParameterGroup(String groupName, String impliedKey, String... parameters) {
        this.groupName = groupName;
        this.impliedKey = impliedKey;
        for (String parameter : parameters) {
            int colon = parameter.indexOf(':');
            types.put(parameter.substring(0, colon), parameter.substring(colon + 2));
        }
    }

    /** {@return the name of the group in QMP} */
    public String groupName() {
        return groupName;
    }

    /** {@return all parameters} */
    public List<Parameter> parameters() {
        List<Parameter> parameters = new ArrayList<>();
        types.forEach((name, type) -> parameters.add(new Parameter(name, type)));
        return parameters;
    }

    /** {@return what help with them prints} */
    String help() {
        var text = new StringBuilder(groupName).append(" options:\n");
        types.forEach((name, type) -> text.append("  %s=<%s>\n".formatted(name, type)));
        return text.toString();
    }

    /** {@return the keys} */
    Set<String> keys() {
        return types.keySet();
    }

    /** Reads an argument; refuses what is no parameter. */
    OptionGroup parse(String option, String text) throws CommandLineException {
        return check(OptionGroup.parse(option, text, impliedKey));
    }

    /** {@return a group, which has none but these parameters} */
    OptionGroup check(OptionGroup group) throws CommandLineException {
        group.allow(keys());
        for (String key : group.values().keySet()) {
            if (types.get(key).equals("boolean")) {
                group.isOn(key, false);
            }
        }
        return group;
    }
}
