package dev.backplane.shell;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;

/** All commands of this bundle by full name, read from their classes. */
final class Commands {
    private static final Map<Class<?>, String> SCOPES = Map.ofEntries(
            Map.entry(BoardCommands.class, "board"),
            Map.entry(SlotCommands.class, "board"),
            Map.entry(ChangeCommands.class, "board"),
            Map.entry(MemCommands.class, "mem"),
            Map.entry(PciCommands.class, "pci"),
            Map.entry(SmmuCommands.class, "smmu"),
            Map.entry(AccelCommands.class, "smmu"),
            Map.entry(GicCommands.class, "gic"),
            Map.entry(ItsCommands.class, "its"),
            Map.entry(DmaCommands.class, "dma"),
            Map.entry(FirmwareCommands.class, "board"),
            Map.entry(KvmCommands.class, "kvm"),
            Map.entry(MsiCommands.class, "msi"),
            Map.entry(HostCommands.class, "host"),
            Map.entry(VfioCommands.class, "vfio"));

    private Commands() {}

    /** {@return the method of each command, by names like {@code board:plug}} */
    static Map<String, Method> byName() {
        var all = new LinkedHashMap<String, Method>();
        List<Class<?>> classes = SCOPES.keySet().stream()
                .sorted(Comparator.comparing(Class::getName))
                .toList();
        for (Class<?> type : classes) {
            Arrays.stream(type.getDeclaredMethods())
                    .filter(method -> Modifier.isPublic(method.getModifiers())
                            && method.isAnnotationPresent(Descriptor.class))
                    .forEach(method -> all.put(SCOPES.get(type) + ":" + method.getName(), method));
        }
        return all;
    }
}
