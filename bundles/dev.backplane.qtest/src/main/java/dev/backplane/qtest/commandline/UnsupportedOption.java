package dev.backplane.qtest.commandline;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** What is said of options that are not supported: why those that clients know are not, and what to do instead. */
final class UnsupportedOption {
    private static final Map<String, String> REASONS = new LinkedHashMap<>();

    static {
        because("no processor runs, so there is nothing to boot; leave it out",
                "kernel", "initrd", "append", "dtb", "shim", "bios", "pflash", "option-rom", "no-fd-bootchk");
        because("no processor runs; leave it out", "semihosting", "semihosting-config", "plugin", "perfmap", "jitdump");
        because("there is no firmware that would read it; leave it out", "fw_cfg", "smbios", "acpitable", "prom-env");
        because("there are no disks; add what there is with -device",
                "drive", "blockdev", "hda", "hdb", "hdc", "hdd", "cdrom", "fda", "fdb", "sd", "mtdblock", "snapshot",
                "virtfs", "fsdev");
        because("there are no networks to connect to; the nearest supported one is -nic none", "netdev");
        because("no processor runs that could be debugged; reach memory and registers by -qtest",
                "gdb", "s", "singlestep");
        because("virtual time is driven by the clients of -accel qtest, with clock_step", "icount");
        because("there is no migration; leave it out", "incoming", "only-migratable", "loadvm");
        because("there is no display; the nearest supported one is -display none",
                "spice", "full-screen", "k");
        because("there is no such device; leave it out", "usb", "usbdevice", "tpmdev");
        because("nothing is random, and nothing is deprecated; leave it out", "seed", "compat");
        because("it stays in the foreground; start it in the background and find it by -pidfile", "daemonize");
        because("no system call is filtered; leave it out, or filter outside", "sandbox");
        because("memory has no nodes; leave it out", "numa");
        because("use -object memory-backend-file with -machine memory-backend=", "mem-path", "mem-prealloc");
        because("the nearest supported one is -chardev socket,fd=NUMBER", "add-fd");
        because("the process stays whose and where it is; start it as the user, in the root folder, that it is to have",
                "runas", "chroot");
        because("the nearest supported ones are -device and -global", "set", "readconfig", "writeconfig");
        because("the nearest supported one is -action", "watchdog", "watchdog-action");
        because("the nearest supported one is -S", "preconfig");
    }

    private UnsupportedOption() {}

    private static void because(String reason, String... options) {
        for (String option : options) {
            REASONS.put(option, reason);
        }
    }

    /**
     * {@return what is said of an option}
     *
     * @param supported names of options that are supported
     */
    static String message(String name, Collection<String> supported) {
        String reason = REASONS.get(name);
        return "-%s: unsupported option%s".formatted(name, reason == null
                ? "; the nearest supported one is -" + Nearest.to(name, supported)
                : ": " + reason);
    }
}
