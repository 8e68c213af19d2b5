package dev.backplane.qtest.qmp;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What commands answer and events carry, by the names that QEMU's QAPI schema has for it. A member is written
 * {@code name: type}, an optional one {@code name?: type}, a list of a type {@code [type]}. Immutable.
 */
final class QapiTypes {
    /** The type of what has no members. */
    static final String EMPTY = "Empty";

    /** A type that is no builtin and no list. */
    sealed interface Type {}

    /** One of several texts. */
    record Enumeration(List<String> values) implements Type {}

    /** Members by their names. */
    record Structure(List<Member> members) implements Type {}

    /**
     * A member.
     *
     * @param name name
     * @param type name of its type
     * @param optional whether it may be missing
     */
    record Member(String name, String type, boolean optional) {}

    private static final Map<String, Type> TYPES = new LinkedHashMap<>();

    static {
        structure(EMPTY);
        structure("VersionTriple", "major: int", "minor: int", "micro: int");
        structure("VersionInfo", "qemu: VersionTriple", "package: str");
        enumeration("RunState", "prelaunch", "running", "paused", "shutdown");
        structure("StatusInfo", "running: bool", "status: RunState");
        structure("MachineInfo", "name: str", "alias?: str", "cpu-max: int", "hotpluggable-cpus: bool",
                "numa-mem-supported: bool", "deprecated: bool", "default-ram-id?: str",
                "acpi: bool");
        enumeration("SysEmuTarget", "aarch64");
        structure("CpuInstanceProperties", "socket-id?: int", "cluster-id?: int", "core-id?: int", "thread-id?: int");
        structure("HotpluggableCPU", "type: str", "vcpus-count: int", "props: CpuInstanceProperties", "qom-path?: str");
        structure("CpuInfoFast", "cpu-index: int", "qom-path: str", "qom-type: str", "thread-id: int",
                "target: SysEmuTarget", "props?: CpuInstanceProperties");
        structure("CpuDefinitionInfo", "name: str", "static: bool", "typename: str", "deprecated: bool");
        structure("NameInfo", "name?: str");
        structure("TargetInfo", "arch: SysEmuTarget");
        structure("UuidInfo", "UUID: str");
        structure("KvmInfo", "enabled: bool", "present: bool");
        enumeration("Accelerator", "kvm", "qtest", "tcg");
        structure("AcceleratorInfo", "enabled: Accelerator", "present: [Accelerator]");
        structure("CurrentMachineParams", "wakeup-suspend-support: bool");
        structure("GICCapability", "version: int", "emulated: bool", "kernel: bool");
        structure("MemoryInfo", "base-memory: int", "plugged-memory?: int");
        enumeration("HostMemPolicy", "default");
        structure("Memdev", "id?: str", "size: int", "merge: bool", "dump: bool", "prealloc: bool", "share: bool",
                "reserve?: bool", "host-nodes: [int]", "policy: HostMemPolicy");
        structure("ChardevInfo", "label: str", "filename: str", "frontend-open: bool");
        enumeration("CommandLineParameterType", "string", "boolean", "number", "size");
        structure("CommandLineParameterInfo", "name: str", "type: CommandLineParameterType", "help?: str");
        structure("CommandLineOptionInfo", "option: str", "parameters: [CommandLineParameterInfo]");
        structure("IOThreadInfo", "id: str", "thread-id: int", "poll-max-ns: int", "poll-grow: int", "poll-shrink: int",
                "poll-weight: int", "aio-max-batch: int");
        structure("BlockInfo", "device: str", "qdev?: str", "type: str", "removable: bool", "locked: bool");
        enumeration("JobType", "commit", "stream", "mirror", "backup", "create", "amend", "snapshot-load",
                "snapshot-save", "snapshot-delete");
        enumeration("JobStatus", "undefined", "created", "running", "paused", "ready", "standby", "waiting", "pending",
                "aborting", "concluded", "null");
        structure("JobInfo", "id: str", "type: JobType", "status: JobStatus", "current-progress: int",
                "total-progress: int", "error?: str");
        structure("ObjectPropertyInfo", "name: str", "type: str", "description?: str", "default-value?: any");
        structure("ObjectPropertyValue", "name: str", "type: str", "value?: any");
        structure("ObjectPropertiesValues", "properties: [ObjectPropertyValue]");
        structure("ObjectTypeInfo", "name: str", "abstract?: bool", "parent?: str");
        structure("PciMemoryRange", "base: int", "limit: int");
        structure("PciMemoryRegion", "bar: int", "type: str", "address: int", "size: int", "prefetch?: bool",
                "mem_type_64?: bool");
        structure("PciBridgeBus", "number: int", "secondary: int", "subordinate: int", "io_range: PciMemoryRange",
                "memory_range: PciMemoryRange", "prefetchable_range: PciMemoryRange");
        structure("PciBridgeInfo", "bus: PciBridgeBus", "devices?: [PciDeviceInfo]");
        structure("PciDeviceClass", "desc?: str", "class: int");
        structure("PciDeviceId", "device: int", "vendor: int", "subsystem?: int", "subsystem-vendor?: int");
        structure("PciDeviceInfo", "bus: int", "slot: int", "function: int", "class_info: PciDeviceClass",
                "id: PciDeviceId", "irq?: int", "irq_pin: int", "qdev_id: str", "pci_bridge?: PciBridgeInfo",
                "regions: [PciMemoryRegion]");
        structure("PciInfo", "bus: int", "devices: [PciDeviceInfo]");
        structure("CommandInfo", "name: str");
        enumeration("SchemaMetaType", "builtin", "enum", "array", "object", "command", "event");
        structure("SchemaInfo", "name: str", "meta-type: SchemaMetaType", "json-type?: str", "values?: [str]",
                "element-type?: str", "members?: any", "arg-type?: str", "ret-type?: str");
        enumeration("ShutdownCause", "host-qmp-quit", "host-qmp-system-reset", "host-signal");
        structure("ShutdownData", "guest: bool", "reason: ShutdownCause");
        structure("DeviceDeletedData", "device?: str", "path: str");
    }

    private static final Map<String, String> RETURNS = Map.ofEntries(
            Map.entry("query-version", "VersionInfo"),
            Map.entry("query-status", "StatusInfo"),
            Map.entry("query-machines", "[MachineInfo]"),
            Map.entry("query-cpus-fast", "[CpuInfoFast]"),
            Map.entry("query-cpu-definitions", "[CpuDefinitionInfo]"),
            Map.entry("query-hotpluggable-cpus", "[HotpluggableCPU]"),
            Map.entry("query-name", "NameInfo"),
            Map.entry("query-uuid", "UuidInfo"),
            Map.entry("query-accelerators", "AcceleratorInfo"),
            Map.entry("query-current-machine", "CurrentMachineParams"),
            Map.entry("query-gic-capabilities", "[GICCapability]"),
            Map.entry("query-memory-size-summary", "MemoryInfo"),
            Map.entry("query-memdev", "[Memdev]"),
            Map.entry("query-chardev", "[ChardevInfo]"),
            Map.entry("query-command-line-options", "[CommandLineOptionInfo]"),
            Map.entry("query-iothreads", "[IOThreadInfo]"),
            Map.entry("query-block", "[BlockInfo]"),
            Map.entry("query-jobs", "[JobInfo]"),
            Map.entry("query-target", "TargetInfo"),
            Map.entry("query-kvm", "KvmInfo"),
            Map.entry("qom-list", "[ObjectPropertyInfo]"),
            Map.entry("qom-list-get", "[ObjectPropertiesValues]"),
            Map.entry("qom-get", "any"),
            Map.entry("qom-list-types", "[ObjectTypeInfo]"),
            Map.entry("qom-list-properties", "[ObjectPropertyInfo]"),
            Map.entry("device-list-properties", "[ObjectPropertyInfo]"),
            Map.entry("query-pci", "[PciInfo]"),
            Map.entry("human-monitor-command", "str"),
            Map.entry("query-commands", "[CommandInfo]"),
            Map.entry("query-qmp-schema", "[SchemaInfo]"));

    private static final Map<String, String> EVENTS = Map.of(
            "DEVICE_DELETED", "DeviceDeletedData",
            "RESET", "ShutdownData",
            "RESUME", EMPTY,
            "SHUTDOWN", "ShutdownData",
            "STOP", EMPTY);

    private QapiTypes() {}

    private static void structure(String name, String... members) {
        List<Member> parsed = new ArrayList<>();
        for (String member : members) {
            int colon = member.indexOf(": ");
            boolean optional = member.charAt(colon - 1) == '?';
            parsed.add(new Member(
                    member.substring(0, optional ? colon - 1 : colon), member.substring(colon + 2), optional));
        }
        TYPES.put(name, new Structure(List.copyOf(parsed)));
    }

    private static void enumeration(String name, String... values) {
        TYPES.put(name, new Enumeration(List.of(values)));
    }

    /** {@return the name of the type of what a command answers; empty where it answers nothing of note} */
    static String returned(String command) {
        return RETURNS.getOrDefault(command, EMPTY);
    }

    /** {@return the names of all events and of the types of what they carry} */
    static Map<String, String> events() {
        return EVENTS;
    }

    /** {@return all types by name} */
    static Map<String, Type> types() {
        return TYPES;
    }
}
