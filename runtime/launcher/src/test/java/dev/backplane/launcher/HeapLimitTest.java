package dev.backplane.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HeapLimitTest {

    /** Prints the option of a JVM that has set the limit. */
    public static final class Program {
        public static void main(String[] arguments) {
            HeapLimit.set();
            System.out.print(java.lang.management.ManagementFactory.getPlatformMXBean(
                            com.sun.management.HotSpotDiagnosticMXBean.class)
                    .getVMOption(HeapLimit.OPTION)
                    .getValue());
        }
    }

    @ParameterizedTest(name = "{0}: {1} MiB")
    @CsvSource({
        "-Xmx2g, 512",
        "-Xmx128m, 128",
        "-Xmx2g -XX:SoftMaxHeapSize=1g, 1024",
        "-Xmx1g -XX:SoftMaxHeapSize=256m, 256",
    })
    void isHalfAGigabyteUnlessTheHeapIsSmallerOrTheUserSetsIt(String options, long mebibytes) throws Exception {
        assertThat(limit(options.split(" "))).isEqualTo(mebibytes << 20);
    }

    private static long limit(String... options) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:+UseZGC");
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Program.class.getName()));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (Reader output = new InputStreamReader(process.getInputStream())) {
            return Long.parseLong(output.readAllAsString());
        }
    }
}
