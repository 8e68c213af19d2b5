package dev.backplane.smmuv3.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.reference.ReferenceSmmu;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Any bytes in STE, CD and tables end in what the architecture says: the outcome is that of {@link ReferenceSmmu}, from
 * the tables and from the caches, and a probe records nothing.
 */
class TranslationFuzzTest {
    private static final int TRANSACTIONS = 3;

    @MethodSource("seeds")
    @FuzzTest
    void anyTablesEndInAnArchitecturalResult(byte[] data) {
        var scene = new FuzzScene(data == null ? new byte[0] : data);
        var reference = new ReferenceSmmu(scene.capabilities, scene.registers, scene::peek, scene);
        List<SmmuEvent> events = new ArrayList<>();
        var context = new TestContext();
        var translator = new SmmuTranslator(
                scene.capabilities, scene, (_, event) -> events.add(event), new CacheSizes(4, 4));
        translator.configure(scene.registers);
        for (int i = 0; i < TRANSACTIONS; i++) {
            TransactionAttributes attributes = scene.requester();
            long iova = scene.iova();
            AccessKind access = scene.access();
            ReferenceSmmu.Outcome expected = reference.translate(
                    attributes.requesterId(), attributes.substreamId(), attributes.privileged(),
                    attributes.instruction(), iova, access.isRead());
            String what = "%s %s IOVA 0x%x: %s".formatted(attributes, access, iova, scene);
            for (int pass = 0; pass < 2; pass++) {
                events.clear();
                Translation answer = translator.translate(context, attributes, iova, access);
                Agreement.check(what, expected, iova, answer, events.isEmpty() ? null : events.getFirst());
                assertThat(events).as(what).hasSizeLessThan(2);
            }
            events.clear();
            translator.probe(context, attributes, iova, access, new WalkObserver() {});
            assertThat(events).as("a probe records nothing").isEmpty();
        }
    }

    static Stream<byte[]> seeds() {
        return FuzzScene.seeds();
    }
}
