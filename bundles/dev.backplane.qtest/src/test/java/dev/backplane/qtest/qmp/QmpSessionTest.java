package dev.backplane.qtest.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.qtest.control.MachineControl;
import dev.backplane.qtest.fake.FakeBoard;
import dev.backplane.qtest.fake.FakeRun;
import dev.backplane.qtest.fake.ScriptedChannel;
import dev.backplane.qtest.json.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QmpSessionTest {
    private static final String NEGOTIATE = "{\"execute\":\"qmp_capabilities\"}";

    private final FakeBoard board = new FakeBoard();
    private String line = "-name guest";
    private MachineControl control = new MachineControl(Optional.of(board), false, false);

    private List<String> raw(byte[] script, int piece) throws Exception {
        var channel = new ScriptedChannel(script, piece);
        new QmpServer(new QmpCatalog(new FakeRun(board, line).subject(control)), control).serve(channel);
        return channel.answers();
    }

    private List<String> answers(String... requests) throws Exception {
        byte[] script = String.join("", requests).getBytes(StandardCharsets.UTF_8);
        return raw(script, script.length);
    }

    /** {@return what one command answers after negotiation, without its envelope when it went well} */
    private Object execute(String request) throws Exception {
        List<String> lines = answers(NEGOTIATE, request);
        Map<?, ?> reply = (Map<?, ?>) Json.parse(lines.get(2));
        return reply.containsKey("return") ? reply.get("return") : reply.get("error");
    }

    @Test
    void theGreetingComesFirst() throws Exception {
        assertThat(answers("").getFirst()).isEqualTo("{\"QMP\":{\"version\":{\"qemu\":{\"major\":11,\"minor\":1,"
                + "\"micro\":0},\"package\":\"Backplane 0.1.0\"},\"capabilities\":[\"oob\"]}}");
    }

    @Test
    void requestsNeedNothingBetweenThem() throws Exception {
        assertThat(answers(NEGOTIATE, "{'execute':'query-name','id':7}", "{\"execute\":\"query-target\",\"id\":null}"))
                .endsWith("{\"return\":{}}", "{\"return\":{\"name\":\"guest\"},\"id\":7}",
                        "{\"return\":{\"arch\":\"aarch64\"},\"id\":null}");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 17})
    void requestsMayArriveInPieces(int piece) throws Exception {
        byte[] script = (NEGOTIATE + "{\"execute\":\"query-name\"}").getBytes(StandardCharsets.UTF_8);
        assertThat(raw(script, piece)).hasSize(3).last().isEqualTo("{\"return\":{\"name\":\"guest\"}}");
    }

    @Test
    void nothingIsTakenBeforeNegotiation() throws Exception {
        assertThat(answers("{\"execute\":\"query-name\"}", NEGOTIATE, NEGOTIATE)).containsSubsequence(
                "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"Expecting capabilities negotiation with"
                        + " 'qmp_capabilities'\"}}",
                "{\"return\":{}}",
                "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"Capabilities negotiation is already complete,"
                        + " command ignored\"}}");
    }

    @Test
    void theFormOfARequestIsLookedAtFirst() throws Exception {
        String[] requests = {
            "{'execute':'nonsense','arguments':[]}", "{'execute':'nonsense','extra':true}", "{'execute':true}", "{}", "null "
        };
        List<String> lines = new ArrayList<>(answers(requests));
        lines.addAll(answers(NEGOTIATE + String.join("", requests)));
        assertThat(lines.stream().filter(line -> line.contains("\"error\"")))
                .hasSize(2 * requests.length)
                .allMatch(line -> line.contains("GenericError"));
    }

    @Test
    void theOfferedCapabilityCanBeEnabledAndNoOther() throws Exception {
        List<String> lines = answers(
                "{'execute':'qmp_capabilities','arguments':{'enable':['oob','fly']}}",
                "{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}",
                "{'exec-oob':'query-name','id':1}", "{'exec-oob':'nonsense'}", "{'exec-oob':'stop','execute':'stop'}",
                "{'exec-oob':5}", "{'execute':'query-name'}");
        assertThat(lines.subList(1, lines.size())).containsExactly(
                "{\"error\":{\"class\":\"GenericError\",\"desc\":\"Parameter 'enable[1]' does not accept value 'fly';"
                        + " it must be one of oob\"}}",
                "{\"return\":{}}",
                "{\"error\":{\"class\":\"GenericError\",\"desc\":\"The command query-name does not support OOB;"
                        + " use 'execute'\"},\"id\":1}",
                "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command nonsense has not been found\"}}",
                "{\"error\":{\"class\":\"GenericError\","
                        + "\"desc\":\"QMP input member 'exec-oob' clashes with 'execute'\"}}",
                "{\"error\":{\"class\":\"GenericError\",\"desc\":\"QMP input member 'exec-oob' must be a string\"}}",
                "{\"return\":{\"name\":\"guest\"}}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"execute\":\"nonsense\"} | CommandNotFound | The command nonsense has not been found",
        "{\"exec-oob\":\"stop\"} | GenericError | QMP input member 'exec-oob' is unexpected",
        "{\"run\":1} | GenericError | QMP input member 'run' is unexpected",
        "{\"id\":1} | GenericError | QMP input lacks member 'execute'",
        "{\"execute\":1} | GenericError | QMP input member 'execute' must be a string",
        "{\"execute\":\"stop\",\"arguments\":[]} | GenericError | QMP input member 'arguments' must be an object",
        "{\"execute\":\"stop\",\"arguments\":{\"x\":1}} | GenericError | Parameter 'x' is unexpected",
        "{\"execute\":\"qom-list\"} | GenericError | Parameter 'path' is missing",
        "{\"execute\":\"qom-list\",\"arguments\":{\"path\":5}} | GenericError"
                + " | Invalid parameter type for 'path', expected: string",
        "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/x\"}} | DeviceNotFound | Device '/x' not found",
        "{\"execute\":\"qom-list-get\",\"arguments\":{\"paths\":[\"/\",1]}} | GenericError"
                + " | Invalid parameter type for 'paths[1]', expected: string",
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\",\"id\":\"1st\"}} | GenericError"
                + " | Parameter 'id' expects an identifier",
        "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine\",\"property\":\"x\"}} | GenericError"
                + " | Property 'virt-11.1-machine.x' not found",
        "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"nic\",\"property\":\"level\",\"value\":5}} | GenericError"
                + " | Attempt to set property 'level' on device 'nic' (type 'edu') after it was realized",
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"nope\"}} | GenericError"
                + " | 'nope' is not a valid device model name",
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"arm-gicv3\"}} | GenericError"
                + " | Parameter 'driver' expects a pluggable device type, and machines make their 'arm-gicv3' themselves",
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\",\"id\":\"nic\"}} | GenericError"
                + " | Duplicate device ID 'nic'",
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\",\"nonsense\":1}} | GenericError"
                + " | edu has no property 'nonsense'; it has dma_mask",
        "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\",\"level\":{}}} | GenericError"
                + " | Invalid parameter 'level': expected text, a number or a boolean, not {}",
        "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"x\"}} | DeviceNotFound | Device 'x' not found",
        "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"gic\"}} | DeviceNotFound | Device 'gic' not found",
        "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"edu#0\"}} | DeviceNotFound | Device 'edu#0' not found",
        "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"/machine/unattached/device[1]\"}} | GenericError"
                + " | slot gic is part of machine virt and must stay",
        "{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":\"device\"}} | GenericError"
                + " | Parameter 'typename' expects a non-abstract device type",
        "{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":\"x\"}} | DeviceNotFound"
                + " | Device 'x' not found",
        "{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":\"iommufd\"}} | GenericError"
                + " | Parameter 'typename' expects a non-abstract device type",
        "{\"execute\":\"qom-list-properties\",\"arguments\":{\"typename\":\"x\"}} | DeviceNotFound"
                + " | Class 'x' not found",
        "{\"execute\":\"object-add\",\"arguments\":{\"id\":\"x\"}} | GenericError | Parameter 'qom-type' is missing",
        "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"iommufd\"}} | GenericError"
                + " | Parameter 'id' is missing",
        "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"edu\",\"id\":\"x\"}} | GenericError"
                + " | Parameter 'qom-type' does not accept value 'edu'; the nearest one is qtest",
        "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"iommufd\",\"id\":\"3\"}} | GenericError"
                + " | Parameter 'id' expects an identifier",
        "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"iommufd\",\"id\":\"mach-virt.ram\"}}"
                + " | GenericError | Duplicate object ID 'mach-virt.ram'",
        "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"memory-backend-ram\",\"id\":\"x\"}} | GenericError"
                + " | Parameter 'size' is missing",
        "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"monitor-qmp\",\"id\":\"x\",\"chardev\":\"c\"}}"
                + " | GenericError | monitor-qmp serves from the start only: use -object monitor-qmp",
        "{\"execute\":\"object-del\",\"arguments\":{\"id\":\"x\"}} | GenericError | object 'x' not found",
        "{\"execute\":\"object-del\",\"arguments\":{\"id\":\"mach-virt.ram\"}} | GenericError"
                + " | object 'mach-virt.ram' is used by the machine and must stay",
        "{\"execute\":\"query-command-line-options\",\"arguments\":{\"option\":\"nope\"}} | GenericError | *",
        "{\"execute\":\"pmemsave\",\"arguments\":{\"val\":0,\"size\":1,\"filename\":\"/nowhere/x\"}} | GenericError"
                + " | Could not open '/nowhere/x': no such file or folder",
        "[1] | GenericError | QMP input must be a JSON object",
        "{] | GenericError | JSON parse error, ']' where '}' was expected",
        "{\"execute\":} | GenericError | *",
    })
    void whatIsWrongIsAnErrorOfItsClass(String request, String kind, String description) throws Exception {
        Map<?, ?> error = (Map<?, ?>) execute(request);
        assertThat(error.get("class")).isEqualTo(kind);
        if (!description.equals("*")) {
            assertThat(error.get("desc")).isEqualTo(description);
        }
    }

    @Test
    void machinesHaveTheKeysThatClientsCheck() throws Exception {
        assertThat(execute("{\"execute\":\"query-machines\"}").toString()).isEqualTo(
                "[{hotpluggable-cpus=false, name=none, numa-mem-supported=false, cpu-max=1, deprecated=false, acpi=false}, "
                        + "{hotpluggable-cpus=false, name=virt-11.1, numa-mem-supported=false, cpu-max=512,"
                        + " deprecated=false, acpi=true, alias=virt, default-ram-id=mach-virt.ram}]");
    }

    @Test
    void processorsAreSeated() throws Exception {
        line = "-smp 4,sockets=2,cores=2 -cpu cortex-a57";
        assertThat((List<?>) execute("{\"execute\":\"query-cpus-fast\"}")).hasSize(4).last().asString().contains(
                "cpu-index=3, qom-path=/machine/unattached/device[3], qom-type=cortex-a57-arm-cpu",
                "props={socket-id=1, cluster-id=0, core-id=1, thread-id=0}");
        assertThat(execute("{\"execute\":\"query-hotpluggable-cpus\"}"))
                .isEqualTo(Map.of("class", "GenericError", "desc", "machine 'virt' takes no processors while it runs"));
    }

    @Test
    void processorModelsAreThoseThatTheCommandLineTakes() throws Exception {
        List<String> names = new ArrayList<>();
        for (Object model : (List<?>) execute("{\"execute\":\"query-cpu-definitions\"}")) {
            assertThat(((Map<?, ?>) model).keySet()).isEqualTo(Set.of("name", "typename", "static", "deprecated"));
            names.add(((Map<?, ?>) model).get("name").toString());
        }
        assertThat(names).hasSize(14).contains("max", "cortex-a57").doesNotContain("host");
        line = "-accel kvm";
        assertThat(execute("{\"execute\":\"query-cpu-definitions\"}").toString()).contains("name=host,");
    }

    @Test
    void whatTheCommandLineSaidIsShown() throws Exception {
        line = "-name guest=g -uuid 12345678-1234-1234-1234-123456789ABC -m 256 -chardev null,id=c -qmp chardev:c"
                + " -object memory-backend-ram,id=m1,size=1M";
        assertThat(execute("{\"execute\":\"query-name\"}")).isEqualTo(Map.of("name", "g"));
        assertThat(execute("{\"execute\":\"query-uuid\"}"))
                .isEqualTo(Map.of("UUID", "12345678-1234-1234-1234-123456789abc"));
        assertThat(execute("{\"execute\":\"query-chardev\"}"))
                .isEqualTo(List.of(Map.of("label", "c", "filename", "null", "frontend-open", true)));
        assertThat(execute("{\"execute\":\"query-memory-size-summary\"}"))
                .isEqualTo(Map.of("base-memory", 256L << 20, "plugged-memory", 0L));
        assertThat(execute("{\"execute\":\"query-memdev\"}").toString())
                .contains("id=mach-virt.ram, size=268435456, ", "id=m1, size=1048576, ");
    }

    @Test
    void optionsOfTheCommandLineAreListed() throws Exception {
        String list = "{\"execute\":\"query-command-line-options\",\"arguments\":{\"option\":\"%s\"}}";
        assertThat(execute(list.formatted("memory")).toString()).isEqualTo("[{parameters=[{name=size, type=size},"
                + " {name=slots, type=number}, {name=maxmem, type=size}], option=memory}]");
        assertThat(execute(list.formatted("machine")).toString())
                .contains("{name=type, type=string, help=machine type}", "name=gic-version, type=string",
                        "{name=usb, type=string, help=no effect}")
                .doesNotContain("name=smp", "name=clock");
        assertThat(execute(list.formatted("device")).toString()).isEqualTo("[{parameters=[], option=device}]");
        assertThat(execute("{\"execute\":\"query-command-line-options\"}").toString())
                .contains("option=smp-opts", "option=chardev", "option=boot-opts", "option=rtc", "option=object");
    }

    @Test
    void objectsComeAndGo() throws Exception {
        List<String> lines = answers(NEGOTIATE,
                "{'execute':'object-add','arguments':{'qom-type':'iommufd','id':'host'}}",
                "{'execute':'object-add','arguments':{'qom-type':'memory-backend-ram','id':'m','size':4096,'share':true}}",
                "{'execute':'qom-list','arguments':{'path':'/objects'}}",
                "{'execute':'qom-get','arguments':{'path':'/objects/m','property':'size'}}",
                "{'execute':'object-del','arguments':{'id':'m'}}",
                "{'execute':'object-del','arguments':{'id':'m'}}");
        assertThat(lines.subList(2, 8)).containsExactly(
                "{\"return\":{}}",
                "{\"return\":{}}",
                "{\"return\":[{\"name\":\"type\",\"type\":\"string\"},"
                        + "{\"name\":\"mach-virt.ram\",\"type\":\"child<memory-backend-ram>\"},"
                        + "{\"name\":\"host\",\"type\":\"child<iommufd>\"},"
                        + "{\"name\":\"m\",\"type\":\"child<memory-backend-ram>\"}]}",
                "{\"return\":4096}",
                "{\"return\":{}}",
                "{\"error\":{\"class\":\"GenericError\",\"desc\":\"object 'm' not found\"}}");
    }

    @Test
    void anObjectThatADeviceUsesStays() throws Exception {
        List<String> lines = answers(NEGOTIATE,
                "{'execute':'object-add','arguments':{'qom-type':'iommufd','id':'host'}}",
                "{'execute':'device_add','arguments':{'driver':'edu','id':'e1','iommufd':'host'}}",
                "{'execute':'object-del','arguments':{'id':'host'}}",
                "{'execute':'device_del','arguments':{'id':'e1'}}",
                "{'execute':'object-del','arguments':{'id':'host'}}");
        assertThat(lines.get(4)).contains("object 'host' is in use by device 'e1'");
        assertThat(lines.getLast()).isEqualTo("{\"return\":{}}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "edu | name=type, name=parent_bus, name=realized, name=hotplugged, name=hotpluggable, name=level, name=profile,"
                + " name=stage",
        "device | name=type, name=parent_bus, name=realized, name=hotplugged, name=hotpluggable",
        "object | name=type", "container | name=type", "iommufd | name=type",
        "cortex-a57-arm-cpu | name=type, name=parent_bus, name=realized, name=hotplugged, name=hotpluggable",
        "memory-backend-ram | name=type, name=size, name=share, name=merge, name=dump, name=prealloc, name=reserve",
        "virt-11.1-machine | name=type, name=iommu, name=iommu-stage, name=iommu-profile, name=gic-version,"
                + " name=virtio-mmio-transports",
        "virt-machine | name=type, name=iommu, name=iommu-stage, name=iommu-profile, name=gic-version,"
                + " name=virtio-mmio-transports",
        "none-machine | name=type",
    })
    void everyTypeListsItsProperties(String type, String names) throws Exception {
        List<String> listed = new ArrayList<>();
        for (Object property : (List<?>) execute(
                "{\"execute\":\"qom-list-properties\",\"arguments\":{\"typename\":\"%s\"}}".formatted(type))) {
            listed.add("name=" + ((Map<?, ?>) property).get("name"));
        }
        assertThat(String.join(", ", listed)).isEqualTo(names);
    }

    @Test
    void whatTheMachineCannotHaveIsAnEmptyList() throws Exception {
        for (String query : List.of("query-block", "query-iothreads", "query-jobs")) {
            assertThat(execute("{\"execute\":\"%s\"}".formatted(query))).as(query).isEqualTo(List.of());
        }
    }

    @Test
    void theAcceleratorIsNamed() throws Exception {
        assertThat(execute("{\"execute\":\"query-accelerators\"}"))
                .isEqualTo(Map.of("enabled", "qtest", "present", List.of("kvm", "qtest", "tcg")));
    }

    @Test
    void interruptControllersThatThereAreAreToldByVersion() throws Exception {
        assertThat(execute("{\"execute\":\"query-gic-capabilities\"}"))
                .isEqualTo(List.of(Map.of("version", 3L, "emulated", true, "kernel", false)));
    }

    @Test
    void typesTellTheirAncestry() throws Exception {
        assertThat(execute("{\"execute\":\"qom-list-types\",\"arguments\":{\"implements\":\"device\",\"abstract\":true}}")
                        .toString())
                .contains("{name=device, abstract=true, parent=object}", "{name=arm-gicv3, parent=arm-gicv3-common}",
                        "{name=edu, parent=pci-device}")
                .doesNotContain("machine");
        assertThat(execute("{\"execute\":\"qom-list-types\",\"arguments\":{\"implements\":\"device\"}}").toString())
                .contains("{name=arm-smmuv3, parent=arm-smmu}")
                .doesNotContain("abstract");
        assertThat(execute("{\"execute\":\"qom-list-types\",\"arguments\":{\"implements\":\"machine\"}}").toString())
                .isEqualTo("[{name=none-machine, parent=machine}, {name=virt-11.1-machine, parent=virt-machine}]");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "/machine/unattached/device[1] | arm-gicv3", "/machine/unattached/device[2] | arm-smmuv3",
        "/machine/unattached/device[0] | max-arm-cpu", "/machine/peripheral/nic | edu", "nic | edu",
        "/machine | virt-11.1-machine", "/ | container"
    })
    void pathsLeadToSlots(String path, String type) throws Exception {
        assertThat(execute("{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"%s\",\"property\":\"type\"}}"
                        .formatted(path)))
                .isEqualTo(type);
    }

    @Test
    void propertiesOfSeveralObjectsComeWithTheirValues() throws Exception {
        assertThat(execute("{\"execute\":\"qom-list-get\",\"arguments\":{\"paths\":[\"nic\",\"/\"]}}").toString())
                .startsWith("[{properties=[{name=type, type=string, value=edu},")
                .contains("{properties=[{name=type, type=string, value=container},");
    }

    @Test
    void aProcessorIsADeviceWithoutProperties() throws Exception {
        assertThat(execute(
                        "{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":\"max-arm-cpu\"}}"))
                .isEqualTo(List.of());
    }

    @Test
    void pluggedDevicesAppearAndDisappear() throws Exception {
        List<String> lines = answers(NEGOTIATE,
                "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\",\"id\":\"e1\",\"level\":5,\"on\":true}}",
                "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/e1\",\"property\":\"addr\"}}",
                "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"/machine/peripheral/e1\"}}",
                "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral/e1\"}}");
        assertThat(lines.subList(2, 5)).containsExactly("{\"return\":{}}", "{\"return\":16}", "{\"return\":{}}");
        assertThat(lines.get(5)).endsWith("\"event\":\"DEVICE_DELETED\",\"data\":{\"device\":\"e1\","
                + "\"path\":\"/machine/peripheral/e1\"}}");
        assertThat(lines.get(6)).contains("DeviceNotFound");
        assertThat(board.events).hasSize(2).first().asString().contains("level=5", "on=on");
    }

    @Test
    void globalsAreDefaultsOfPluggedDevices() throws Exception {
        line = "-global edu.level=4 -global edu.profile=virt-11.1 -global edu.level=6 -global arm-smmuv3.stage=1";
        answers(NEGOTIATE,
                "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\",\"id\":\"e1\"}}",
                "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\",\"id\":\"e2\",\"level\":5}}");
        assertThat(board.events).satisfiesExactly(
                event -> assertThat(event).contains("level=6", "profile=virt-11.1").doesNotContain("stage"),
                event -> assertThat(event).contains("level=5", "profile=virt-11.1"));
    }

    @Test
    void aDeviceWithoutIdKeepsItsPathWhenAnotherGoes() throws Exception {
        String del = "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"%s\"}}";
        String add = "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\"}}";
        String list = "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral-anon\"}}";
        List<String> lines = answers(NEGOTIATE, add, add,
                del.formatted("edu0"), del.formatted("/machine/peripheral-anon/device[0]"), add, list);
        assertThat(lines.get(4)).contains("DeviceNotFound");
        assertThat(lines.get(6)).endsWith("\"data\":{\"path\":\"/machine/peripheral-anon/device[0]\"}}");
        assertThat(lines.getLast())
                .contains("{\"name\":\"device[1]\",\"type\":\"child<edu>\"}", "\"device[2]\"")
                .doesNotContain("\"device[0]\"");
    }

    @ParameterizedTest
    @CsvSource({"edu0, true", "nic, false"})
    void whatWasPluggedLaterIsKnown(String id, boolean later) throws Exception {
        String get = "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"%s\",\"property\":\"hotplugged\"}}";
        List<String> lines = answers(NEGOTIATE,
                "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\",\"id\":\"edu0\"}}", get.formatted(id));
        assertThat(lines.getLast()).isEqualTo("{\"return\":%b}".formatted(later));
    }

    @Test
    void aResetIsAnsweredThenTold() throws Exception {
        List<String> lines = answers(NEGOTIATE, "{\"execute\":\"system_reset\"}");
        assertThat(lines.get(2)).isEqualTo("{\"return\":{}}");
        assertThat(lines.get(3)).endsWith(
                "\"event\":\"RESET\",\"data\":{\"guest\":false,\"reason\":\"host-qmp-system-reset\"}}");
        assertThat(board.events).containsExactly("reset COLD");
    }

    @Test
    void aResetEndsAMachineThatShallNotReboot() throws Exception {
        control = new MachineControl(Optional.of(board), false, true);
        assertThat(answers(NEGOTIATE, "{\"execute\":\"system_reset\"}").getLast()).contains("\"event\":\"SHUTDOWN\"");
        assertThat(control.end()).isCompletedWithValue(0);
        assertThat(board.events).isEmpty();
    }

    @Test
    void theRunStateChangesOnce() throws Exception {
        control = new MachineControl(Optional.of(board), true, false);
        String status = "{\"execute\":\"query-status\"}";
        List<String> lines = answers(NEGOTIATE, status, "{\"execute\":\"cont\"}", "{\"execute\":\"cont\"}",
                "{\"execute\":\"stop\"}", "{\"execute\":\"stop\"}", status);
        assertThat(lines.get(2)).isEqualTo("{\"return\":{\"running\":false,\"status\":\"prelaunch\"}}");
        assertThat(lines.stream().filter(line -> line.contains("event")))
                .satisfiesExactly(
                        line -> assertThat(line).contains("RESUME"), line -> assertThat(line).contains("STOP"));
        assertThat(lines.getLast()).isEqualTo("{\"return\":{\"running\":false,\"status\":\"paused\"}}");
    }

    @Test
    void quitIsAnsweredBeforeTheEnd() throws Exception {
        List<String> lines = answers(NEGOTIATE, "{\"execute\":\"quit\"}");
        assertThat(lines.get(2)).isEqualTo("{\"return\":{}}");
        assertThat(lines.get(3)).contains("SHUTDOWN", "host-qmp-quit");
        assertThat(control.end()).isCompletedWithValue(0);
    }

    @Test
    void memoryIsSavedToAFile(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("ram");
        assertThat(execute("{\"execute\":\"pmemsave\",\"arguments\":{\"val\":1073741824,\"size\":100000,"
                        + "\"filename\":\"%s\"}}".formatted(file)))
                .isEqualTo(Map.of());
        assertThat(file).hasSize(100_000);
        assertThat(Files.readAllBytes(file)).containsOnly(0);
    }

    @Test
    void aHoleIsSavedAsZeros(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("ram");
        String save = "{\"execute\":\"%s\",\"arguments\":{\"val\":1073737728,\"size\":8192,\"filename\":\"%s\"}}";
        board.fill((byte) 7);
        assertThat(execute(save.formatted("pmemsave", file))).isEqualTo(Map.of());
        byte[] saved = Files.readAllBytes(file);
        assertThat(Arrays.copyOf(saved, 4096)).containsOnly(0);
        assertThat(Arrays.copyOfRange(saved, 4096, 8192)).containsOnly(7);
        assertThat(execute(save.formatted("memsave", file)).toString()).contains("Invalid addr 0x000000003ffff000");
    }

    @Test
    void anAcceleratorIsKnown() throws Exception {
        assertThat(execute("{\"execute\":\"query-kvm\"}")).isEqualTo(Map.of("enabled", false, "present", false));
        board.accelerated = true;
        assertThat(execute("{\"execute\":\"query-kvm\"}")).isEqualTo(Map.of("enabled", true, "present", true));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "info pci | PCI device 1234:11e8", "info mtree | 0000000040000000-00000000400fffff (prio 0\\, ram): mach-virt.ram",
        "info qtree | dev: arm-smmuv3\\, id \\\"smmu0\\\"", "info qom-tree | /device[1] (arm-gicv3)",
        "info what | info: expected one of pci", "xp /2xw 0x40000000 | 40000000: 0x00000000 0x00000000",
        "xp /1xb 0x50000000 | Cannot access memory", "xp | xp: expected /FMT ADDRESS",
        "frob | unknown command: 'frob'",
        "help | xp /FMT ADDRESS", "help info | info irq  -- "
    })
    void theHumanMonitorAnswersText(String command, String text) throws Exception {
        assertThat(execute("{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}"
                        .formatted(command)))
                .asString()
                .contains(text.replace("\\", ""));
    }

    @Test
    void theSchemaDescribesEachCommand() throws Exception {
        Object schema = execute("{\"execute\":\"query-qmp-schema\"}");
        List<Object> names = new ArrayList<>();
        for (Object command : (List<?>) execute("{\"execute\":\"query-commands\"}")) {
            names.add(((Map<?, ?>) command).get("name"));
        }
        assertThat(names).contains("device_add", "query-pci", "memsave", "query-cpus-fast", "qom-set", "cont");
        assertThat(schema.toString()).contains("name=device_add, meta-type=command", "name=RESET, meta-type=event");
        for (Object name : names) {
            assertThat(schema.toString()).contains("{name=" + name + ", meta-type=command");
        }
    }

    @Test
    void everyTypeInTheSchemaIsDescribedAndEveryAnswerFitsItsType() throws Exception {
        line = "-name guest -chardev null,id=c";
        Map<String, Map<?, ?>> schema = new HashMap<>();
        for (Object entry : (List<?>) execute("{\"execute\":\"query-qmp-schema\"}")) {
            var members = (Map<?, ?>) entry;
            assertThat(schema.put((String) members.get("name"), members)).as("twice: %s", members).isNull();
        }
        for (String command : List.of(
                "query-version", "query-status", "query-machines", "query-cpus-fast", "query-cpu-definitions", "query-name",
                "query-target", "query-kvm", "query-uuid", "query-accelerators", "query-current-machine",
                "query-gic-capabilities", "query-memory-size-summary", "query-memdev", "query-chardev", "query-iothreads",
                "query-command-line-options", "query-block", "query-jobs", "qom-list-types", "query-pci", "query-commands", "query-qmp-schema", "cont")) {
            Object answer = execute("{\"execute\":\"%s\"}".formatted(command));
            requireFit(schema, (String) schema.get(command).get("ret-type"), answer, command);
        }
        requireFit(
                schema,
                (String) schema.get("device-list-properties").get("ret-type"),
                execute("{\"execute\":\"device-list-properties\",\"arguments\":{\"typename\":\"edu\"}}"),
                "device-list-properties");
    }

    private static void requireFit(Map<String, Map<?, ?>> schema, String type, Object value, String where) {
        Map<?, ?> described = schema.get(type);
        assertThat(described).as("%s: type %s", where, type).isNotNull();
        switch ((String) described.get("meta-type")) {
            case "array" -> ((List<?>) value).forEach(element ->
                    requireFit(schema, (String) described.get("element-type"), element, where + "[]"));
            case "enum" -> assertThat((List<?>) described.get("values")).as(where).anyMatch(value::equals);
            case "object" -> {
                var rest = new HashSet<Object>(((Map<?, ?>) value).keySet());
                for (Object each : (List<?>) described.get("members")) {
                    var member = (Map<?, ?>) each;
                    Object name = member.get("name");
                    if (rest.remove(name)) {
                        requireFit(schema, (String) member.get("type"), ((Map<?, ?>) value).get(name), where + "." + name);
                    } else {
                        assertThat(member.containsKey("default")).as("%s lacks %s", where, name).isTrue();
                    }
                }
                assertThat(rest).as("%s: not in the schema", where).isEmpty();
            }
            default -> {
                Class<?> expected = switch (type) {
                    case "str" -> String.class;
                    case "int" -> Long.class;
                    case "bool" -> Boolean.class;
                    default -> Object.class;
                };
                assertThat(value).as(where).isInstanceOf(expected);
            }
        }
    }

    @Test
    void pciFunctionsAreListedByBus() throws Exception {
        assertThat(execute("{\"execute\":\"query-pci\"}").toString())
                .contains("bus=0", "qdev_id=nic", "vendor=4660", "address=268435456");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aDeviceBehindABridgeIsListedOnceTheBridgeHasANumber(int number) throws Exception {
        board.addBridge(number);
        Map<?, ?> root = (Map<?, ?>) ((List<?>) execute("{\"execute\":\"query-pci\"}")).getFirst();
        assertThat((List<?>) root.get("devices")).extracting(device -> ((Map<?, ?>) device).get("qdev_id").toString())
                .containsExactly("nic", "rp");
        boolean listed = number != 0;
        assertThat(root.toString().contains("qdev_id=card")).isEqualTo(listed);
        String text = execute("{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"info pci\"}}")
                .toString();
        assertThat(text).contains("id \"rp\"");
        assertThat(text.contains("id \"card\"")).isEqualTo(listed);
    }

    @Test
    void noInputBreaksTheSession() throws Exception {
        long seed = Long.getLong("qmp.seed", System.nanoTime());
        var random = new Random(seed);
        String[] parts = {
            "{", "}", "[", "]", "\"execute\"", ":", ",", "\"qom-list\"", "\"arguments\"", "\"path\"", "\"/machine\"", "1",
            "null", "'", "\\", "\n", " ", "{\"execute\":\"query-status\"}", "\u00ff", "\"device_add\"", "\"driver\"",
            "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"edu\",\"level\":\"\"}}", "1e999", "\"\\ud800\""
        };
        var script = new StringBuilder(NEGOTIATE);
        for (int i = 0; i < 20_000; i++) {
            script.append(parts[random.nextInt(parts.length)]);
        }
        script.append("\u00ff\n{\"execute\":\"query-name\"}");
        byte[] bytes = script.toString().getBytes(StandardCharsets.ISO_8859_1);
        List<String> lines = raw(bytes, 1 + random.nextInt(5000));
        assertThat(lines).as("seed %d", seed).endsWith("{\"return\":{\"name\":\"guest\"}}");
        for (String line : lines) {
            assertThat((Map<?, ?>) Json.parse(line)).as("seed %d: %s", seed, line).isNotEmpty();
        }
    }
}
