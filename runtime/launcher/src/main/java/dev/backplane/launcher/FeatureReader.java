package dev.backplane.launcher;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import org.osgi.service.feature.Feature;
import org.osgi.service.feature.FeatureBundle;
import org.osgi.service.feature.FeatureConfiguration;
import org.osgi.service.feature.FeatureExtension;
import org.osgi.service.feature.FeatureService;
import org.osgi.service.feature.ID;

/** Reads OSGi Features and adds them up to a {@link LaunchPlan}. */
final class FeatureReader {

    private final FeatureService service;
    private final BundleRepository repository;
    private final Map<String, String> overrides;
    private final Map<String, LaunchPlan.PlannedBundle> bundles = new LinkedHashMap<>();
    private final Map<String, String> versions = new LinkedHashMap<>();
    private final Map<String, Map<String, Object>> configurations = new LinkedHashMap<>();
    private final Map<String, String> frameworkProperties = new LinkedHashMap<>();
    private final Set<String> variables = new HashSet<>();

    /**
     * Makes a reader.
     *
     * @param repository where bundles are looked up
     * @param overrides values of feature variables
     */
    FeatureReader(BundleRepository repository, Map<String, String> overrides) {
        this.service = ServiceLoader.load(FeatureService.class).findFirst().orElseThrow();
        this.repository = repository;
        this.overrides = overrides;
    }

    /** {@return what these files add up to} */
    LaunchPlan read(List<Path> files) throws LaunchException {
        for (Path file : files) {
            add(parse(file));
        }
        for (String name : overrides.keySet()) {
            if (!variables.contains(name)) {
                throw new LaunchException("--set " + name + ": no feature declares a variable of that name; declared are "
                        + variables.stream().sorted().toList());
            }
        }
        return new LaunchPlan(new ArrayList<>(bundles.values()), configurations, frameworkProperties);
    }

    private Feature parse(Path file) throws LaunchException {
        try (Reader reader = Files.newBufferedReader(file)) {
            return service.readFeature(reader);
        } catch (IOException | RuntimeException e) {
            throw new LaunchException("cannot read feature " + file + ": " + e.getMessage()
                    + "; it must be an OSGi Feature in JSON", e);
        }
    }

    private void add(Feature feature) throws LaunchException {
        String name = feature.getID().toString();
        FeatureVariables values = new FeatureVariables(feature, overrides);
        variables.addAll(feature.getVariables().keySet());
        for (FeatureBundle bundle : feature.getBundles()) {
            addBundle(bundle.getID(), name);
        }
        for (FeatureConfiguration configuration : feature.getConfigurations().values()) {
            addConfiguration(configuration, name, values);
        }
        for (FeatureExtension extension : feature.getExtensions().values()) {
            if (FrameworkProperties.EXTENSION.equals(extension.getName())) {
                for (var property : FrameworkProperties.of(extension).entrySet()) {
                    addFrameworkProperty(property.getKey(), values.substitute(property.getValue()), name);
                }
            } else if (extension.getKind() == FeatureExtension.Kind.MANDATORY) {
                throw new LaunchException("feature " + name + " has the mandatory extension '" + extension.getName()
                        + "', which this launcher does not know; it knows " + FrameworkProperties.EXTENSION);
            }
        }
    }

    private void addBundle(ID bundle, String feature) throws LaunchException {
        String location = bundle.toString();
        if (bundles.containsKey(location)) {
            return;
        }
        String artifact = bundle.getGroupId() + ":" + bundle.getArtifactId();
        String other = versions.putIfAbsent(artifact, location);
        if (other != null) {
            throw new LaunchException("feature " + feature + " wants bundle " + location + ", but another feature wants "
                    + other + "; let both name the same version");
        }
        bundles.put(location, new LaunchPlan.PlannedBundle(location, repository.locate(bundle, feature)));
    }

    private void addConfiguration(FeatureConfiguration configuration, String feature, FeatureVariables values)
            throws LaunchException {
        Map<String, Object> properties = new LinkedHashMap<>();
        for (var property : configuration.getValues().entrySet()) {
            properties.put(property.getKey(), values.substitute(property.getValue()));
        }
        if (configurations.putIfAbsent(configuration.getPid(), properties) != null) {
            throw new LaunchException("feature " + feature + " and another one both have a configuration '"
                    + configuration.getPid() + "'; remove one of them");
        }
    }

    private void addFrameworkProperty(String key, String value, String feature) throws LaunchException {
        String other = frameworkProperties.putIfAbsent(key, value);
        if (other != null && !other.equals(value)) {
            throw new LaunchException("feature " + feature + " sets the framework property '" + key + "' to '" + value
                    + "', another one to '" + other + "'; let them agree");
        }
    }
}
