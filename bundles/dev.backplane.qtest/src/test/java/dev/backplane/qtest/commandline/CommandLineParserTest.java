package dev.backplane.qtest.commandline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.backplane.board.DeviceRequest;
import dev.backplane.qtest.chardev.Endpoint;
import dev.backplane.qtest.chardev.CharacterDevice;
import dev.backplane.qtest.commandline.SystemCommand.Task;
import dev.backplane.qtest.object.UserObject;
import dev.backplane.qtest.processor.ProcessorModel;
import dev.backplane.qtest.processor.Topology;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
        assertThat(command.processors()).isEqualTo(Topology.SINGLE);
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

    /** What the real program makes of the same options. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        // cpus, maxcpus, sockets, clusters, cores, threads
        "4 | 4 4 1 1 4 1", "cpus=8,maxcpus=16 | 8 16 1 1 16 1", "sockets=2,cores=3,threads=2 | 12 12 2 1 3 2",
        "4,maxcpus=8 | 4 8 1 1 8 1", "sockets=2,cores=4 | 8 8 2 1 4 1", "4,sockets=2,cores=4,maxcpus=8 | 4 8 2 1 4 1",
        "4,clusters=2 | 4 4 1 2 2 1", "maxcpus=4 | 4 4 1 1 4 1", "2,cores=1 | 2 2 2 1 1 1",
        "cores=2,maxcpus=8 | 8 8 4 1 2 1", "4,sockets=2,cores=1 | 4 4 2 1 1 2", "4,dies=1,books=1 | 4 4 1 1 4 1",
        "16,sockets=2,clusters=2,cores=2,threads=2 | 16 16 2 2 2 2", "512 | 512 512 1 1 512 1",
    })
    void coresTakeWhatTheArrangementLeavesOpen(String option, String expected) throws Exception {
        Topology topology = parse("-M virt -smp " + option).processors();
        assertThat("%d %d %d %d %d %d".formatted(topology.present(), topology.most(), topology.sockets(),
                topology.clusters(), topology.cores(), topology.threads())).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"-cpu cortex-a57, CORTEX_A57", "'-cpu max,pmu=off,sve=on', MAX", "-nodefaults, MAX",
        "-accel kvm -cpu host, HOST", "-cpu neoverse-n2 -machine none, NEOVERSE_N2"})
    void aProcessorModelIsKnownByItsName(String option, ProcessorModel model) throws Exception {
        assertThat(parse("-M virt " + option).cpu()).isEqualTo(model);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "unix:/a/b | Unix[path=/a/b, server=false, waits=false]",
        "unix:path=/a | Unix[path=/a, server=false, waits=false]",
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
    void aTerminalThatNobodyUsesIsNobodysSecond() throws Exception {
        assertThat(parse("-M virt -chardev stdio,id=c -qmp stdio").monitors()).containsExactly(new Endpoint.Stdio());
    }

    /** An argument that is empty says nothing. */
    @Test
    void anEmptyArgumentHasNoParameters() throws Exception {
        assertThat(CommandLineParser.parse(List.of("-M", "virt", "-name", "", "-m", "", "-smp", "")))
                .isEqualTo(parse("-M virt"));
        for (var missing : Map.of("-device", "parameter 'driver' is missing", "-M", "-machine is missing").entrySet()) {
            assertThatExceptionOfType(CommandLineException.class)
                    .isThrownBy(() -> CommandLineParser.parse(List.of(missing.getKey(), "")))
                    .withMessageContaining(missing.getValue());
        }
    }

    @Test
    void theHelpOnAnObjectNamesItsProperties() throws Exception {
        assertThat(parse("-object memory-backend-file,help").task().toString())
                .contains("size=<int>", "mem-path=<string>");
        assertThat(parse("-object help").task().toString()).contains("iommufd", "memory-backend-memfd");
    }

    @Test
    void aDeviceInJsonThatEndsEarlyIsTold() {
        assertThatExceptionOfType(CommandLineException.class)
                .isThrownBy(() -> CommandLineParser.parse(List.of("-M", "virt", "-device", "{\"driver\":\"edu\"")))
                .withMessageContainingAll("end-of-input", "line 1, column 1")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("REDACTED"));
    }

    @Test
    void aSocketMayBeInherited() throws Exception {
        SystemCommand command = parse("-M virt -chardev socket,id=m,fd=5 -mon chardev=m,mode=control");
        assertThat(command.monitors()).containsExactly(new Endpoint.Inherited(5));
        assertThat(command.chardevs()).extracting(CharacterDevice::fileName).containsExactly("fd:5");
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

    @ParameterizedTest
    @ValueSource(strings = {
        "-msg timestamp=on", "-rtc base=utc,clock=vm,driftfix=slew", "-boot strict=on", "-boot c", "-boot order=cd,menu=on",
        "-overcommit mem-lock=off,cpu-pm=on", "-nographic", "-nographic -serial none -monitor none", "-serial null",
        "-parallel none", "-vga none", "-vnc none", "-audio none", "-audiodev none,id=snd0", "-audiodev id=snd0,driver=none",
        "-display none", "-net none", "-nic none",
        "-no-user-config", "-nodefaults", "-no-shutdown", "-L /usr/share/firmware", "-trace enable=x",
        "-action reboot=reset,shutdown=pause,panic=none,watchdog=reset", "-m 0", "-m 128M,slots=2,maxmem=1G",
        "-name debug-threads=on", "-cpu max", "-smp 1,sockets=1,dies=1",
    })
    void whatHasNoPartHereIsTakenWithoutEffect(String options) throws Exception {
        assertThat(parse("-M virt " + options)).isEqualTo(parse("-M virt"));
    }

    @Test
    void shortFormsStandForLongOnes() throws Exception {
        assertThat(parse("-M virt -enable-kvm")).isEqualTo(parse("-M virt -accel kvm"));
        assertThat(parse("-M virt -action reboot=shutdown")).isEqualTo(parse("-M virt -no-reboot"));
    }

    @Test
    void theGuestHasANumber() throws Exception {
        assertThat(parse("-M virt -uuid 12345678-1234-1234-1234-123456789ABC").uuid())
                .hasToString("12345678-1234-1234-1234-123456789abc");
        assertThat(parse("-M virt").uuid()).hasToString("00000000-0000-0000-0000-000000000000");
    }

    @Test
    void characterDevicesHaveLabels() throws Exception {
        assertThat(parse("-M virt -chardev socket,id=c,path=/c,server=on,wait=off -chardev null,id=n -qtest stdio"
                        + " -qmp unix:/q -qmp tcp:h:1 -object monitor-qmp,id=m,chardev=n").chardevs())
                .extracting(CharacterDevice::label, CharacterDevice::fileName, CharacterDevice::used)
                .containsExactly(
                        tuple("c", "disconnected:unix:/c,server=on", false),
                        tuple("n", "null", true),
                        tuple("compat_monitor0", "unix:/q", true),
                        tuple("compat_monitor1", "tcp:h:1", true),
                        tuple("qtest", "stdio", true));
    }

    @Test
    void objectsKeepTheirProperties() throws Exception {
        SystemCommand command = parse("-M virt -object memory-backend-ram,id=m,size=1G,share=on -object iommufd,id=i"
                + " -object {\"qom-type\":\"memory-backend-memfd\",\"id\":\"f\",\"size\":4096}");
        assertThat(command.objects()).extracting(UserObject::id).containsExactly("m", "i", "f");
        assertThat(command.objects().getFirst().values()).containsEntry("size", 1L << 30).containsEntry("share", true);
        assertThat(command.objects().getLast().number("size")).isEqualTo(4096);
        assertThat(command.ram()).isEmpty();
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
        assertThat(command.ram()).map(UserObject::id).contains("m0");
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
        "-machine none | Run[]", "-cpu help -device help | Text[text=Available CPUs:*",
        "-machine virt -smp help | Text[text=smp-opts options:*", "-d help | Text[text=Log items*",
        "-accel help | Text[text=Accelerators supported:*", "-m ? | Text[text=memory options:*",
        "-chardev help | Text[text=chardev options:*", "-chardev socket,help | Text[text=chardev options:*",
        "-M virt -smp 4,? | Text[text=smp-opts options:*", "-object help | Text[text=Types of objects:*",
        "-object memory-backend-file,help | Text[text=memory-backend-file options:*",
        "-boot help -rtc base=utc | Text[text=boot-opts options:*",
    })
    void helpIsATask(String line, String task) throws Exception {
        assertThat(parse(line).task().toString())
                .matches(text -> task.endsWith("*")
                        ? text.startsWith(task.substring(0, task.length() - 1))
                        : text.equals(task));
        assertThat(parse(line).task()).isInstanceOf(Task.class);
    }

    @Test
    void theHelpOnLogItemsTellsThoseWithAnEffectFromTheOthers() {
        assertThat(LogItem.help())
                .containsOnlyOnce("\nall ")
                .doesNotContain("\nall,", " all,")
                .contains("guest_errors", "cpu_reset");
    }

    @Test
    void theRamOfTheMachineMayHaveItsUsualId() throws Exception {
        String object = " -object memory-backend-ram,id=mach-virt.ram,size=64M";
        assertThat(parse("-M virt,memory-backend=mach-virt.ram" + object).ram()).isPresent();
        assertThat(parse("-M none" + object).objects()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-kernal x | -kernal: unsupported option; the nearest supported one is -serial",
        "-kernel x | -kernel: unsupported option: no processor runs, so there is nothing to boot; leave it out",
        "-fw_cfg name=x,string=y | -fw_cfg: unsupported option: there is no firmware that would read it; leave it out",
        "-drive if=none | -drive: unsupported option: there are no disks; add what there is with -device",
        "-netdev user,id=n | -netdev: unsupported option: there are no networks to connect to; the nearest supported one"
                + " is -nic none",
        "-s | -s: unsupported option: no processor runs that could be debugged; reach memory and registers by -qtest",
        "-M virt -vnc :0 | -vnc :0: unsupported, since there is no display; the nearest supported one is -vnc none",
        "-M virt -spice x | -spice: unsupported option: there is no display; the nearest supported one is -display none",
        "-M virt -chardev socket,id=c | -chardev socket: expected path=PATH, host=HOST with port=PORT, or fd=NUMBER",
        "-M virt -chardev socket,id=c,path=p,fd=3 | -chardev socket: path and fd exclude each other: expected one of"
                + " path=PATH, host=HOST with port=PORT, and fd=NUMBER",
        "-M virt -chardev socket,id=c,fd=x | -chardev socket: fd=x: expected the number of an open socket",
        "-M virt -chardev socket,id=c,fd=3,server=on | -chardev socket: fd=3,server=on is not supported; the nearest"
                + " supported one is path=PATH,server=on, or a connected socket",
        "-daemonize | -daemonize: unsupported option: it stays in the foreground; start it in the background and find it"
                + " by -pidfile",
        "-sandbox on | -sandbox: unsupported option: no system call is filtered; leave it out, or filter outside",
        "-nodefconfig | -nodefconfig: unsupported option; the nearest supported one is -no-user-config",
        "-M virt -device edu,id=1st | -device edu: id=1st: expected letters, digits, '-', '.' and '_', a letter first",
        "-M virt -device edu,id= | -device edu: id=: expected letters, digits, '-', '.' and '_', a letter first",
        "-devices edu | -devices: unsupported option; the nearest supported one is -device",
        "disk.img | disk.img: unsupported argument: disk images are not supported, an option begins with -",
        "-m | -m: requires an argument",
        "-M virt -m lots | -m: 'lots' is no size: expected a number with an optional suffix K, M, G or T",
        "-M virt -m 1G,slots=2 | -m: slots need maxmem; leave both out: nothing depends on them",
        "-M virt -m 1G,maxmem=512M | -m: maxmem=512M is less than the 1024 MiB of RAM; leave it out",
        "-M virt -m size=1G,foo=2 | -m: unsupported parameter 'foo'; the nearest supported one is 'size'",
        "-M virt -smp 0 | -smp: cpus=0: expected 1 to 512",
        "-M virt -smp abc | -smp: cpus=abc: expected 1 to 512",
        "-M virt -smp 513 | -smp: cpus=513: expected 1 to 512",
        "-M virt -smp 4,sockets=0 | -smp: sockets=0: expected 1 to 512",
        "-M virt -smp 2,maxcpus=0 | -smp: maxcpus=0: expected 1 to 512",
        "-M virt -smp sockets=32,cores=32 | -smp: 1024 processors are too many: expected 1 to 512",
        "-M virt -smp books=2 | -smp: books=2: this machine has no books: expected 1, or sockets, clusters, cores or"
                + " threads",
        "-M virt -smp 4,nodes=2 | -smp: unsupported parameter 'nodes'; the nearest supported one is 'cores'",
        "-M virt -smp 4,maxcpus=2 | -smp: cpus=4 is more than maxcpus=2; leave out what can be calculated",
        "-M virt -smp 4,sockets=2,cores=4 | -smp: 2 sockets * 1 clusters * 4 cores * 1 threads is 8, not maxcpus=4; leave"
                + " out what can be calculated",
        "-M virt -smp 3,sockets=2 | -smp: 2 sockets * 1 clusters * 1 cores * 1 threads is 2, not maxcpus=3; leave out"
                + " what can be calculated",
        "-M virt -smp 4,threads=3 | -smp: 1 sockets * 1 clusters * 1 cores * 3 threads is 3, not maxcpus=4; leave out"
                + " what can be calculated",
        "-M none -smp 2 | -smp: machine none has no processors: leave it out, or choose another machine",
        "-M virt -cpu cortex-a75 | -cpu cortex-a75: there is no processor model 'cortex-a75'; the nearest one is"
                + " cortex-a15; use -cpu help to list them",
        "-M virt -cpu cortex-m3 | -cpu cortex-m3: there is no processor model 'cortex-m3'; the nearest one is cortex-a35;"
                + " use -cpu help to list them",
        "-M none -cpu MAX | -cpu MAX: there is no processor model 'MAX'; the nearest one is max; use -cpu help to list"
                + " them",
        "-M virt -cpu host | -cpu host: needs -accel kvm; the nearest one without it is max",
        "-M virt -cpu max,sve | -cpu max,sve: 'sve': expected key=value, such as pmu=off",
        "-M virt -display gtk | -display gtk: unsupported, since there is no display; the nearest supported one is"
                + " -display none",
        "-M virt -serial mon:stdio | -serial mon:stdio: unsupported, since there is no serial port; the nearest supported"
                + " one is -serial none",
        "-M virt -nic user | -nic user: unsupported, since there is no default network; the nearest supported one is -nic"
                + " none",
        "-M virt -accel hvf | -accel hvf: unsupported accelerator; the nearest supported one is kvm",
        "-M virt -accel tcg,threads=1 | -accel: unsupported parameter 'threads'; the nearest supported one is 'thread'",
        "-M virt -qmp pipe:/x | -qmp pipe:/x: unsupported; the nearest supported one is -qmp tcp:HOST:PORT",
        "-M virt -qmp chardev:x | -qmp: chardev 'x' not found; there is none: declare it with -chardev",
        "-M virt -chardev null,id=c -qmp chardev:x | -qmp: chardev 'x' not found; there are [c]",
        "-M virt -chardev null,id=c -qmp chardev:c -mon c,mode=control | -mon: chardev 'c' is in use",
        "-M virt -qmp unix | -qmp unix: unsupported; the nearest supported one is -qmp unix:PATH",
        "-M virt -qmp udp:h:1 | -qmp udp:h:1: unsupported; the nearest supported one is -qmp tcp:HOST:PORT",
        "-M virt -qmp tcp:h,server=on | -qmp tcp:h,server=on: expected tcp:HOST:PORT",
        "-M virt -qmp tcp:h:65536 | -qmp: '65536' is no port: expected 0 to 65535",
        "-M virt -chardev socket,id=c,host=h,port=x | -chardev socket: 'x' is no port: expected 0 to 65535",
        "-M virt -qmp unix:/s,server=on,wiat=off | -qmp: unsupported parameter 'wiat'; the nearest supported one is"
                + " 'wait'",
        "-M virt -qmp unix:/s,telnet=on | -qmp: abstract and telnet sockets are not supported; the nearest supported"
                + " one is path=PATH",
        "-M virt -qmp stdio -qtest stdio | stdio is used more than once, but what is typed can reach only one reader:"
                + " serve the others at unix:PATH",
        "-M virt -qmp stdio -monitor stdio | stdio is used more than once, but what is typed can reach only one reader:"
                + " serve the others at unix:PATH",
        "-M virt -m 1e3 | -m: '1e3' is no size: expected a number with an optional suffix K, M, G or T",
        "-M virt -m \u0663 | -m: '\u0663' is no size: expected a number with an optional suffix K, M, G or T",
        "-M virt -m 16384P | -m: '16384P' is too much: expected less than 8E",
        "-M virt,accel= | -accel '': unsupported accelerator; the nearest supported one is kvm",
        "-M ,virt | -machine ,virt: '' is no parameter: expected key=value",
        "-M virt -device edu,=1 | -device edu,=1: '=1' is no parameter: expected key=value",
        "-M virt -global edu.level | -global edu.level: expected TYPE.PROPERTY=VALUE",
        "-M none -device edu | -device edu: machine none has no bus: leave it out, or choose another machine",
        "-M virt -object memory-backend-rom,help | -object memory-backend-rom: unsupported type; the nearest supported"
                + " one is memory-backend-ram",
        "-M virt -monitor vc | -monitor vc: unsupported; the nearest supported one is -monitor stdio",
        "-M virt -chardev pty,id=x | -chardev pty: unsupported backend; the nearest supported one is null",
        "-M virt -chardev stdio | -chardev: parameter 'id' is missing",
        "-M virt -chardev null,id=1x | -chardev null: id=1x: expected letters, digits, '-', '.' and '_', a letter first",
        "-M virt -chardev null,id=x,servr=on | -chardev: unsupported parameter 'servr'; the nearest supported one is"
                + " 'server'",
        "-M virt -object secret,id=x | -object secret: unsupported type; the nearest supported one is qtest",
        "-M virt -object memory-backend-ram,id=m | -object memory-backend-ram,id=m: Parameter 'size' is missing",
        "-M virt -object memory-backend-ram,size=1M | -object: parameter 'id' is missing",
        "-M virt -object memory-backend-ram,id=m,size=1M,share=x | -object: parameter 'share' expects 'on' or 'off', not"
                + " 'x'",
        "-M virt -object memory-backend-ram,id=m,size=1M,readonly=on | -object memory-backend-ram: unsupported parameter"
                + " 'readonly'; the nearest supported one is 'prealloc'",
        "-M virt -object iommufd,id=i -object iommufd,id=i | -object iommufd: duplicate id 'i'",
        "-M virt -object memory-backend-ram,id=mach-virt.ram,size=1M | -object memory-backend-ram,id=mach-virt.ram: the"
                + " machine's RAM has this id: choose another, or say -machine memory-backend=mach-virt.ram",
        "-M virt -object iommufd,id=i,fd=3 | -object iommufd: unsupported parameter 'fd'; it takes its id only",
        "-M virt,memory-backend=x | -machine memory-backend=x: there is no memory backend of that id; make one with"
                + " -object",
        "-M virt,memory-backend=m -m 1M -object memory-backend-ram,id=m,size=2M | -m: 1048576 bytes are not the 2097152"
                + " bytes of memory-backend=m; leave -m out",
        "-runas nobody | -runas: unsupported option: the process stays whose and where it is; start it as the user, in"
                + " the root folder, that it is to have",
        "-run-with user=x | -run-with: unsupported parameter 'user'; the nearest supported one is 'async-teardown'",
        "-M virt -rtc foo=bar | -rtc: unsupported parameter 'foo'; the nearest supported one is 'base'",
        "-M virt -boot foo=on | -boot: unsupported parameter 'foo'; the nearest supported one is 'menu'",
        "-M virt -boot menu=maybe | -boot: parameter 'menu' expects 'on' or 'off', not 'maybe'",
        "-M virt -name foo,bar=1 | -name: unsupported parameter 'bar'; the nearest supported one is 'guest'",
        "-M virt -uuid foo | -uuid foo: expected 32 hexadecimal digits in groups of 8-4-4-4-12",
        "-M virt -action reboot=never | -action reboot=never: unsupported; the nearest supported one is reboot=reset",
        "-M virt -action crash=none | -action: unsupported parameter 'crash'; the nearest supported one is 'panic'",
        "-M virt -d guest_error | -d guest_error: there is no log item 'guest_error'; the nearest one is guest_errors; use"
                + " -d help to list them",
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
