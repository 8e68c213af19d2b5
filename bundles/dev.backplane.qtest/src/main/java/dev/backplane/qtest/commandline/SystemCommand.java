package dev.backplane.qtest.commandline;

import dev.backplane.board.DeviceRequest;
import dev.backplane.qtest.chardev.CharacterDevice;
import dev.backplane.qtest.chardev.Endpoint;
import dev.backplane.qtest.object.UserObject;
import dev.backplane.qtest.processor.ProcessorModel;
import dev.backplane.qtest.processor.Topology;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * What a command line asks for. Immutable.
 *
 * @param task what to do
 * @param machine machine type as written, for example {@code virt-11.1}
 * @param machineOptions options of the machine as written
 * @param devices devices, globals applied
 * @param globals defaults of properties
 * @param memory bytes of RAM
 * @param ram the object that is RAM, or empty when the command line names none
 * @param objects objects that the user makes, in the order of the command line
 * @param processors the processors and their arrangement
 * @param cpu processor model
 * @param accelerators accelerators in the order of preference
 * @param qtest where qtest is served
 * @param qtestLog file of the qtest log
 * @param monitors where QMP is served, in order
 * @param chardevs all character devices
 * @param shell whether a shell is opened on the terminal
 * @param stopped whether the machine starts stopped
 * @param noReboot whether a reset ends the process
 * @param exitWithParent whether the process ends with its parent
 * @param pidfile file that takes the process number
 * @param name name of the guest, or {@code ""}
 * @param uuid number of the guest, of which all bits are 0 when none is given
 * @param logItems what is logged besides warnings
 * @param logFile file of the log, or empty for standard error
 */
public record SystemCommand(
        Task task,
        String machine,
        Map<String, String> machineOptions,
        List<DeviceRequest> devices,
        Globals globals,
        long memory,
        Optional<UserObject> ram,
        List<UserObject> objects,
        Topology processors,
        ProcessorModel cpu,
        List<String> accelerators,
        Optional<Endpoint> qtest,
        Optional<String> qtestLog,
        List<Endpoint> monitors,
        List<CharacterDevice> chardevs,
        boolean shell,
        boolean stopped,
        boolean noReboot,
        boolean exitWithParent,
        Optional<String> pidfile,
        String name,
        UUID uuid,
        Set<String> logItems,
        Optional<String> logFile) {

    /** The object that is RAM, unless the user has named another. */
    public static final String RAM = "mach-virt.ram";

    /** Machine type that has nothing. */
    public static final String NO_MACHINE = "none";

    /** What a start is for. */
    public sealed interface Task {
        /** Run a machine. */
        record Run() implements Task {}

        /** Print the options. */
        record Help() implements Task {}

        /** Print the version. */
        record Version() implements Task {}

        /** Print a text that needs nothing to be looked up. */
        record Text(String text) implements Task {}

        /** Print the machine types. */
        record Machines() implements Task {}

        /** Print the options of a machine. */
        record MachineOptions(String machine) implements Task {}

        /** Print the device types. */
        record Devices() implements Task {}

        /** Print the properties of a device type. */
        record DeviceProperties(String type) implements Task {}
    }

    /** Copies the collections. */
    public SystemCommand {
        machineOptions = Map.copyOf(machineOptions);
        devices = List.copyOf(devices);
        accelerators = List.copyOf(accelerators);
        monitors = List.copyOf(monitors);
        objects = List.copyOf(objects);
        chardevs = List.copyOf(chardevs);
        logItems = Set.copyOf(logItems);
    }

    /** {@return the file that backs RAM, or {@code ""}} */
    public String memoryPath() {
        return ram.flatMap(object -> Optional.ofNullable(object.text("mem-path"))).orElse("");
    }

    /** {@return the help text} */
    public static String help() {
        return SupportedOption.help();
    }
}
