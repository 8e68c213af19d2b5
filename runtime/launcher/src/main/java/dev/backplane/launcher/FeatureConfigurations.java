package dev.backplane.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * Gives the configurations of the features to Config Admin. One that is there already and equal is left alone; one that
 * came from a feature earlier and is in none now is deleted; what users made themselves is never touched.
 */
final class FeatureConfigurations {

    private final Map<String, Map<String, Object>> configurations;
    private final Path record;

    /**
     * Takes the configurations.
     *
     * @param configurations by full PID
     * @param record file in which the PIDs are written down
     */
    FeatureConfigurations(Map<String, Map<String, Object>> configurations, Path record) {
        this.configurations = configurations;
        this.record = record;
    }

    void applyTo(ConfigurationAdmin admin) throws IOException {
        for (String pid : Files.exists(record) ? Files.readAllLines(record) : List.<String>of()) {
            if (!configurations.containsKey(pid)) {
                find(admin, pid).delete();
            }
        }
        Files.write(record, new TreeSet<>(configurations.keySet()));
        for (var configuration : configurations.entrySet()) {
            find(admin, configuration.getKey()).updateIfDifferent(dictionary(configuration.getValue()));
        }
    }

    private static Configuration find(ConfigurationAdmin admin, String pid) throws IOException {
        int tilde = pid.indexOf('~');
        return tilde < 0
                ? admin.getConfiguration(pid, "?")
                : admin.getFactoryConfiguration(pid.substring(0, tilde), pid.substring(tilde + 1), "?");
    }

    private static Dictionary<String, Object> dictionary(Map<String, Object> properties) {
        return new Hashtable<>(properties);
    }
}
