package dev.backplane.itest.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.backplane.itest.MachineProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Command lines, and what the monitor says of the machine, of the shipped program and of a real QEMU. */
@Timeout(300)
class QemuCommandLineIT {
    private static QemuProgram qemu;

    @TempDir
    private Path folder;

    @BeforeAll
    static void find() throws Exception {
        qemu = QemuProgram.required();
    }

    private Path folder(String name) throws Exception {
        return Files.createDirectories(folder.resolve(name));
    }

    private Optional<CommandLineRun> ours(String line) throws Exception {
        return CommandLineRun.start(MachineProcess.program(), folder("ours"), line);
    }

    private Optional<CommandLineRun> theirs(String line) throws Exception {
        return CommandLineRun.start(qemu.path(), folder("theirs"), line);
    }

    private static boolean isAccepted(Optional<CommandLineRun> run) throws Exception {
        if (run.isPresent()) {
            run.get().close();
        }
        return run.isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "-machine virt,gic-version=2,its=on", "-machine virt,gic-version=2,msi=its", "-machine virt,msi=its",
        "-machine virt,gic-version=2,its=off", "-machine virt,gic-version=3,its=on", "-machine virt,gic-version=7",
        "-machine virt,gic-version=host", "-machine virt,gic-version=max", "-machine virt -smp 0", "-machine virt -smp 9",
        "-machine virt,gic-version=2 -smp 8", "-machine virt,gic-version=2 -smp 9",
        "-machine virt,gic-version=2 -smp 1,maxcpus=9", "-machine virt -smp 4,maxcpus=2", "-machine virt -smp 4,maxcpus=8",
        "-machine virt -smp 4,sockets=2,cores=4", "-machine virt -smp 4,sockets=2,cores=4,maxcpus=8",
        "-machine virt -smp 4,dies=2", "-machine virt -smp 4,clusters=3", "-machine virt -smp 513",
        "-machine virt,highmem-redists=off -smp 124", "-machine none -smp 2", "-machine virt -cpu cortex-a53",
        "-machine virt -cpu cortex-m3", "-machine virt -cpu nonsense", "-machine virt -cpu max,pmu=off",
        "-machine virt -cpu max,pmu", "-machine virt -nographic", "-machine virt -serial none -parallel none -vga none",
        "-machine virt -serial null -monitor none", "-machine virt -rtc base=utc", "-machine virt -rtc foo=1",
        "-machine virt -boot strict=on", "-machine virt -boot foo=on", "-machine virt -no-user-config -nodefaults",
        "-machine virt -nodefconfig", "-machine virt -uuid nonsense", "-machine virt -action reboot=shutdown",
        "-machine virt -action reboot=never", "-machine virt -m 1G,slots=2", "-machine virt -m 1G,maxmem=512M",
        "-machine virt,memory-backend=m -object memory-backend-ram,id=m,size=64M -m 128M",
        "-machine virt -object memory-backend-ram,id=m", "-machine virt -chardev null,id=c -chardev null,id=c",
        "-machine virt -m 1e3", "-machine virt -m 16384P", "-machine none -device edu", "-machine virt -qmp unix",
        "-machine virt -qmp unix:/nowhere/s,server=on,wiat=off", "-machine virt -qmp tcp:localhost,server=on",
        "-machine virt -chardev stdio,id=a -mon a,mode=control -qmp stdio", "-machine virt -device edu,id=",
        "-machine virt -device arm-gicv3", "-machine virt -d nonsense", "-machine virt -name a,b=1",
    })
    void bothTakeOrRefuseIt(String line) throws Exception {
        assertThat(isAccepted(ours(line))).isEqualTo(isAccepted(theirs(line)));
    }

    /** What differs by intention, and why. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-machine virt -cpu cortex-a72 | true | no processor runs, so no accelerator has to have the model",
        "-machine virt -cpu max,nonsense=on | true | features are not looked at",
        "-machine virt,gic-version=3,its=off,msi=its | false | the two contradict one another",
        "-machine virt -serial stdio | false | who waits for output would wait in vain",
        "-machine virt -fw_cfg name=opt/x,string=y | false | there is no such device to read it from",
        "-machine virt -sandbox on | false | what protects must not be passed over in silence",
        "-machine virt -m 1536K | false | RAM comes in whole megabytes",
        "-machine virt -object memory-backend-ram,id=m,size=1M,policy=default | false | nothing of the kind is done",
        "-machine virt -global edu.nonsense=1 | false | it is a mistake",
    })
    void whatIsDecidedOtherwiseHasAReason(String line, boolean accepted, String reason) throws Exception {
        assertThat(isAccepted(ours(line))).as(reason).isEqualTo(accepted);
        assertThat(isAccepted(theirs(line))).as("no deviation any more").isNotEqualTo(accepted);
    }

    @Test
    void everyAnswerIsOfTheTypeThatClientsKnow() throws Exception {
        String line = "-machine virt,gic-version=3,iommu=smmuv3 -smp 4,sockets=2 -device edu,id=e0 -name guest"
                + " -object memory-backend-ram,id=m,size=1M -chardev null,id=c";
        try (var ours = ours(line).orElseThrow(); var theirs = theirs(line).orElseThrow()) {
            var fit = new QapiFit(theirs.ask("{\"execute\":\"query-qmp-schema\"}").get("return"));
            List<String> asked = new ArrayList<>();
            for (JsonNode command : ours.ask("{\"execute\":\"query-commands\"}").get("return")) {
                String name = command.get("name").asText();
                assertThat(fit.knows(name)).as("clients know %s", name).isTrue();
                if (name.startsWith("query-") || name.equals("qom-list-types")) {
                    JsonNode answer = ours.ask("{\"execute\":\"%s\"}".formatted(name));
                    JsonNode other = theirs.ask("{\"execute\":\"%s\"}".formatted(name));
                    assertThat(answer.has("error")).as("%s: %s", name, answer).isEqualTo(other.has("error"));
                    if (answer.has("return")) {
                        fit.requireAnswer(name, answer.get("return"));
                    }
                    asked.add(name);
                }
            }
            assertThat(asked).contains("query-chardev", "query-memdev", "query-cpus-fast", "query-hotpluggable-cpus");
            for (String same : List.of("query-name", "query-uuid", "query-target", "query-kvm", "query-status",
                    "query-memory-size-summary", "query-gic-capabilities", "query-hotpluggable-cpus", "query-jobs",
                    "query-iothreads", "query-current-machine")) {
                JsonNode answer = ours.ask("{\"execute\":\"%s\"}".formatted(same));
                JsonNode other = theirs.ask("{\"execute\":\"%s\"}".formatted(same));
                assertThat(answer.path("return")).as(same).isEqualTo(other.path("return"));
                assertThat(answer.path("error").path("class")).as(same).isEqualTo(other.path("error").path("class"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "-smp 4", "-smp 16,sockets=2,clusters=2,cores=2,threads=2", "-smp 4,sockets=2,cores=1", "-smp 2,maxcpus=8",
        "-smp cores=2,maxcpus=8", "-smp 4,clusters=2",
    })
    void processorsHaveTheSameSeats(String line) throws Exception {
        String query = "{\"execute\":\"query-cpus-fast\"}";
        try (var ours = ours("-machine virt " + line).orElseThrow();
                var theirs = theirs("-machine virt " + line).orElseThrow()) {
            assertThat(ours.ask(query).findValues("props")).isEqualTo(theirs.ask(query).findValues("props"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",gic-version=2,its=off", ",its=off,gic-version=3", ",gic-version=3,msi=gicv2m", ",msi=off"})
    void theSameInterruptControllersAreMade(String options) throws Exception {
        String query = "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/unattached\"}}";
        try (var ours = ours("-machine virt" + options).orElseThrow();
                var theirs = theirs("-machine virt" + options).orElseThrow()) {
            assertThat(gics(ours.ask(query))).containsExactlyInAnyOrderElementsOf(gics(theirs.ask(query)));
        }
    }

    private static List<String> gics(JsonNode answer) {
        return answer.findValuesAsText("type").stream().filter(type -> type.contains("gic")).toList();
    }
}
