package dev.backplane.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.osgi.service.feature.ID;

/**
 * Folders in which bundles are looked up by their coordinates, either flat ({@code artifact-version.jar}) or in the
 * layout of a Maven repository. The first folder that has a bundle wins. Immutable.
 */
final class BundleRepository {

    private final List<Path> folders;

    BundleRepository(List<Path> folders) {
        this.folders = List.copyOf(folders);
    }

    /**
     * {@return the file of a bundle}
     *
     * @param bundle its coordinates
     * @param feature the feature that asks, for the message
     */
    Path locate(ID bundle, String feature) throws LaunchException {
        return folders.stream()
                .flatMap(folder -> Stream.of(flat(folder, bundle), maven(folder, bundle)))
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new LaunchException("bundle " + bundle + " of feature " + feature
                        + " is missing: no " + fileName(bundle) + " in " + folders
                        + "; correct the feature, put the file there, or name its folder with --repository"));
    }

    private static Path flat(Path folder, ID bundle) {
        return folder.resolve(fileName(bundle));
    }

    private static Path maven(Path folder, ID bundle) {
        return folder.resolve(bundle.getGroupId().replace('.', '/'))
                .resolve(bundle.getArtifactId())
                .resolve(bundle.getVersion())
                .resolve(fileName(bundle));
    }

    private static String fileName(ID bundle) {
        Optional<String> classifier = bundle.getClassifier();
        return bundle.getArtifactId() + "-" + bundle.getVersion() + classifier.map(c -> "-" + c).orElse("") + "."
                + bundle.getType().orElse("jar");
    }
}
