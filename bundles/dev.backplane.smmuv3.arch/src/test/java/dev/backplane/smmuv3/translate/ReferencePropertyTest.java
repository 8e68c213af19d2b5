package dev.backplane.smmuv3.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.reference.ReferenceSmmu;
import dev.backplane.smmuv3.spec.EventType;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Random configurations and addresses: result, permissions, attributes and event record must equal those of {@link
 * ReferenceSmmu}, on the way through the tables, from the caches and from a probe. The number of cases is the system
 * property {@code smmu.cases}, the seed {@code smmu.seed}.
 */
class ReferencePropertyTest {
    private static final int CASES = Integer.getInteger("smmu.cases", 120_000);
    private static final long SEED = Long.getLong("smmu.seed", 0x5347_4D4DL);
    private static final int CASES_PER_SCENE = 24;

    private final TestContext context = new TestContext();
    private final List<SmmuEvent> events = new ArrayList<>();
    private final Map<EventType, Integer> seen =
            new EnumMap<>(EventType.class);
    private int mapped;
    private int nested;

    @Test
    void agreesWithTheReferenceOnRandomScenes() {
        for (int scene = 0; scene * CASES_PER_SCENE < CASES; scene++) {
            long seed = SEED + scene * 0x9E37_79B9_7F4A_7C15L;
            scene(seed);
        }
        // The generator must reach what it is meant to reach.
        assertThat(mapped).as("mapped").isGreaterThan(CASES / 10);
        assertThat(nested).as("mapped by both stages").isGreaterThan(CASES / 200);
        assertThat(seen.keySet()).as("events reached: %s", seen).contains(
                EventType.C_BAD_STREAMID,
                EventType.F_STE_FETCH,
                EventType.C_BAD_STE,
                EventType.F_STREAM_DISABLED,
                EventType.C_BAD_SUBSTREAMID,
                EventType.F_CD_FETCH,
                EventType.C_BAD_CD,
                EventType.F_WALK_EABT,
                EventType.F_TRANSLATION,
                EventType.F_ADDR_SIZE,
                EventType.F_ACCESS,
                EventType.F_PERMISSION);
    }

    private void scene(long seed) {
        var scene = new RandomScene(seed);
        var reference = new ReferenceSmmu(scene.capabilities, scene.registers, scene.memory::peek, scene);
        DmaPort port = scene.memory;
        // A TLB of one set, so that most is walked; and its entries are few enough to drop each time. One scene in four
        // has no walk cache, so that walks from the first table follow one another.
        int log2WalkEntries = (seed >>> 32 & 3) == 0 ? 0 : 12;
        var translator = new SmmuTranslator(
                scene.capabilities, port, (_, event) -> events.add(event), new CacheSizes(2, log2WalkEntries));
        translator.configure(scene.registers);
        SplittableRandom random = scene.random;
        for (int i = 0; i < CASES_PER_SCENE; i++) {
            int streamId = scene.streamId();
            int substreamId = scene.substreamId();
            boolean privileged = random.nextInt(4) == 0;
            boolean instruction = random.nextInt(6) == 0;
            long iova = scene.iova();
            AccessKind access = random.nextInt(3) == 0 ? AccessKind.WRITE : AccessKind.READ;
            ReferenceSmmu.Outcome expected = reference.translate(
                    streamId, substreamId, privileged, instruction, iova, access.isRead());
            var attributes = new TransactionAttributes(streamId, substreamId, privileged, instruction);
            String what = "seed 0x%x case %d: SID 0x%x SSID %d %s%s%s IOVA 0x%x, %s".formatted(
                    seed, i, streamId, substreamId, access, privileged ? " privileged" : "",
                    instruction ? " instruction" : "", iova, scene);
            for (int pass = 0; pass < 2; pass++) {
                events.clear();
                Translation answer = translator.translate(context, attributes, iova, access);
                Agreement.check(what + (pass == 0 ? ", first" : ", cached"), expected, iova, answer,
                        events.isEmpty() ? null : events.getFirst());
            }
            dropLastLevel(translator);
            events.clear();
            Translation again = translator.translate(context, attributes, iova, access);
            Agreement.check(what + ", from the walk cache", expected, iova, again,
                    events.isEmpty() ? null : events.getFirst());
            probe(what + ", probe", expected, translator, attributes, iova, access);
            count(expected, scene);
        }
    }

    /** Drops the entries of the TLB, and no table pointers but those of nested streams whose VMID has stage 2 alone too. */
    private static void dropLastLevel(SmmuTranslator translator) {
        List<TlbEntryView> entries = new ArrayList<>();
        translator.tlbEntries(entries::add);
        Invalidation invalidation = translator.invalidation();
        for (TlbEntryView entry : entries) {
            TlbRange address = TlbRange.single(entry.mapped().input(), true);
            if (entry.stage1()) {
                invalidation.tlbOfVaAllAsids(entry.vmid(), address);
            } else {
                invalidation.tlbOfIpa(entry.vmid(), address);
            }
        }
    }

    private void probe(
            String what,
            ReferenceSmmu.Outcome expected,
            SmmuTranslator translator,
            TransactionAttributes attributes,
            long iova,
            AccessKind access) {
        events.clear();
        switch (translator.probe(context, attributes, iova, access, new WalkObserver() {})) {
            case TranslationOutcome.Mapped(var translation) -> Agreement.check(what, expected, iova, translation, null);
            case TranslationOutcome.Terminated(var how, var event, var recorded, var reason) -> {
                Agreement.check(what, expected, iova, how, recorded ? event : null);
                assertThat(reason).as(what).isNotBlank();
            }
        }
        assertThat(events).as(what).isEmpty();
    }

    private void count(ReferenceSmmu.Outcome expected, RandomScene scene) {
        if (expected.end().equals("mapped")) {
            mapped++;
            nested += scene.isNested() ? 1 : 0;
        } else if (expected.record() != null) {
            int id = Integer.parseInt(expected.record().substring(14, 16), 16);
            seen.merge(EventType.ofId(id), 1, Integer::sum);
        }
    }
}
