package dev.backplane.launcher;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.jar.JarFile;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.connect.ConnectModule;
import org.osgi.framework.connect.ModuleConnector;

/**
 * Lets the framework take the bundles that are on the class path as they are there (OSGi Connect). Their classes come
 * from the JVM's own class loader, the only one whose lambdas the JVM's cache of loaded classes holds. That is for
 * processes whose bundles nobody updates: what shares a class loader cannot be replaced piece by piece. All other bundles
 * are installed from their files. Thread-safe.
 */
final class ClassPathBundles implements ModuleConnector {
    private static final String BUNDLE = "bundle";
    private static final String SEPARATOR = "\t";

    private static final Set<String> ABOUT_PACKAGES = Set.of(
            Constants.IMPORT_PACKAGE, Constants.DYNAMICIMPORT_PACKAGE, Constants.EXPORT_PACKAGE, "Private-Package");

    private final Map<String, Path> files;
    private final Path headersFile;
    private Map<String, Map<String, String>> headers;

    private ClassPathBundles(Map<String, Path> files, Path headersFile) {
        this.files = Map.copyOf(files);
        this.headersFile = headersFile;
    }

    /**
     * {@return those of a plan's bundles that are on this JVM's class path}
     *
     * @param headersFile where manifest headers are written down, so that later starts open no jars
     */
    static ClassPathBundles of(LaunchPlan plan, Path headersFile) {
        Set<String> classPath = new HashSet<>(
                Arrays.asList(System.getProperty("java.class.path").split(File.pathSeparator)));
        Map<String, Path> files = new HashMap<>();
        for (LaunchPlan.PlannedBundle bundle : plan.bundles()) {
            if (classPath.contains(bundle.file().toString())) {
                files.put(bundle.location(), bundle.file());
            }
        }
        return new ClassPathBundles(files, headersFile);
    }

    /** {@return none: all bundles are installed from their files} */
    static ClassPathBundles none() {
        return new ClassPathBundles(Map.of(), null);
    }

    boolean isEmpty() {
        return files.isEmpty();
    }

    boolean contains(String location) {
        return files.containsKey(location);
    }

    /** Forgets the headers that were written down: jars have changed. */
    synchronized void forget() throws IOException {
        if (headersFile != null) {
            Files.deleteIfExists(headersFile);
        }
        headers = Map.of();
    }

    /**
     * Writes the headers of all jars down.
     *
     * @param withPackages whether imports and exports are among them. Without other bundles they are of no use once they
     *     were found to fit: all classes come from one class loader, which asks for no wires.
     */
    synchronized void remember(boolean withPackages) throws IOException {
        if (isEmpty()) {
            return;
        }
        List<String> lines = new ArrayList<>();
        for (var bundle : files.entrySet()) {
            lines.add(BUNDLE + SEPARATOR + bundle.getKey());
            try (var jar = new JarFile(bundle.getValue().toFile(), false)) {
                jar.getManifest().getMainAttributes().forEach((name, value) -> {
                    if (withPackages || !ABOUT_PACKAGES.contains(name.toString())) {
                        lines.add(name + SEPARATOR + value);
                    }
                });
            }
        }
        Files.write(headersFile, lines);
        headers = null; // read again
    }

    @Override
    public void initialize(File storage, Map<String, String> configuration) {
        // The files are known already.
    }

    @Override
    public Optional<ConnectModule> connect(String location) throws BundleException {
        Path file = files.get(location);
        if (file == null) {
            return Optional.empty();
        }
        Optional<Map<String, String>> known = Optional.ofNullable(headers().get(location));
        return Optional.of(() -> new ClassPathContent(file, known));
    }

    private synchronized Map<String, Map<String, String>> headers() throws BundleException {
        try {
            if (headers == null) {
                headers = Files.exists(headersFile) ? parse(Files.readAllLines(headersFile)) : Map.of();
            }
            return headers;
        } catch (IOException e) {
            throw new BundleException("cannot read " + headersFile + ": " + e.getMessage(), e);
        }
    }

    private static Map<String, Map<String, String>> parse(List<String> lines) {
        Map<String, Map<String, String>> all = new HashMap<>();
        Map<String, String> current = null;
        for (String line : lines) {
            int tab = line.indexOf(SEPARATOR);
            if (line.startsWith(BUNDLE + SEPARATOR)) {
                current = new TreeMap<>(String.CASE_INSENSITIVE_ORDER); // as the framework has headers
                all.put(line.substring(tab + 1), current);
            } else {
                current.put(line.substring(0, tab), line.substring(tab + 1));
            }
        }
        return all;
    }

    @Override
    public Optional<BundleActivator> newBundleActivator() {
        return Optional.empty();
    }
}
