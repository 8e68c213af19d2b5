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
    private static final Map<Class<?>, String> SCOPES = Map.of(
            BoardCommands.class, "board",
            SlotCommands.class, "board",
            ChangeCommands.class, "board",
            MemCommands.class, "mem",
            PciCommands.class, "pci",
            SmmuCommands.class, "smmu",
            GicCommands.class, "gic",
            ItsCommands.class, "its",
            DmaCommands.class, "dma",
            MsiCommands.class, "msi");

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
