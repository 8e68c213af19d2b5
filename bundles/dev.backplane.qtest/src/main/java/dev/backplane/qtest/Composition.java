package dev.backplane.qtest;

import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineType;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceProperties;
import dev.backplane.qtest.commandline.CommandLineException;
import dev.backplane.qtest.commandline.MachineOptions;
import dev.backplane.qtest.commandline.Nearest;
import dev.backplane.qtest.commandline.SystemCommand;
import dev.backplane.qtest.control.Providers;
import dev.backplane.qtest.qom.AnonymousSlots;
import dev.backplane.qtest.qom.MachineNames;
import dev.backplane.qtest.qom.QomTypes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes a board definition of a command line. For one use. */
final class Composition {
    static final String BOARD = "virt0";

    private static final String ACCELERATOR = "accel";
    private static final String SMMU_TYPE = "arm-smmuv3";
    private static final String IOMMU_STAGE = "iommu-stage";
    private static final String IOMMU_PROFILE = "iommu-profile";
    private static final String PROFILE = "profile";

    /** Clients compare ID registers and what follows from them, so an SMMU shows those that they know. */
    private static final String KNOWN_PROFILE = "virt-11.1";

    private static final String VIRTIO_TRANSPORTS = "virtio-mmio-transports";

    /** Clients look for a transport before anything else to know the machine by it. */
    private static final String KNOWN_VIRTIO_TRANSPORTS = "32";

    private static final String ONLY_STAGE_1 = "1";
    private static final String PROCESSORS = "smp";
    private static final String GIC_VERSION = "gic-version";

    /** More do not fit a GICv2, which clients get who ask for no version. */
    private static final int MOST_OF_GICV2 = 8;

    private final Providers providers;
    private final SystemCommand command;
    private final AnonymousSlots anonymous;
    private final List<String> warnings = new ArrayList<>();

    Composition(Providers providers, SystemCommand command, AnonymousSlots anonymous) {
        this.providers = providers;
        this.command = command;
        this.anonymous = anonymous;
    }

    /**
     * {@return the definition}
     *
     * @param manualClock whether clients drive the clock
     * @param accelerator what runs the guest
     * @throws CommandLineException if the machine has no such option, or there is no such machine or device type
     */
    BoardDefinition definition(boolean manualClock, String accelerator) throws CommandLineException {
        MachineType type = machineType(command.machine());
        Map<String, String> options = new LinkedHashMap<>();
        Set<String> known = type.options().stream().map(option -> option.name()).collect(Collectors.toSet());
        if (known.contains("memory")) {
            options.put("memory", Long.toString(command.memory()));
            options.put("mem-path", command.memoryPath());
        }
        if (known.contains(PROCESSORS)) {
            options.put(PROCESSORS, Integer.toString(command.processors().present()));
        }
        if (known.contains(GIC_VERSION) && !accelerator.equals("kvm")) {
            options.put(GIC_VERSION, command.processors().most() > MOST_OF_GICV2 ? "3" : "2");
        }
        if (known.contains("clock")) {
            options.put("clock", manualClock ? "manual" : "realtime");
        }
        if (known.contains(ACCELERATOR)) {
            options.put(ACCELERATOR, accelerator);
        }
        if (known.contains(IOMMU_STAGE) && MachineNames.hasChoiceOfStages(command.machine())) {
            options.put(IOMMU_STAGE, ONLY_STAGE_1);
        }
        if (known.contains(IOMMU_PROFILE)) {
            options.put(IOMMU_PROFILE, KNOWN_PROFILE);
        }
        if (known.contains(VIRTIO_TRANSPORTS)) {
            options.put(VIRTIO_TRANSPORTS, KNOWN_VIRTIO_TRANSPORTS);
        }
        var globals = new BoardGlobals(providers, command.globals(), type);
        Map<String, String> meant = globals.options();
        if (!MachineNames.hasChoiceOfStages(command.machine()) && meant.remove(IOMMU_STAGE) != null
                && "smmuv3".equals(command.machineOptions().get("iommu"))) {
            warnings.add("-global arm-smmuv3.stage has no effect on the machine's own SMMU, which has both stages since"
                    + " virt-9.2; use -machine iommu-stage=");
        }
        options.putAll(meant);
        for (var option : command.machineOptions().entrySet()) {
            String elsewhere = MachineOptions.elsewhere(option.getKey());
            if (!elsewhere.isEmpty()) {
                throw new CommandLineException("-machine %s: unsupported option '%s'; use %s"
                        .formatted(command.machine(), option.getKey(), elsewhere));
            }
            if (known.contains(option.getKey())) {
                options.put(option.getKey(), option.getValue());
            } else if (!MachineOptions.WITHOUT_EFFECT.contains(option.getKey())) {
                throw new CommandLineException("-machine %s: unsupported option '%s'; the nearest supported one is '%s'"
                        .formatted(command.machine(), option.getKey(), Nearest.to(option.getKey(), Stream.concat(
                                        known.stream().filter(name -> !MachineOptions.ELSEWHERE.containsKey(name)),
                                        MachineOptions.WITHOUT_EFFECT.stream())
                                .toList())));
            }
        }
        if (known.contains(PROCESSORS) && command.processors().most() > command.processors().present()) {
            requireRoom(type, options, command.processors().most());
        }
        warnings.addAll(globals.check(options));
        List<DeviceRequest> devices = new ArrayList<>();
        Set<String> checked = new HashSet<>();
        for (DeviceRequest device : command.devices()) {
            if (checked.add(device.deviceType())) { // a model is made to look at
                requireType(device.deviceType());
            }
            devices.add(complete(device));
        }
        return new BoardDefinition(BOARD, type.name(), options, devices);
    }

    /** The machine has to take all processors that there is room for, even if it makes fewer. */
    private static void requireRoom(MachineType type, Map<String, String> options, int processors)
            throws CommandLineException {
        Map<String, String> full = new LinkedHashMap<>(options);
        full.put(PROCESSORS, Integer.toString(processors));
        try {
            type.define(DeviceProperties.of(type.name(), type.options(), full));
        } catch (IllegalArgumentException e) {
            throw new CommandLineException("-smp maxcpus=%d: %s".formatted(processors, e.getMessage()));
        }
    }

    /** {@return what the user should know of the definition} */
    List<String> warnings() {
        return warnings;
    }

    /** {@return a request that leaves nothing open} */
    private DeviceRequest complete(DeviceRequest device) {
        String type = device.deviceType();
        Map<String, String> properties = new LinkedHashMap<>(device.properties());
        boolean hasProfile = type.equals(SMMU_TYPE)
                && providers.deviceFactory(SMMU_TYPE).orElseThrow().properties().stream()
                        .anyMatch(property -> property.name().equals(PROFILE));
        if (hasProfile) {
            properties.putIfAbsent(PROFILE, KNOWN_PROFILE);
        }
        String slot = device.id().isEmpty() ? anonymous.name(type) : device.id();
        return new DeviceRequest(type, slot, device.bus(), device.address(), properties);
    }

    private MachineType machineType(String name) throws CommandLineException {
        for (MachineType type : providers.machineTypes()) {
            if (type.name().equals(MachineNames.base(name))) {
                return type;
            }
        }
        throw new CommandLineException(new MachineNames(providers).unsupported(name));
    }

    private void requireType(String type) throws CommandLineException {
        providers.needDevice(type);
        Optional<DeviceFactory> factory = providers.deviceFactory(type);
        if (factory.isEmpty()) {
            throw new CommandLineException(
                    "-device %s: %s".formatted(type, providers.whyNoDevice(type, QomTypes::isPluggable)));
        }
        if (!QomTypes.isPluggable(factory.get())) {
            throw new CommandLineException("-device %s: not a pluggable device type: machines make theirs themselves; see"
                    .formatted(type) + " -machine %s,help".formatted(command.machine()));
        }
    }
}
