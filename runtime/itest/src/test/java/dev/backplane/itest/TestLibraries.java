package dev.backplane.itest;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.backplane.smmuv3.reference.ReferenceSmmu;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import org.assertj.core.api.Assertions;
import org.awaitility.Awaitility;
import org.hamcrest.Matcher;

/** The libraries that a test in the container uses; the framework shares them from the class path of the test. */
final class TestLibraries {

    private TestLibraries() {}

    /** {@return all their packages} */
    static String[] packages() {
        Set<String> packages = new TreeSet<>();
        addPackages(Assertions.class, packages);
        addPackages(Awaitility.class, packages);
        addPackages(Matcher.class, packages);
        addPackages(ObjectMapper.class, packages);
        addPackages(JsonParser.class, packages);
        addPackages(JsonProperty.class, packages);
        addPackages(ReferenceSmmu.class, packages);
        return packages.toArray(String[]::new);
    }

    private static void addPackages(Class<?> library, Set<String> packages) {
        Path jar = Path.of(library.getProtectionDomain().getCodeSource().getLocation().getPath());
        try (JarFile file = new JarFile(jar.toFile())) {
            file.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.endsWith(".class") && name.contains("/") && !name.startsWith("META-INF"))
                    .forEach(name -> packages.add(name.substring(0, name.lastIndexOf('/')).replace('/', '.')));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
