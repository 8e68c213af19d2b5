package dev.backplane.qtest.commandline;

import java.util.LinkedHashMap;
import java.util.Map;

/** The options of the command line, as {@code -help} prints them. */
enum SupportedOption {
    HELP("help", "", "print this text", true),
    H("h", "", "print this text", true),
    VERSION("version", "", "print the version", true),
    MACHINE("machine", "[type=]TYPE[,OPTION=VALUE...]", "machine; 'help' lists them, 'TYPE,help' its options", true),
    M_ALIAS("M", "TYPE[,OPTION=VALUE...]", "as -machine", true),
    DEVICE("device", "TYPE[,id=ID][,bus=BUS][,addr=DEV.FN][,PROPERTY=VALUE...]",
            "add a device, also as JSON; 'help' lists types, 'TYPE,help' properties", true),
    GLOBAL("global", "TYPE.PROPERTY=VALUE", "default of a property for devices of a type", true),
    MEMORY("m", "[size=]MEGABYTES", "size of RAM; a suffix K, M, G or T may follow", true),
    SMP("smp", "[cpus=]N[,maxcpus=N][,sockets=N][,clusters=N][,cores=N][,threads=N]",
            "number of processors and their arrangement", true),
    CPU("cpu", "MODEL[,FEATURE=VALUE...]", "recorded and shown, but for features; no processor runs; 'help' lists models",
            false),
    ACCEL("accel", "qtest|kvm|tcg", "qtest: clients drive the clock; kvm: with an accelerator; tcg: no processor runs", true),
    ENABLE_KVM("enable-kvm", "", "as -accel kvm", true),
    OBJECT("object", "TYPE,id=ID[,PROPERTY=VALUE...]",
            "memory-backend-ram, memory-backend-file, memory-backend-memfd, iommufd, monitor-qmp, qtest", true),
    CHARDEV("chardev", "socket|stdio|null,id=ID[,path=PATH][,fd=NUMBER][,server=on][,wait=off]", "a character device", true),
    QTEST("qtest", "unix:PATH|chardev:ID|stdio", "serve the qtest protocol", true),
    QTEST_LOG("qtest-log", "FILE", "log of the qtest protocol; 'none' and no option at all mean no log", true),
    QMP("qmp", "unix:PATH|chardev:ID|stdio", "serve QMP", true),
    MON("mon", "[chardev=]ID,mode=control", "serve QMP on a character device", true),
    MONITOR("monitor", "stdio|none", "stdio opens the shell", true),
    RUN_WITH("run-with", "exit-with-parent=on|off", "end when the parent process ends", true),
    PIDFILE("pidfile", "FILE", "write the process number", true),
    NAME("name", "NAME", "recorded and shown", false),
    STOPPED("S", "", "start stopped: 'cont' changes the run state", true),
    NO_REBOOT("no-reboot", "", "end instead of reset", true),
    ACTION("action", "reboot=reset|shutdown[,shutdown=...][,panic=...][,watchdog=...]",
            "reboot=shutdown: end instead of reset; the others have no effect, since no guest runs", true),
    UUID("uuid", "UUID", "recorded and shown", false),
    LOG_ITEMS("d", "ITEM[,...]",
            "log guest_errors (what a guest does wrong) or unimp (what it asks for in vain); 'help' lists the others,"
                    + " which do nothing", true),
    LOG_FILE("D", "FILE", "where -d logs to, instead of standard error", true),
    DISPLAY("display", "none", "there is no display", false),
    VGA("vga", "none", "there is no display", false),
    VNC("vnc", "none", "there is no display", false),
    NOGRAPHIC("nographic", "", "there is no display and no serial port; -monitor stdio opens the shell", false),
    AUDIO("audio", "none", "there is no audio", false),
    AUDIODEV("audiodev", "none,id=ID", "there is no audio", false),
    NET("net", "none", "there is no default network", false),
    NIC("nic", "none", "there is no default network", false),
    SERIAL("serial", "none|null", "there is no serial port", false),
    PARALLEL("parallel", "none|null", "there is no parallel port", false),
    NODEFAULTS("nodefaults", "", "there are no default devices", false),
    NO_USER_CONFIG("no-user-config", "", "no configuration file is read", false),
    NO_SHUTDOWN("no-shutdown", "", "no guest runs that could shut the machine down", false),
    TRACE("trace", "PATTERN", "there are no trace points", false),
    MSG("msg", "timestamp=on|off", "messages have no time stamps", false),
    DATA_FOLDER("L", "FOLDER", "there is no firmware to look for", false),
    RTC("rtc", "OPTION=VALUE[,...]", "there is no real time clock", false),
    BOOT("boot", "OPTION=VALUE[,...]", "there is no firmware", false),
    OVERCOMMIT("overcommit", "OPTION=on|off", "memory is as the host gives it", false);

    private static final Map<String, SupportedOption> BY_NAME = new LinkedHashMap<>();

    static {
        for (SupportedOption option : values()) {
            BY_NAME.put(option.optionName, option);
        }
    }

    private final String optionName;
    private final String argument;
    private final String summary;
    private final boolean effective;

    SupportedOption(String optionName, String argument, String summary, boolean effective) {
        this.optionName = optionName;
        this.argument = argument;
        this.summary = summary;
        this.effective = effective;
    }

    String optionName() {
        return optionName;
    }

    String summary() {
        return summary;
    }

    boolean hasArgument() {
        return !argument.isEmpty();
    }

    /** {@return whether the option does anything} */
    boolean isEffective() {
        return effective;
    }

    static SupportedOption find(String argument) throws CommandLineException {
        String name = argument.startsWith("--") ? argument.substring(2) : argument.substring(1);
        SupportedOption option = BY_NAME.get(name);
        if (option == null) {
            throw new CommandLineException(UnsupportedOption.message(name, BY_NAME.keySet()));
        }
        return option;
    }

    /** {@return the help text} */
    static String help() {
        var text = new StringBuilder("usage: backplane-system-aarch64 [options]\n\n");
        for (SupportedOption option : values()) {
            text.append("-%s%s\n        %s%s\n".formatted(
                    option.optionName,
                    option.hasArgument() ? " " + option.argument : "",
                    option.summary,
                    option.effective ? "" : " (no effect)"));
        }
        return text.toString();
    }
}
