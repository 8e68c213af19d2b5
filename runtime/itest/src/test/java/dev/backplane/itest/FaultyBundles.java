package dev.backplane.itest;

import aQute.bnd.osgi.Builder;
import aQute.bnd.osgi.Jar;
import dev.backplane.device.DeviceFactory;
import dev.backplane.itest.faulty.Fault;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Component;

/** One bundle for each fault; all are versions of one provider. */
final class FaultyBundles {
    static final String NAME = "faulty";

    private static final Path FOLDER = Path.of("target", "faulty").toAbsolutePath();

    private FaultyBundles() {}

    static Path jar(Fault fault) {
        return FOLDER.resolve(fault + ".jar");
    }

    /** Makes all of them. */
    static void build() throws Exception {
        Files.createDirectories(FOLDER);
        for (Fault fault : Fault.values()) {
            try (var builder = new Builder()) {
                builder.setClasspath(new File[] {
                    where(Fault.class), where(DeviceFactory.class), where(Component.class), where(BundleContext.class)
                });
                builder.setProperty("Bundle-SymbolicName", NAME);
                builder.setProperty("Bundle-Version", "1." + fault.ordinal());
                builder.setProperty("Private-Package", Fault.class.getPackageName());
                builder.setProperty("-dsannotations", "*");
                builder.setProperty("-noimportjava", "true");
                builder.setProperty(Fault.HEADER, fault.name());
                Jar jar = builder.build();
                if (!builder.isOk()) {
                    throw new AssertionError("bundle with %s: %s".formatted(fault, builder.getErrors()));
                }
                jar.write(jar(fault).toFile());
            }
        }
    }

    private static File where(Class<?> type) throws Exception {
        return new File(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }
}
