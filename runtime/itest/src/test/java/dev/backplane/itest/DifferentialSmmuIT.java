package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;

import dev.backplane.board.Boards;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult.Done;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;

/**
 * The same random stage 1 on two boards: one whose SMMU walks it in software, one whose host carries it out. Bytes,
 * outcomes and the events that a host forwards agree; whatever else differs has a name and is counted. More cases with
 * {@code -Daccel.cases=10000}, the same ones again with {@code -Daccel.seed=}.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class DifferentialSmmuIT {
    private static final String CASES = "accel.cases";
    private static final String SEED = "accel.seed";
    private static final int WRITTEN_BACK = 0x800;
    private static final int PATTERN = 0xC0FF_EE00;
    private static final int BYPASS = 4;
    private static final int C_BAD_CD = 0x0A;
    private static final String F_WALK_EABT = "0x0b";
    /** Kinds of events that a host forwards: what the guest's own CD and tables are to blame for. */
    private static final Set<Integer> FORWARDED = Set.of(C_BAD_CD, 0x10, 0x11, 0x12, 0x13);
    private static final long PATIENCE = 10_000_000_000L;

    /** How the boards may differ. */
    private enum Rule {
        /** An STE that is not valid or has a stage 2 is no event of the host: the stream's table is that of aborts. */
        ABORTED_WITHOUT_AN_EVENT,
        /** What lies outside the guest's RAM, or its addresses, is stage 2's fault on the host and no guest's event. */
        OUTSIDE_RAM,
        /** PRIVCFG and INSTCFG are not the guest's to set: the device says what its accesses are. */
        STE_OVERRIDES,
        /** Software uses what the ID registers do not show and the host has: TERM_MODEL 0, OAS, HAD, STT, VAX. */
        NOT_SHOWN_BUT_THERE
    }

    /** What became of a case. */
    private record Outcome(boolean done, List<String> events, List<Long> bytes) {}

    @Inject
    private Boards boards;

    private Machine soft;
    private Machine hard;
    private SmmuDriver softSmmu;
    private SmmuDriver hardSmmu;
    private PhysicalDmaDriver nic;
    private DmaPort device;
    private int stream;
    private final List<String> owed = new ArrayList<>();

    @Configuration
    public Option[] shipped() {
        return options(
                AcceleratedMachine.features(),
                systemProperty(CASES).value(System.getProperty(CASES, "2000")),
                systemProperty(SEED).value(System.getProperty(SEED, "6")));
    }

    private void compose() throws InterruptedException {
        hard = AcceleratedMachine.create(boards, "hard", List.of(),
                AcceleratedMachine.device("arm-smmuv3", "smmu0", "", "accel=on", "primary-bus=pcie.0", "ssidsize=0",
                        "ats=off", "ril=off", "oas=44", "granules=4K,16K,64K"),
                AcceleratedMachine.assigned("nic0", "0000:01:00.0"));
        soft = AcceleratedMachine.create(boards, "soft", List.of(),
                AcceleratedMachine.device("arm-smmuv3", "smmu0", "", "primary-bus=pcie.0", "oas=44", "stage=1",
                        "profile=accelerated", "ril=off", "granules=4K,16K,64K"),
                AcceleratedMachine.device("edu", "edu0", ""));
        nic = new PhysicalDmaDriver(hard, "nic0", 0x1000_0000L);
        device = soft.board().pci().requesterPort("device", nic.function());
        stream = nic.streamId();
        softSmmu = driver(soft);
        hardSmmu = driver(hard);
    }

    private static SmmuDriver driver(Machine machine) {
        var driver = new SmmuDriver(
                machine, AcceleratedMachine.base(machine, "smmu0"), AcceleratedMachine.SMMU_AREA);
        driver.enable();
        return driver;
    }

    @After
    public void destroy() {
        boards.destroy("hard");
        boards.destroy("soft");
    }

    @Test
    public void bytesOutcomesAndForwardedEventsAgree() throws Exception {
        compose();
        for (int register : new int[] {0x00, 0x04, 0x0C, 0x14}) {
            assertThat(hard.read(AcceleratedMachine.base(hard, "smmu0") + register, 4))
                    .as("ID register at 0x%x", register)
                    .isEqualTo(soft.read(AcceleratedMachine.base(soft, "smmu0") + register, 4));
        }
        int cases = Integer.getInteger(CASES);
        long seed = Long.getLong(SEED);
        var rules = new EnumMap<Rule, Integer>(Rule.class);
        RandomStage1 before = null;
        int done = 0;
        int faulted = 0;
        for (int number = 0; number < cases; number++) {
            var scene = new RandomStage1(seed * 1_000_003 + number);
            String name = "-D%s=%d, case %d: %s".formatted(SEED, seed, number, scene);
            prepare(soft, softSmmu, before, scene, number);
            prepare(hard, hardSmmu, before, scene, number);
            before = scene;
            Outcome walked = walked(scene);
            Outcome carriedOut = carriedOut(scene, walked);
            if (!walked.equals(carriedOut)) {
                Rule rule = rule(scene, walked, carriedOut);
                assertThat(rule).as("%s%nsoft %s%nhard %s", name, walked, carriedOut).isNotNull();
                rules.merge(rule, 1, Integer::sum);
            }
            if (walked.done()) {
                done++;
            } else if (!walked.events().isEmpty()) {
                faulted++;
            }
        }
        System.out.printf("%d cases of seed %d: %d done, %d with events; differences by rule: %s%n",
                cases, seed, done, faulted, rules);
        assertThat(done).as("cases that moved bytes").isGreaterThan(cases / 5);
        assertThat(faulted).as("cases with events").isGreaterThan(cases / 20);
        assertThat(rules.values().stream().mapToInt(Integer::intValue).sum()).isLessThan(cases / 4);
    }

    private void prepare(Machine machine, SmmuDriver smmu, RandomStage1 before, RandomStage1 scene, int number) {
        if (before != null) {
            before.words().forEach(word -> machine.write(word.address(), 8, 0));
        }
        scene.words().forEach(word -> machine.write(word.address(), 8, word.value()));
        for (int target = 0; target < RandomStage1.TARGET_COUNT; target++) {
            long at = RandomStage1.TARGETS + target * 0x1_0000L + (scene.iova & 0xFFFF);
            machine.write(at, 4, number << 5 | target);
            // What an earlier case left here on one of the boards is no outcome of this one.
            machine.write(at + WRITTEN_BACK, 4, 0);
        }
        smmu.entry(stream, scene.ste0, scene.ste1);
        smmu.invalidate(stream);
    }

    private List<Long> bytes(Machine machine, RandomStage1 scene) {
        var bytes = new ArrayList<Long>();
        for (int target = 0; target < RandomStage1.TARGET_COUNT; target++) {
            for (int offset : new int[] {0, WRITTEN_BACK}) {
                long page = RandomStage1.TARGETS + target * 0x1_0000L;
                bytes.add(machine.read(page + (scene.iova & 0xFFFF) + offset, 4));
            }
        }
        return bytes;
    }

    /** An event as far as it is compared: kind, StreamID, address, direction. */
    private static String text(long[] event) {
        return "0x%02x sid 0x%x %s 0x%x".formatted(
                event[0] & 0xFF, event[0] >>> 32, (event[1] >>> 35 & 1) == 1 ? "read" : "write", event[2]);
    }

    private static List<String> events(SmmuDriver smmu) {
        var events = new ArrayList<String>();
        for (long[] event = smmu.takeEvent(); event != null; event = smmu.takeEvent()) {
            events.add(text(event));
        }
        return events;
    }

    private Outcome walked(RandomStage1 scene) {
        long pattern = PATTERN & 0xFFFF_FFFFL;
        boolean done = true;
        if (scene.reads) {
            TransactionContext context = soft.board().epochs().context();
            Machine.End end = Machine.end(context, device.read(context, scene.iova, 4));
            done = end.result() == Done.DONE;
            pattern = end.data();
        }
        if (done) {
            TransactionContext context = soft.board().epochs().context();
            long to = scene.reads ? scene.iova + WRITTEN_BACK : scene.iova;
            done = Machine.end(context, device.write(context, to, 4, pattern)).result() == Done.DONE;
        }
        return new Outcome(done, events(softSmmu), bytes(soft, scene));
    }

    private Outcome carriedOut(RandomStage1 scene, Outcome walked) {
        List<String> late = eventsOfTheCase();
        assertThat(late).as("events that came after their case, which expected none").isEmpty();
        boolean done = scene.reads
                ? nic.copy(scene.iova, scene.iova + WRITTEN_BACK, 4)
                : nic.fill(scene.iova, 4, PATTERN);
        List<String> events = eventsOfTheCase();
        List<Long> bytes = bytes(hard, scene);
        long end = System.nanoTime() + PATIENCE;
        while (events.isEmpty() && expectsEvent(scene, walked, done, bytes)) {
            assertThat(System.nanoTime()).as("%s%nsoft %s%nno event of the host", scene, walked).isLessThan(end);
            Thread.yield();
            events = eventsOfTheCase();
        }
        if (events.isEmpty() && (scene.ste0 & 1) == 1 && (scene.ste0 >>> 1 & 7) == BYPASS) {
            owed.addAll(walked.events());
        }
        return new Outcome(done, events, bytes);
    }

    /**
     * {@return the host's events but those that a bypass before may owe} Whether the host reports an address that is too
     * large for it depends on its size, so nobody waits for that event, and it may come later.
     */
    private List<String> eventsOfTheCase() {
        List<String> events = events(hardSmmu);
        events.removeIf(owed::remove);
        return events;
    }

    /** Events come on a thread of the host, so each one that has to come is waited for. */
    private static boolean expectsEvent(RandomStage1 scene, Outcome walked, boolean done, List<Long> bytes) {
        boolean legal = (scene.ste0 & 1) == 1 && (scene.ste0 >>> 1 & 7) == 5;
        if (!legal) {
            return false;
        }
        if (scene.usesWhatIsNotShown() || scene.overrides()) {
            boolean moved = bytes.contains((long) PATTERN & 0xFFFF_FFFFL);
            return scene.aborts() ? !done : !moved;
        }
        return walked.events().stream().anyMatch(event -> FORWARDED.contains(Integer.decode(event.substring(0, 4))));
    }

    private static Rule rule(RandomStage1 scene, Outcome walked, Outcome carriedOut) {
        boolean bothFailed = !walked.done() && !carriedOut.done();
        boolean sameBytes = walked.bytes().equals(carriedOut.bytes());
        int config = (int) (scene.ste0 >>> 1 & 7);
        if (bothFailed && sameBytes && carriedOut.events().isEmpty()
                && ((scene.ste0 & 1) == 0 || config != 5)) {
            return config == BYPASS ? Rule.OUTSIDE_RAM : Rule.ABORTED_WITHOUT_AN_EVENT;
        }
        if (scene.leavesRam() && bothFailed && sameBytes && carriedOut.events().isEmpty()
                && walked.events().stream().allMatch(event -> event.startsWith(F_WALK_EABT))) {
            return Rule.OUTSIDE_RAM;
        }
        if (scene.usesWhatIsNotShown()) {
            return Rule.NOT_SHOWN_BUT_THERE;
        }
        return scene.overrides() ? Rule.STE_OVERRIDES : null;
    }
}
