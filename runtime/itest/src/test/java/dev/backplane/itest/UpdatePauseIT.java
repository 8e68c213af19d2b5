package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;

import aQute.bnd.osgi.Builder;
import aQute.bnd.osgi.Jar;
import dev.backplane.board.Board;
import dev.backplane.device.DeviceFactory;
import dev.backplane.itest.pauses.PauseCommands;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Component;

/**
 * Measures updates of the SMMU under DMA in the shipped command with its JVM settings, on the captured guest. A few
 * updates show that all works; {@code -Dbackplane.pauses=1000} makes a measurement. It asserts no time.
 */
public class UpdatePauseIT {
    private static final int UPDATES = Integer.getInteger("backplane.pauses", 3);

    /** Before a measurement: by then what hand-overs have in common is compiled. */
    private static final int WARM_UP = UPDATES < 100 ? UPDATES : 400;

    private static final int GAP_MICROS = 200;

    @Rule
    public final TemporaryFolder folder = new TemporaryFolder();

    @Test
    public void noAccessIsLostWhileTheSmmuIsUpdated() throws Exception {
        Path jar = Bundles.shipped("dev.backplane.smmuv3.emulated");
        try (var console = console()) {
            console.run("vm:load linux");
            var report = new StringBuilder("The first %d:%n".formatted(WARM_UP));
            report.append(console.run("pauses:beside %s %d %d".formatted(jar, WARM_UP, GAP_MICROS)));
            report.append("Then:%n".formatted());
            report.append(console.run("pauses:speed %s 20".formatted(jar)));
            report.append(console.run("pauses:beside %s %d %d".formatted(jar, UPDATES, GAP_MICROS)));
            report.append(console.run("pauses:beside %s %d 0".formatted(jar, UPDATES)));
            System.out.println(report);
            assertThat(report.toString())
                    .contains("before", "board:update, 2 busy threads, " + UPDATES + " updates")
                    .doesNotContainPattern("[1-9]\\d* aborts");
        }
        // A provider with two seats cannot be updated in place to the version of its idle one: another process.
        try (var console = console()) {
            console.run("vm:load linux");
            console.run("pauses:inPlace %s %d %d".formatted(jar, Math.min(UPDATES, 20), GAP_MICROS));
            var report = new StringBuilder();
            report.append(console.run("pauses:inPlace %s %d %d".formatted(jar, UPDATES, GAP_MICROS)));
            report.append(console.run("pauses:inPlace %s %d 0".formatted(jar, UPDATES)));
            report.append(console.run("pauses:bare %s %d".formatted(jar, UPDATES)));
            System.out.println(report);
            assertThat(report.toString()).contains("felix:update, 2 busy threads", "bare Felix update");
        }
    }

    private ConsoleProcess console() throws Exception {
        String home = folder.getRoot().toString();
        return new ConsoleProcess(
                Path.of(home), "--clean", "--features", "+" + feature(), "--repository", home);
    }

    private Path feature() throws Exception {
        try (var builder = new Builder()) {
            builder.setClasspath(new File[] {
                where(PauseCommands.class), where(DeviceFactory.class), where(Board.class), where(Component.class),
                where(BundleContext.class)
            });
            builder.setProperty("Bundle-SymbolicName", "pauses");
            builder.setProperty("Bundle-Version", "1.0.0");
            builder.setProperty("Private-Package", PauseCommands.class.getPackageName());
            builder.setProperty("-dsannotations", "*");
            builder.setProperty("-noimportjava", "true");
            Jar jar = builder.build();
            if (!builder.isOk()) {
                throw new AssertionError("the bundle of the commands: " + builder.getErrors());
            }
            jar.write(folder.getRoot().toPath().resolve("pauses-1.0.0.jar").toFile());
        }
        return Files.writeString(folder.getRoot().toPath().resolve("pauses.json"), """
                {
                  "feature-resource-version": "1.0",
                  "id": "dev.backplane:pauses:1.0.0",
                  "bundles": [ { "id": "dev.backplane:pauses:1.0.0" } ]
                }
                """);
    }

    private static File where(Class<?> type) throws Exception {
        return new File(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }
}
