package dev.backplane.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeployedJarsTest {
    private final DeployedJars jars = new DeployedJars();

    @TempDir
    private Path folder;

    private Path jar(String symbolicName) throws IOException {
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        if (!symbolicName.isEmpty()) {
            manifest.getMainAttributes().putValue("Bundle-SymbolicName", symbolicName);
        }
        // A name that has to be encoded in a URL.
        Path file = folder.resolve("a device.jar");
        try (var out = new JarOutputStream(Files.newOutputStream(file), manifest)) {
            out.putNextEntry(new JarEntry("content"));
            out.write(new byte[1000]);
        }
        return file;
    }

    private URL transformed(Path file) throws IOException {
        assertThat(jars.canHandle(file.toFile())).isTrue();
        return jars.transform(file.toUri().toURL());
    }

    @Test
    void theContentOfABundleIsThatOfItsFile() throws IOException {
        Path file = jar("com.example.device");
        assertThat(transformed(file)).hasToString(file.toUri().toURL().toString());
        try (var in = transformed(file).openStream()) {
            assertThat(in.readAllBytes()).isEqualTo(Files.readAllBytes(file));
        }
    }

    @Test
    void aJarWithoutASymbolicNameIsNoBundle() throws IOException {
        URL transformed = transformed(jar(""));
        assertThatThrownBy(transformed::openStream).isInstanceOf(IOException.class)
                .hasMessageContaining("no Bundle-SymbolicName");
    }

    @Test
    void aJarWithoutAManifestIsNoBundle() throws IOException {
        Path file = folder.resolve("bare.jar");
        try (var out = new JarOutputStream(Files.newOutputStream(file))) {
            out.putNextEntry(new JarEntry("content"));
        }
        URL transformed = transformed(file);
        assertThatThrownBy(transformed::openStream).isInstanceOf(IOException.class)
                .hasMessageContaining("no META-INF/MANIFEST.MF");
    }

    @Test
    void aJarThatIsCutOffIsNoWholeOne() throws IOException {
        Path file = jar("com.example.device");
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length / 2));
        URL transformed = transformed(file);
        assertThatThrownBy(transformed::openStream).isInstanceOf(IOException.class)
                .hasMessageContaining("no whole jar").hasMessageContaining("copy it again");
    }

    @Test
    void whatIsNotAFileIsLeftAlone() throws IOException {
        URL elsewhere = URI.create("http://example.com/device.jar").toURL();
        assertThat(jars.transform(elsewhere)).isSameAs(elsewhere);
    }
}
