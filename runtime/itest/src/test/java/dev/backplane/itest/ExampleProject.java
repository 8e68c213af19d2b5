package dev.backplane.itest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A project below {@code runtime/examples}, built as its author builds it: by a Maven of its own, in a copy of its
 * folder, against the artifacts that this build publishes. They are in a repository that is made for this; Maven's
 * plugins come from the local repository, so that no network is needed.
 */
final class ExampleProject {
    private static final Path WORK = Path.of("target", "examples").toAbsolutePath();
    private static final Path SOURCES = Path.of("..", "..").toAbsolutePath().normalize();
    private static final int PATIENCE_SECONDS = 180;

    private final String name;

    ExampleProject(String name) {
        this.name = name;
    }

    /** {@return where the jar of a release is, or will be} */
    static Path jar(String name, String revision) {
        return WORK.resolve("%s-%s/target/%s-%s.jar".formatted(name, revision, name, revision));
    }

    /** Builds the project as it is, with its tests. {@return its jar} */
    Path build(String revision) throws IOException, InterruptedException {
        copy(SOURCES.resolve("runtime/examples").resolve(name), folder(revision));
        return run(revision, List.of());
    }

    /** Builds an earlier release: the project with the files that have changed since as they were then. */
    Path buildEarlier(String revision) throws IOException, InterruptedException {
        copy(SOURCES.resolve("runtime/examples").resolve(name), folder(revision));
        copy(Path.of("src/test/examples", name + "-" + revision), folder(revision).resolve("src/main/java"));
        return run(revision, List.of("-Dmaven.test.skip=true"));
    }

    private Path folder(String revision) {
        return WORK.resolve(name + "-" + revision);
    }

    private Path run(String revision, List<String> options) throws IOException, InterruptedException {
        Path repository = publish();
        Path settings = Files.writeString(WORK.resolve("settings.xml"), """
                <settings>
                  <localRepository>%s</localRepository>
                  <mirrors>
                    <mirror>
                      <id>local</id>
                      <mirrorOf>*</mirrorOf>
                      <url>%s</url>
                    </mirror>
                  </mirrors>
                </settings>
                """.formatted(repository, Path.of(System.getProperty("maven.repo.local")).toUri()));
        Path log = WORK.resolve(name + "-" + revision + ".log");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("maven.home"), "bin", "mvn").toString(),
                "-B", "-q", "-s", settings.toString(), "-Drevision=" + revision,
                "-Dbackplane.version=" + System.getProperty("backplane.version")));
        command.addAll(options);
        command.add("package");
        var builder = new ProcessBuilder(command).directory(folder(revision).toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("MAVEN_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto");
        builder.environment().remove("MAVEN_CMD_LINE_ARGS");
        Process maven = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        maven.getOutputStream().close();
        if (!maven.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            maven.destroyForcibly();
            throw new AssertionError("%s did not end:%n%s".formatted(command, Files.readString(log)));
        }
        if (maven.exitValue() != 0) {
            throw new AssertionError("%s ended with %d:%n%s"
                    .formatted(command, maven.exitValue(), Files.readString(log)));
        }
        return jar(name, revision);
    }

    /** Puts what this build publishes for device authors into the repository. */
    private static Path publish() throws IOException {
        Path repository = WORK.resolve("repository");
        String version = System.getProperty("backplane.version");
        put(repository, "dev.backplane.parent", version, "pom", SOURCES.resolve("pom.xml"));
        put(repository, "dev.backplane.bundles", version, "pom", SOURCES.resolve("bundles/pom.xml"));
        put(repository, "dev.backplane.api", version, "pom", SOURCES.resolve("bundles/dev.backplane.api/pom.xml"));
        put(
                repository,
                "dev.backplane.api",
                version,
                "jar",
                ShippedFeatures.file("dev.backplane:dev.backplane.api:" + version));
        return repository;
    }

    private static void put(Path repository, String artifact, String version, String type, Path file)
            throws IOException {
        Path target = repository.resolve("dev/backplane/%s/%s/%s-%s.%s"
                .formatted(artifact, version, artifact, version, type));
        Files.createDirectories(target.getParent());
        Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path relative = from.relativize(file);
                if (!relative.startsWith("target")) {
                    Path target = to.resolve(relative);
                    Files.createDirectories(target.getParent());
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }
}
