package dev.backplane.qtest.commandline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.backplane.board.DeviceRequest;
import dev.backplane.qtest.chardev.Endpoint;
import dev.backplane.qtest.commandline.SystemCommand.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandLineParserTest {
    private static SystemCommand parse(String line) throws CommandLineException {
        return CommandLineParser.parse(Arrays.asList(line.split(" ")));
    }

    @Test
    void aHarnessCommandLineIsUnderstood() throws Exception {
        SystemCommand command = parse("-qtest unix:/tmp/q -qtest-log /dev/null -chardev socket,path=/tmp/m,id=char0"
                + " -object monitor-qmp,id=qmp0,chardev=char0 -display none -audio none"
                + " -run-with exit-with-parent=on -machine virt,acpi=off,gic-version=3,iommu=smmuv3 -smp 1 -m 512"
                + " -cpu max -net none -device iommu-testdev -accel qtest");
        assertThat(command.qtest()).contains(new Endpoint.Unix("/tmp/q", false, false));
        assertThat(command.monitors()).containsExactly(new Endpoint.Unix("/tmp/m", false, false));
        assertThat(command.machine()).isEqualTo("virt");
        assertThat(command.machineOptions())
                .isEqualTo(Map.of("acpi", "off", "gic-version", "3", "iommu", "smmuv3"));
        assertThat(command.memory()).isEqualTo(512L << 20);
        assertThat(command.processors()).isEqualTo(1);
        assertThat(command.accelerators()).containsExactly("qtest");
        assertThat(command.exitWithParent()).isTrue();
        assertThat(command.devices())
                .containsExactly(new DeviceRequest("iommu-testdev", "", "", "", Map.of()));
    }

    @Test
    void whatIsLoggedIsTaken() throws Exception {
        SystemCommand command = parse("-M virt -d guest_errors,int -d unimp -D /tmp/log");
        assertThat(command.logItems()).containsExactlyInAnyOrder("guest_errors", "int", "unimp");
        assertThat(command.logFile()).contains("/tmp/log");
    }

    @ParameterizedTest
    @CsvSource({
        "-m 1G, 1073741824", "-m size=2048, 2147483648", "-m 64M, 67108864", "-m 0.5G, 536870912",
        "-m 1T, 1099511627776", "-m 256m, 268435456", "-nodefaults, 134217728"
    })
    void memoryIsWrittenInMegabytesOrWithASuffix(String option, long bytes) throws Exception {
        assertThat(parse("-M virt " + option).memory()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-smp 4 | 4", "-smp cpus=8,maxcpus=16 | 8", "-smp sockets=2,cores=3,threads=2 | 12", "--smp 1 | 1"
    })
    void processorsAreCountedOrMultiplied(String option, int processors) throws Exception {
        assertThat(parse("-M virt " + option).processors()).isEqualTo(processors);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "unix:/a/b | Unix[path=/a/b, server=false, waits=false]",
        "unix:/a,server=on | Unix[path=/a, server=true, waits=true]",
        "unix:/a,server=on,wait=off | Unix[path=/a, server=true, waits=false]",
        "unix:/a,server,nowait | Unix[path=/a, server=true, waits=false]",
        "tcp:localhost:4444,server=on,wait=off | Tcp[host=localhost, port=4444, server=true, waits=false]",
        "tcp::5 | Tcp[host=localhost, port=5, server=false, waits=false]",
        "stdio | Stdio[]",
        "null | Null[]",
    })
    void endpointsAreWrittenInShort(String text, String endpoint) throws Exception {
        assertThat(parse("-M virt -qmp " + text).monitors().toString()).isEqualTo("[" + endpoint + "]");
    }

    @Test
    void aCharacterDeviceMayBeDeclaredAfterItsUse() throws Exception {
        SystemCommand command = parse("-M virt -qtest chardev:q -mon chardev=m,mode=control"
                + " -chardev socket,id=q,host=h,port=7,server=on,wait=off -chardev socket,id=m,path=/m");
        assertThat(command.qtest()).contains(new Endpoint.Tcp("h", 7, true, false));
        assertThat(command.monitors()).containsExactly(new Endpoint.Unix("/m", false, false));
    }

    @Test
    void qtestMayBeAnObject() throws Exception {
        SystemCommand command = parse("-M virt -chardev socket,id=c,path=/p -object qtest,id=q,chardev=c,log=/l");
        assertThat(command.qtest()).contains(new Endpoint.Unix("/p", false, false));
        assertThat(command.qtestLog()).contains("/l");
    }

    @Test
    void devicesAreOptionsOrJson() throws Exception {
        var expected = new DeviceRequest("edu", "e0", "pcie.0", "03.1", Map.of("dma_mask", "255", "flag", "on"));
        assertThat(CommandLineParser.parse(List.of(
                                "-M", "virt",
                                "-device", "edu,id=e0,bus=pcie.0,addr=03.1,dma_mask=255,flag",
                                "-device",
                                "{\"driver\": \"edu\", \"id\": \"e0\", \"bus\": \"pcie.0\", \"addr\": \"0x03.0x1\","
                                        + " \"dma_mask\": 255, \"flag\": true}"))
                        .devices())
                .containsExactly(expected, expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"driver\":\"edu\",\"addr\":24} | 03.0", "{\"driver\":\"edu\",\"addr\":255} | 1f.7",
        "{\"driver\":\"edu\",\"addr\":-1} | ``", "{\"driver\":\"edu\",\"addr\":\"24\"} | 24",
        "edu,addr=0x3.0x1 | 3.1", "edu,addr=10x3 | 10x3", "edu,addr=0x | 0x"
    })
    void aNumberAsAddressIsDeviceAndFunctionInOne(String device, String address) throws Exception {
        assertThat(CommandLineParser.parse(List.of("-M", "virt", "-device", device)).devices())
                .extracting(DeviceRequest::address)
                .containsExactly(address);
    }

    @Test
    void aNumberThatIsNoAddressIsRefused() {
        assertThatExceptionOfType(CommandLineException.class)
                .isThrownBy(() -> CommandLineParser.parse(
                        List.of("-M", "virt", "-device", "{\"driver\":\"edu\",\"addr\":256}")))
                .withMessageEndingWith("Invalid parameter 'addr': expected a number from 0 to 255, device * 8 +"
                        + " function, or -1 for any; not 256");
    }

    @Test
    void whatHasNoPartHereIsTakenWithoutEffect() throws Exception {
        assertThat(parse("-M virt -msg timestamp=on -rtc base=utc -boot strict=on"
                        + " -uuid 12345678-1234-1234-1234-123456789abc -overcommit mem-lock=off"))
                .isEqualTo(parse("-M virt"));
    }

    @Test
    void whatAFunctionNeedsNotBeToldIsDropped() throws Exception {
        assertThat(parse("-M virt -device edu,addr=6.0,multifunction=on,rombar=0,romfile=,acpi-index=3").devices())
                .containsExactly(new DeviceRequest("edu", "", "", "6.0", Map.of()));
    }

    @Test
    void theLastGlobalOfAPropertyCounts() throws Exception {
        assertThat(parse("-M virt -global edu.a=1 -device edu -device edu,a=3 -global edu.a=2").devices())
                .extracting(device -> device.properties().get("a"))
                .containsExactly("2", "3");
    }

    @Test
    void aGlobalIsADefaultOfItsType() throws Exception {
        SystemCommand command = parse("-M virt-9.1 -device edu -global edu.a=1 -device edu,a=2"
                + " -global driver=arm-smmuv3,property=stage,value=2");
        assertThat(command.devices()).extracting(device -> device.properties().get("a")).containsExactly("1", "2");
        assertThat(command.globals().all()).contains(new Globals.Global("arm-smmuv3", "stage", "2"));
        assertThat(command.machine()).isEqualTo("virt-9.1");
    }

    @Test
    void aMemoryBackendIsTheMemory() throws Exception {
        SystemCommand command =
                parse("-machine virt,memory-backend=m0 -object memory-backend-file,id=m0,size=64M,mem-path=/f,share=on");
        assertThat(command.memory()).isEqualTo(64L << 20);
        assertThat(command.memoryPath()).isEqualTo("/f");
        assertThat(command.machineOptions()).isEmpty();
    }

    @Test
    void accelaratorsKeepTheirOrder() throws Exception {
        assertThat(parse("-machine virt,accel=kvm:tcg -accel qtest").accelerators())
                .containsExactly("qtest", "kvm", "tcg");
    }

    @Test
    void aCommaInAValueIsWrittenTwice() throws Exception {
        assertThat(parse("-M virt -qmp unix:/a,,b").monitors())
                .containsExactly(new Endpoint.Unix("/a,b", false, false));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-help | Help[]", "-h | Help[]", "--version | Version[]", "-machine help | Machines[]", "-M ? | Machines[]",
        "-machine virt,help | MachineOptions[machine=virt]", "-device help | Devices[]",
        "-device edu,help | DeviceProperties[type=edu]", "-machine virt -device edu,? | DeviceProperties[type=edu]",
        "-machine none | Run[]",
    })
    void helpIsATask(String line, String task) throws Exception {
        assertThat(parse(line).task().toString()).isEqualTo(task);
        assertThat(parse(line).task()).isInstanceOf(Task.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-kernal x | -kernal: unsupported option; the nearest supported one is -serial",
        "-M virt -device edu,id=1st | -device edu: id=1st: expected letters, digits, '-', '.' and '_', a letter first",
        "-devices edu | -devices: unsupported option; the nearest supported one is -device",
        "-nographic | -nographic: unsupported option; the nearest supported one is -display",
        "disk.img | disk.img: unsupported argument: disk images are not supported, an option begins with -",
        "-m | -m: requires an argument",
        "-M virt -m lots | -m: 'lots' is no size: expected a number with an optional suffix K, M, G or T",
        "-M virt -smp 0 | -smp: '0' is no number of processors: expected 1 to 512",
        "-M virt -smp books=2 | -smp: unsupported parameter 'books'; the nearest supported one is 'cores'",
        "-M virt -display gtk | -display gtk: unsupported; the nearest supported one is -display none",
        "-M virt -accel hvf | -accel hvf: unsupported accelerator; the nearest supported one is kvm",
        "-M virt -qmp pipe:/x | -qmp pipe:/x: unsupported; the nearest supported one is -qmp stdio",
        "-M virt -qmp chardev:x | -qmp: chardev 'x' not found; there are []",
        "-M virt -monitor vc | -monitor vc: unsupported; the nearest supported one is -monitor stdio",
        "-M virt -chardev pty,id=x | -chardev pty: unsupported backend; the nearest supported one is null",
        "-M virt -chardev stdio | -chardev: parameter 'id' is missing",
        "-M virt -object secret,id=x | -object secret: unsupported type; the nearest supported one is qtest",
        "-M virt,memory-backend=x | -machine memory-backend=x: there is no memory backend of that id; there are []",
        "-run-with user=x | -run-with: unsupported parameter 'user'; the nearest supported one is 'async-teardown'",
        "-m 1G | -machine is missing: there is no default; use -machine help to list types",
        "-M virt -run-with exit-with-parent=maybe"
                + " | -run-with: parameter 'exit-with-parent' expects 'on' or 'off', not 'maybe'",
    })
    void whatIsNotSupportedIsNamed(String line, String message) {
        assertThatExceptionOfType(CommandLineException.class)
                .isThrownBy(() -> parse(line))
                .withMessage(message);
    }

    @Test
    void theReadmeListsEachOptionWithoutEffect() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        assertThat(SupportedOption.values())
                .filteredOn(option -> !option.isEffective())
                .allSatisfy(option -> assertThat(readme).contains("`-" + option.optionName() + "`"));
    }

    @Test
    void theHelpTextNamesEachOption() {
        assertThat(SupportedOption.values())
                .allSatisfy(option -> assertThat(SystemCommand.help()).contains("-" + option.optionName()));
    }
}
