package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The shipped program in a process of its own, spoken to as a harness does. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
class MachineProcessIT {
    private static final String MACHINE = "-machine virt,acpi=off,gic-version=3,iommu=smmuv3 -smp 1 -m 512 -cpu max"
            + " -net none -device iommu-testdev";
    private static final String CONFIG = "0x4010008000";

    private MachineProcess machine;

    @BeforeAll
    void start() throws Exception {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of(MachineProcess.program())), "the distribution is not assembled");
        machine = new MachineProcess(MACHINE);
        assertThat(machine.qtest("endianness")).isEqualTo("OK little");
        assertThat(machine.qmp("{\"execute\": \"qmp_capabilities\"}")).startsWith("{\"QMP\"");
        assertThat(machine.qmp("")).isEqualTo("{\"return\":{}}");
    }

    @AfterAll
    void stop() throws Exception {
        if (machine != null) {
            machine.close();
        }
    }

    @Test
    void functionsAnswerInConfigurationSpace() throws Exception {
        assertThat(machine.qtest("read " + CONFIG + " 4")).isEqualTo("OK 0x361b0500");
        assertThat(machine.read("readl 0x4010ff8000")).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void theMemoryIsWhereAndAsLargeAsAsked() throws Exception {
        assertThat(machine.qtest("writeq 0x5ffffff8 0x1122334455667788")).isEqualTo("OK");
        assertThat(machine.read("readq 0x5ffffff8")).isEqualTo(0x1122334455667788L);
        assertThat(machine.read("readq 0x60000000")).isZero();
    }

    @Test
    void aTestDeviceTransfersPastAnSmmuThatIsOff() throws Exception {
        machine.qtest("writel 0x4010008010 0x10100000");
        machine.qtest("writew 0x4010008004 0x6");
        for (String write : List.of("0x10100004 0x44000000", "0x10100008 0", "0x1010001c 0x44000000",
                "0x10100020 0", "0x1010000c 4", "0x10100018 0xa", "0x10100014 1")) {
            assertThat(machine.qtest("writel " + write)).isEqualTo("OK");
        }
        machine.read("readl 0x10100000");
        assertThat(machine.read("readl 0x10100010")).isZero();
        assertThat(machine.qtest("read 0x44000000 4")).isEqualTo("OK 0x78563412");
    }

    @Test
    void aResetBringsRegistersBackAndKeepsMemory() throws Exception {
        machine.qtest("writel 0x9050044 0x80100000");
        machine.qtest("writel 0x40000000 0x12345678");
        machine.qtest("writew 0x4010000004 0x6");
        assertThat(machine.read("readl 0x9050044")).isEqualTo(0x0010_0000L);
        assertThat(machine.qmp("{\"execute\": \"system_reset\"}")).isEqualTo("{\"return\":{}}");
        machine.awaitEvent("RESET");
        assertThat(machine.read("readl 0x9050044") & 0x0010_0000L).isZero();
        assertThat(machine.read("readl 0x40000000")).isEqualTo(0x12345678L);
        assertThat(machine.read("readw 0x4010000004")).as("the host bridge too").isZero();
    }

    @Test
    void devicesComeAndGo() throws Exception {
        for (String type : List.of("edu", "iommu-testdev")) {
            assertThat(machine.qmp("{'execute':'device_add','arguments':{'driver':'%s','id':'x','addr':'1f'}}"
                            .formatted(type)))
                    .isEqualTo("{\"return\":{}}");
            assertThat(machine.read("readw 0x40100f8000")).isEqualTo(type.equals("edu") ? 0x1234 : 0x1B36);
            machine.events.clear();
            assertThat(machine.qmp("{'execute':'device_del','arguments':{'id':'x'}}")).isEqualTo("{\"return\":{}}");
            machine.awaitEvent("DEVICE_DELETED");
            assertThat(machine.read("readw 0x40100f8000")).isEqualTo(0xFFFF);
        }
    }

    @Test
    void malformedInputIsAnsweredAndForgotten() throws Exception {
        assertThat(machine.qtest("write 0x40000000 lots 0x00")).startsWith("FAIL");
        assertThat(machine.qtest("\u00ff\u0000 x")).startsWith("FAIL");
        assertThat(machine.qtest("read 0 0xffffffffffffffff")).startsWith("FAIL");
        assertThat(machine.qmp("{]")).contains("GenericError");
        assertThat(machine.qmp("{'execute':'\u00ff")).contains("GenericError");
        assertThat(machine.qmp("[".repeat(100_000) + "\n")).contains("GenericError");
        String after = machine.qmp("\u00ff\n{'execute':'query-status','id':'last'}");
        while (!after.contains("last")) {
            after = machine.qmp("");
        }
        assertThat(after).contains("\"running\":true");
        assertThat(machine.qtest("endianness")).isEqualTo("OK little");
    }

    @ParameterizedTest
    @CsvSource({"-smp 8, child<arm_gic>, child<arm-gicv2m>", "-smp 9, child<arm-gicv3>, child<arm-gicv3-its>"})
    void theInterruptControllerFollowsTheProcessors(String processors, String gic, String msi) throws Exception {
        try (var other = new MachineProcess("-machine virt " + processors)) {
            other.qmp("{\"execute\": \"qmp_capabilities\"}");
            other.qmp("");
            assertThat(other.qmp("{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/unattached\"}}"))
                    .contains('"' + gic + '"', '"' + msi + '"');
        }
    }

    @Test
    void whatTheMachineIsMadeOfCanBeAsked() throws Exception {
        assertThat(machine.qmp("{\"execute\":\"query-memory-size-summary\"}"))
                .isEqualTo("{\"return\":{\"base-memory\":536870912,\"plugged-memory\":0}}");
        assertThat(machine.qmp("{\"execute\":\"query-chardev\"}"))
                .contains("\"label\":\"char0\"", "\"label\":\"qtest\"", "\"frontend-open\":true");
        assertThat(machine.qmp("{\"execute\":\"query-gic-capabilities\"}")).isEqualTo("{\"return\":["
                + "{\"version\":3,\"emulated\":true,\"kernel\":false},{\"version\":2,\"emulated\":true,\"kernel\":false}]}");
        assertThat(machine.qmp("{\"execute\":\"object-del\",\"arguments\":{\"id\":\"qmp0\"}}"))
                .contains("GenericError", "object 'qmp0' is used by the machine");
    }

    @Test
    void clientsFindAnEmptyVirtioTransport() throws Exception {
        assertThat(machine.qtest("readl 0xa003e00")).isEqualTo("OK 0x0000000074726976");
        assertThat(machine.qtest("readl 0xa003e04")).isEqualTo("OK 0x0000000000000001");
        assertThat(machine.qtest("readl 0xa003e08")).isEqualTo("OK 0x0000000000000000");
        assertThat(machine.qtest("readl 0xa004000")).isEqualTo("OK 0x0000000000000000");
    }

    @Test
    void sigtermEndsItWithStatus0() throws Exception {
        try (var other = new MachineProcess("-machine none")) {
            assertThat(other.qtest("endianness")).isEqualTo("OK little");
            other.process.destroy();
            assertThat(other.awaitExit()).as(other.output()).isZero();
        }
    }

    @Test
    void sigtermEndsItWhoeverDoesNotRead() throws Exception {
        try (var other = new MachineProcess("-machine none")) {
            String flood = "{\"execute\": \"qmp_capabilities\"}" + "{\"execute\": \"query-qmp-schema\"}".repeat(200);
            other.send(flood);
            assertThat(other.qtest("endianness")).isEqualTo("OK little");
            other.process.destroy();
            assertThat(other.process.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(other.awaitExit()).as(other.output()).isZero();
        }
    }

    @Test
    void sigtermEndsItWhileItWaitsForAClient(@TempDir Path folder) throws Exception {
        Path socket = folder.resolve("s");
        Process waiting = MachineProcess.start(folder, List.of(MachineProcess.program(), "-machine", "none",
                "-qmp", "unix:" + socket + ",server=on"));
        org.awaitility.Awaitility.await().atMost(120, TimeUnit.SECONDS).until(() -> Files.exists(socket));
        waiting.destroy();
        assertThat(waiting.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(waiting.exitValue()).isZero();
        assertThat(folder.resolve("output")).isEmptyFile();
        assertThat(socket).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"virt,iommu=smmuv3", "virt,gic-version=3,iommu=smmuv3"})
    void whatHappensAgainAndAgainIsNotPrinted(String type) throws Exception {
        try (var other = new MachineProcess("-machine " + type + " -device edu,id=e1")) {
            other.qmp("{\"execute\": \"qmp_capabilities\"}");
            other.qmp("");
            assertThat(other.qmp("{\"execute\": \"system_reset\"}")).isEqualTo("{\"return\":{}}");
            assertThat(other.qmp("{\"execute\": \"device_del\", \"arguments\": {\"id\": \"e1\"}}"))
                    .isEqualTo("{\"return\":{}}");
            assertThat(other.qtest("endianness")).isEqualTo("OK little");
            assertThat(other.output()).isEmpty();
        }
    }

    @Test
    void aRefusedDeviceIsToldOnce(@TempDir Path folder) throws Exception {
        Process refused = MachineProcess.start(folder, List.of(MachineProcess.program(), "-machine", "virt",
                "-device", "edu,nonsense=1", "-accel", "qtest"));
        assertThat(refused.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(refused.exitValue()).isEqualTo(1);
        assertThat(folder.resolve("output")).content().containsOnlyOnce("nonsense").doesNotContain("felix:update");
    }

    @Test
    void quitEndsItWithStatus0(@TempDir Path folder) throws Exception {
        Path pidfile = folder.resolve("pid");
        try (var other = new MachineProcess("-machine virt,gic-version=2 -pidfile " + pidfile)) {
            assertThat(other.qtest("endianness")).isEqualTo("OK little");
            assertThat(pidfile).hasContent(Long.toString(other.process.pid()));
            other.qmp("{\"execute\": \"qmp_capabilities\"}");
            other.qmp("");
            assertThat(other.qmp("{\"execute\": \"quit\"}")).isEqualTo("{\"return\":{}}");
            assertThat(other.awaitExit()).as(other.output()).isZero();
            assertThat(pidfile).doesNotExist();
        }
    }

    /** As harnesses do: they ask for the end, and make sure of it at once. */
    @RepeatedTest(10)
    void sigtermWhileItEndsChangesNoStatus() throws Exception {
        try (var other = new MachineProcess("-machine none")) {
            other.qmp("{\"execute\": \"qmp_capabilities\"}");
            other.qmp("");
            assertThat(other.qmp("{\"execute\": \"quit\"}")).isEqualTo("{\"return\":{}}");
            other.process.destroy();
            assertThat(other.awaitExit()).as(other.output()).isZero();
        }
    }

    @Test
    void itEndsWithItsParent(@TempDir Path folder) throws Exception {
        Path pidfile = folder.resolve("pid");
        Path socket = folder.resolve("s");
        // The shell is the parent: it leaves when it has seen the machine's own process number.
        String script = "\"$@\" & while ! [ -S %s ]; do :; done; kill -9 $$".formatted(socket);
        List<String> command = new ArrayList<>(List.of("bash", "-c", script, "harness", MachineProcess.program(),
                "-machine", "none", "-run-with", "exit-with-parent=on", "-pidfile", pidfile.toString(),
                "-qmp", "unix:" + socket + ",server=on,wait=off"));
        Process parent = MachineProcess.start(folder, command);
        assertThat(parent.waitFor(120, TimeUnit.SECONDS)).isTrue();
        org.awaitility.Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> Files.notExists(pidfile));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-machine virt -kernal x | -kernal: unsupported option; the nearest supported one is -serial",
        "-machine virt -fw_cfg name=x | -fw_cfg: unsupported option: there is no firmware that would read it",
        "-machine virt,gic-version=2,its=on | its=on: GICv2 has no ITS: choose gic-version=3 or msi=gicv2m",
        "-machine virt,msi=its | msi=its: GICv2 has no ITS",
        "-machine virt,gic-version=2 -smp 9 | smp=9: expected 1 to 8 processors with gic-version=2",
        "-machine virt,gic-version=2 -smp 1,maxcpus=9 | -smp maxcpus=9: smp=9: expected 1 to 8 processors",
        "-machine virt -smp 4,maxcpus=2 | -smp: cpus=4 is more than maxcpus=2",
        "-machine virt -cpu cortex-m3 | -cpu cortex-m3: there is no processor model 'cortex-m3'",
        "-machine virt -device nonsense | -device nonsense: 'nonsense' is not a valid device model name",
        "-machine virt,gic-version=7 | gic-version",
        "-machine virt -device vfio-pci,host=0000:01:00.0 | 'vfio-pci' needs dev.backplane.hostpci.HostPciDevices,"
                + " which nothing provides",
        "-machine virt -qmp tcp:no-such-host.invalid:1 | 'no-such-host.invalid' is not found",
        "-machine virt -qtest null -qtest-log /nowhere/log | -qtest-log /nowhere/log: cannot write it: no such file or"
                + " folder",
        "-machine virt -qmp unix:/nowhere/socket | failed to connect to '/nowhere/socket'",
    })
    void whatCannotBeHonouredEndsItWithStatus1(String arguments, String message, @TempDir Path folder)
            throws Exception {
        List<String> command = new ArrayList<>(List.of(MachineProcess.program()));
        command.addAll(List.of(arguments.split(" ")));
        Process process = MachineProcess.start(folder, command);
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(folder.resolve("output"))).contains(message);
        assertThat(process.exitValue()).isEqualTo(1);
    }

    @Test
    void theVersionNeedsNoFramework(@TempDir Path folder) throws Exception {
        var builder = new ProcessBuilder(MachineProcess.program(), "-version").redirectErrorStream(true);
        builder.environment().put("BACKPLANE_DATA", folder.resolve("data").toString());
        Process process = builder.redirectOutput(folder.resolve("output").toFile()).start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(folder.resolve("output")))
                .startsWith("Backplane ")
                .contains("QEMU emulator version");
        assertThat(process.exitValue()).isZero();
        assertThat(folder.resolve("data")).doesNotExist();
    }

    /** As service managers start it. */
    @Test
    void nobodyNeedsAHomeFolder(@TempDir Path folder) throws Exception {
        var builder = new ProcessBuilder(MachineProcess.program(), "-machine", "virt,help").redirectErrorStream(true);
        builder.environment().keySet().removeAll(List.of("HOME", "JAVA_HOME", "XDG_DATA_HOME"));
        builder.environment().put("BACKPLANE_DATA", folder.resolve("data").toString());
        Process process = builder.redirectOutput(folder.resolve("output").toFile()).start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(folder.resolve("output")).content().startsWith("virt options:");
        assertThat(process.exitValue()).isZero();
    }

    @Test
    void helpNamesWhatThereIs(@TempDir Path folder) throws Exception {
        Process process = MachineProcess.start(folder, List.of(MachineProcess.program(), "-device", "help"));
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(folder.resolve("output")))
                .contains("name \"edu\"", "name \"arm-smmuv3\"", "name \"arm-gicv2m\"")
                .doesNotContain("name \"arm-gicv3\"", "name \"virtio-mmio\"");
    }
}
