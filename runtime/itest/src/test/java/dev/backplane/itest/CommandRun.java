package dev.backplane.itest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.rules.TemporaryFolder;

/**
 * A run of the shipped command {@code backplane}, as a user starts it.
 *
 * @param status exit status
 * @param output all that it printed
 */
record CommandRun(int status, String output) {
    private static final int PATIENCE_SECONDS = 180;

    /** Runs the command in a folder, with its data there too, and nothing on its standard input. */
    static CommandRun of(TemporaryFolder folder, String... arguments) throws IOException, InterruptedException {
        Path output = folder.newFile().toPath();
        List<String> command = new ArrayList<>();
        command.add(ShippedFeatures.home().resolve("bin/backplane").toString());
        command.add("--data");
        command.add(folder.getRoot().toPath().resolve("data").toString());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(folder.getRoot())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        process.getOutputStream().close();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("%s did not end:%n%s".formatted(command, Files.readString(output)));
        }
        return new CommandRun(process.exitValue(), Files.readString(output));
    }
}
