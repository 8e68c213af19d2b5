package dev.backplane.launcher;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
import java.util.zip.CRC32;
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
    private WrittenHeaders headers;

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

    /** {@return whether a plan has bundles and all of them are on the class path, so that packages need no wires} */
    boolean areAllOf(LaunchPlan plan) {
        return !isEmpty() && plan.bundles().stream().allMatch(bundle -> contains(bundle.location()));
    }

    boolean contains(String location) {
        return files.containsKey(location);
    }

    /** {@return whether the headers of all jars are written down} */
    synchronized boolean hasHeaders() throws IOException {
        return isEmpty() || headers() != WrittenHeaders.NONE;
    }

    /**
     * {@return what tells the headers that are written down from others} A bundle cache fits only with those with which
     * it was filled: the manifests of the jars may ask for packages that the framework does not have then.
     */
    synchronized String identity() throws IOException {
        return headers().identity();
    }

    /** Forgets the headers that were written down: jars have changed. */
    synchronized void forget() throws IOException {
        if (headersFile != null) {
            Files.deleteIfExists(headersFile);
        }
        headers = WrittenHeaders.NONE;
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
        WholeFile.write(headersFile, WholeFile.bytes(lines));
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
        Optional<Map<String, String>> known;
        try {
            known = Optional.ofNullable(headers().byLocation().get(location));
        } catch (IOException e) {
            throw new BundleException("cannot read " + headersFile + ": " + e.getMessage(), e);
        }
        return Optional.of(() -> new ClassPathContent(file, known));
    }

    private synchronized WrittenHeaders headers() throws IOException {
        if (headers == null) {
            headers = Files.exists(headersFile) ? read(Files.readAllBytes(headersFile)) : WrittenHeaders.NONE;
        }
        return headers;
    }

    /** {@return the headers, or none if they are not those of all jars} */
    private WrittenHeaders read(byte[] bytes) {
        Map<String, Map<String, String>> all = new HashMap<>();
        Map<String, String> current = null;
        for (String line : new String(bytes, StandardCharsets.UTF_8).lines().toList()) {
            int tab = line.indexOf(SEPARATOR);
            if (line.startsWith(BUNDLE + SEPARATOR)) {
                current = new TreeMap<>(String.CASE_INSENSITIVE_ORDER); // as the framework has headers
                all.put(line.substring(tab + 1), current);
            } else if (tab < 0 || current == null) {
                return WrittenHeaders.NONE;
            } else {
                current.put(line.substring(0, tab), line.substring(tab + 1));
            }
        }
        if (!all.keySet().equals(files.keySet())) {
            return WrittenHeaders.NONE;
        }
        var checksum = new CRC32();
        checksum.update(bytes);
        return new WrittenHeaders(all, bytes.length + " " + Long.toHexString(checksum.getValue()));
    }

    /**
     * What the file holds.
     *
     * @param byLocation headers of all jars, or none
     * @param identity tells them from others
     */
    private record WrittenHeaders(Map<String, Map<String, String>> byLocation, String identity) {
        static final WrittenHeaders NONE = new WrittenHeaders(Map.of(), "none");
    }

    @Override
    public Optional<BundleActivator> newBundleActivator() {
        return Optional.empty();
    }
}
