package dev.backplane.qtest;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/**
 * The component descriptions in bundles. What was read once stays in a file of this bundle, so that later starts open no
 * jars. Thread-safe.
 */
final class ComponentDescriptions {
    private static final System.Logger LOGGER = System.getLogger(ComponentDescriptions.class.getName());
    private static final String SEPARATOR = "\0";

    private final BundleContext context;
    private final Map<String, List<String>> known = new ConcurrentHashMap<>();

    ComponentDescriptions(BundleContext context) {
        this.context = context;
    }

    /** {@return the descriptions in a bundle as XML} */
    List<String> of(Bundle bundle) {
        // An update of the bundle changes the time.
        return known.computeIfAbsent(
                "components-" + bundle.getBundleId() + "-" + bundle.getLastModified(), name -> read(bundle, name));
    }

    private List<String> read(Bundle bundle, String name) {
        File file = context.getDataFile(name);
        try {
            if (file != null && file.exists()) {
                return split(Files.readString(file.toPath()));
            }
            String all = String.join(SEPARATOR, read(bundle));
            if (file != null) {
                File whole = context.getDataFile(name + ".new");
                Files.writeString(whole.toPath(), all);
                Files.move(whole.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE);
            }
            return split(all);
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.WARNING, "cannot read components of " + bundle.getSymbolicName(), e);
            return List.of();
        }
    }

    private static List<String> split(String all) {
        return all.isEmpty() ? List.of() : Arrays.asList(all.split(SEPARATOR));
    }

    private static List<String> read(Bundle bundle) throws IOException {
        List<String> descriptions = new ArrayList<>();
        Enumeration<URL> files = bundle.findEntries("OSGI-INF", "*.xml", false);
        while (files != null && files.hasMoreElements()) {
            try (InputStream in = files.nextElement().openStream()) {
                descriptions.add(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return descriptions;
    }
}
