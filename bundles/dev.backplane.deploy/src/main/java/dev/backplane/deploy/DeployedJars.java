package dev.backplane.deploy;

import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.util.Optional;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.apache.felix.fileinstall.ArtifactUrlTransformer;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Component;

/**
 * Takes every jar of the deploy folder, also those that are no bundles. File Install by itself leaves these alone
 * without a word, and uninstalls the bundle of a jar that one of them replaces. Here their content cannot be read: File
 * Install logs why, and goes on with the bundle that it has.
 */
@Component(service = ArtifactUrlTransformer.class)
public final class DeployedJars implements ArtifactUrlTransformer {

    /** Made by the component runtime. */
    public DeployedJars() {}

    @Override
    public boolean canHandle(File file) {
        return file.getName().endsWith(".jar");
    }

    @Override
    public URL transform(URL jar) throws MalformedURLException {
        if (!jar.getProtocol().equals("file")) {
            return jar;
        }
        Optional<String> trouble = trouble(new File(URI.create(jar.toString())));
        return trouble.isEmpty() ? jar : URL.of(URI.create("unreadable:" + jar), new Unreadable(trouble.get()));
    }

    /** {@return why a file cannot be installed, and what to do, or empty} */
    private static Optional<String> trouble(File file) {
        try (var jar = new JarFile(file)) {
            Manifest manifest = jar.getManifest();
            if (manifest == null) {
                return Optional.of("it has no META-INF/MANIFEST.MF: put a jar there that is an OSGi bundle");
            }
            String name = manifest.getMainAttributes().getValue(Constants.BUNDLE_SYMBOLICNAME);
            return name == null || name.isBlank()
                    ? Optional.of("its manifest has no Bundle-SymbolicName: put a jar there that is an OSGi bundle")
                    : Optional.empty();
        } catch (IOException | SecurityException e) {
            return Optional.of("it is no whole jar (%s): copy it again, best to another folder of the disk, and move it"
                    .formatted(e.getMessage()));
        }
    }

    /** Says why instead. */
    private static final class Unreadable extends URLStreamHandler {
        private final String why;

        Unreadable(String why) {
            this.why = why;
        }

        @Override
        protected URLConnection openConnection(URL url) throws IOException {
            throw new IOException(why);
        }
    }
}
