package dev.backplane.qtest.commandline;

import dev.backplane.qtest.object.UserObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a command line says of the machine itself: its type, options, RAM and accelerators. Not thread-safe. */
final class MachineArguments {
    private static final String TYPE = "type";
    private static final String ACCELERATOR = "accel";
    private static final String KERNEL_IRQCHIP = "kernel-irqchip";
    private static final String MEMORY_BACKEND = "memory-backend";
    private static final Set<String> ACCELERATORS = Set.of("qtest", "kvm", "tcg");
    private static final long DEFAULT_MEMORY = 128L << 20;

    private final Map<String, String> options = new LinkedHashMap<>();
    private final List<String> accelerators = new ArrayList<>();
    private long memory = DEFAULT_MEMORY;
    private boolean memoryGiven;

    /** Takes a {@code -machine}: of several, each option counts as it was said last. */
    void machine(OptionGroup group) {
        options.putAll(group.values());
    }

    /** Takes a {@code -m}. */
    void memory(OptionGroup group) throws CommandLineException {
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

    /** Takes an {@code -accel}. */
    void accelerator(OptionGroup group) throws CommandLineException {
        accelerators(group.require(ACCELERATOR));
        group.get(KERNEL_IRQCHIP).ifPresent(choice -> options.put(KERNEL_IRQCHIP, choice));
    }

    /** Takes names of accelerators, separated by colons. */
    void accelerators(String names) throws CommandLineException {
        for (String one : names.split(":")) {
            if (!ACCELERATORS.contains(one)) {
                throw new CommandLineException("-accel %s: unsupported accelerator; the nearest supported one is %s"
                        .formatted(one.isEmpty() ? "''" : one, Nearest.to(one, ACCELERATORS)));
            }
            accelerators.add(one);
        }
    }

    /** {@return the machine type, or empty when none is given} */
    Optional<String> type() {
        return Optional.ofNullable(options.get(TYPE));
    }

    /** Takes the accelerators among the machine's options, when all of them are known. */
    void finish() throws CommandLineException {
        String wanted = options.remove(ACCELERATOR);
        if (wanted != null) {
            accelerators(wanted);
        }
    }

    /** {@return the object that is RAM, whose size counts from now on} */
    Optional<UserObject> ram(Map<String, UserObject> objects) throws CommandLineException {
        String id = options.get(MEMORY_BACKEND);
        if (id == null) {
            return Optional.empty();
        }
        UserObject object = objects.get(id);
        if (object == null || !object.type().isMemory()) {
            List<String> there = objects.values().stream()
                    .filter(candidate -> candidate.type().isMemory())
                    .map(UserObject::id)
                    .toList();
            throw new CommandLineException("-machine memory-backend=%s: there is no memory backend of that id; %s"
                    .formatted(id, there.isEmpty() ? "make one with -object" : "there are " + there));
        }
        long size = object.number("size");
        if (memoryGiven && memory != size) {
            throw new CommandLineException("-m: %d bytes are not the %d bytes of memory-backend=%s; leave -m out"
                    .formatted(memory, size, id));
        }
        memory = size;
        return Optional.of(object);
    }

    /** {@return bytes of RAM} */
    long memory() {
        return memory;
    }

    /** {@return accelerators in the order of preference} */
    List<String> accelerators() {
        return accelerators;
    }

    /** {@return options that are the machine's own matter} */
    Map<String, String> options() {
        Map<String, String> own = new LinkedHashMap<>(options);
        own.remove(TYPE);
        own.remove(MEMORY_BACKEND);
        return own;
    }
}
