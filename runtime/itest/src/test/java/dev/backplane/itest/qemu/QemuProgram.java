package dev.backplane.itest.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.itest.MachineProcess;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A real QEMU: the one that the system property {@code backplane.qemu} names, or the one on the path.
 *
 * @param path the program
 * @param major its major version
 */
record QemuProgram(String path, int major) {
    /** The first version with {@code iommu-testdev}. */
    static final int NEEDED = 11;

    private static final String PROPERTY = "backplane.qemu";
    private static final String NAME = "qemu-system-aarch64";
    private static final Pattern VERSION = Pattern.compile("QEMU emulator version (\\d+)\\.");

    /** {@return whether one is asked for, rather than used if it happens to be there} */
    private static boolean isNamed() {
        return System.getProperty(PROPERTY) != null;
    }

    /** {@return the one to compare with} Without one the test is skipped, but fails where one is asked for. */
    static QemuProgram required() throws IOException, InterruptedException {
        Optional<QemuProgram> found = find();
        Assumptions.assumeTrue(found.isPresent(),
                "no QEMU: name one with -D%s, or have %s on the path".formatted(PROPERTY, NAME));
        need(found.get().major() >= NEEDED,
                "%s is too old: %d or newer has iommu-testdev".formatted(found.get(), NEEDED));
        need(Files.isExecutable(Path.of(MachineProcess.program())), "the distribution is not assembled");
        return found.get();
    }

    private static void need(boolean condition, String otherwise) {
        if (isNamed()) {
            assertThat(condition).as(otherwise).isTrue();
        }
        Assumptions.assumeTrue(condition, otherwise);
    }

    private static Optional<QemuProgram> find() throws IOException, InterruptedException {
        Optional<String> path = isNamed() ? Optional.of(System.getProperty(PROPERTY)) : onPath();
        if (path.isEmpty()) {
            return Optional.empty();
        }
        Process process = new ProcessBuilder(path.get(), "--version").redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        Matcher version = VERSION.matcher(said);
        if (!version.find()) {
            throw new IOException("%s --version: %s".formatted(path.get(), said));
        }
        return Optional.of(new QemuProgram(path.get(), Integer.parseInt(version.group(1))));
    }

    private static Optional<String> onPath() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, NAME))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst();
    }
}
