package dev.backplane.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureReaderTest {

    @TempDir
    private Path folder;

    @Test
    void addsBundlesUpInOrderEachOnce() throws Exception {
        Files.createFile(folder.resolve("a-1.jar"));
        Path maven = Files.createDirectories(folder.resolve("g/h/b/2"));
        Files.createFile(maven.resolve("b-2.jar"));

        LaunchPlan plan = read(Map.of(), feature("one", bundles("g:a:1")), feature("two", bundles("g:a:1", "g.h:b:2")));

        assertThat(plan.bundles())
                .containsExactly(
                        new LaunchPlan.PlannedBundle("g:a:1", folder.resolve("a-1.jar")),
                        new LaunchPlan.PlannedBundle("g.h:b:2", maven.resolve("b-2.jar")));
    }

    @Test
    void keepsTypesOfConfigurationsAndReplacesVariables() throws Exception {
        Path feature = feature("one", """
                "variables": { "size": "1G", "name": "virt0" },
                "configurations": {
                  "p~x": { "ram": "${size}", "n:Integer": 3, "list:String[]": ["${name}", "b"] },
                  "q": { "base:Long": 4294967296, "on:Boolean": true } }""");

        Map<String, Map<String, Object>> configurations = read(Map.of("size", "2G"), feature).configurations();

        assertThat(configurations).containsOnlyKeys("p~x", "q");
        assertThat(configurations.get("p~x")).containsEntry("ram", "2G").containsEntry("n", 3);
        assertThat(configurations.get("p~x").get("list")).isEqualTo(new String[] {"virt0", "b"});
        assertThat(configurations.get("q")).isEqualTo(Map.of("base", 4294967296L, "on", true));
    }

    @Test
    void takesFrameworkPropertiesAsJsonAndAsText() throws Exception {
        Path json = feature("one", """
                "extensions": { "framework-launching-properties": {
                  "kind": "mandatory", "json": { "a": "1", "b": true } } }""");
        Path text = feature("two", """
                "extensions": { "framework-launching-properties": { "kind": "mandatory", "text": ["c=3", "a = 1"] } }""");

        assertThat(read(Map.of(), json, text).frameworkProperties())
                .isEqualTo(Map.of("a", "1", "b", "true", "c", "3"));
    }

    @Test
    void leavesAnOptionalUnknownExtensionAlone() throws Exception {
        Path feature = feature("one", """
                "extensions": { "notes": { "kind": "optional", "text": ["x"] } }""");

        assertThat(read(Map.of(), feature).bundles()).isEmpty();
    }

    @Test
    void refusesAMandatoryUnknownExtension() throws IOException {
        Path feature = feature("one", """
                "extensions": { "policy": { "kind": "mandatory", "text": ["x"] } }""");

        refuses("feature t:one:1 has the mandatory extension 'policy'", Map.of(), feature);
    }

    @Test
    void namesAMissingBundleAndWhatToDo() throws IOException {
        refuses("bundle g:a:1 of feature t:one:1 is missing: no a-1.jar in", Map.of(), feature("one", bundles("g:a:1")));
    }

    @Test
    void refusesTwoVersionsOfABundle() throws IOException {
        Files.createFile(folder.resolve("a-1.jar"));
        refuses("wants bundle g:a:2, but another feature wants g:a:1", Map.of(),
                feature("one", bundles("g:a:1")), feature("two", bundles("g:a:2")));
    }

    @Test
    void refusesFrameworkPropertiesThatDisagree() throws IOException {
        String format = "\"extensions\": { \"framework-launching-properties\": { \"json\": { \"a\": \"%s\" } } }";
        refuses("sets the framework property 'a' to '2', another one to '1'", Map.of(),
                feature("one", format.formatted("1")), feature("two", format.formatted("2")));
    }

    @Test
    void refusesAVariableThatNobodyDeclares() throws IOException {
        refuses("--set speed: no feature declares", Map.of("speed", "1"), feature("one", "\"name\": \"x\""));
    }

    @Test
    void refusesAReferenceToAnUnknownVariable() throws IOException {
        refuses("uses the variable 'size', which has no value", Map.of(), feature("one", """
                "configurations": { "p": { "ram": "${size}" } }"""));
    }

    @Test
    void refusesAFileThatIsNoFeature() throws IOException {
        Path file = Files.writeString(folder.resolve("broken.json"), "{ \"id\": ");
        refuses("cannot read feature " + file, Map.of(), file);
    }

    private void refuses(String message, Map<String, String> variables, Path... features) {
        assertThatExceptionOfType(LaunchException.class)
                .isThrownBy(() -> read(variables, features))
                .withMessageContaining(message);
    }

    private LaunchPlan read(Map<String, String> variables, Path... features) throws LaunchException {
        return new FeatureReader(new BundleRepository(List.of(folder)), new HashMap<>(variables))
                .read(Arrays.asList(features));
    }

    private Path feature(String name, String body) throws IOException {
        return Files.writeString(
                folder.resolve(name + ".json"),
                "{ \"feature-resource-version\": \"1.0\", \"id\": \"t:" + name + ":1\",\n" + body + "\n}");
    }

    private static String bundles(String... ids) {
        return "\"bundles\": [" + String.join(",", Arrays.stream(ids).map(id -> "{\"id\":\"" + id + "\"}").toList()) + "]";
    }
}
