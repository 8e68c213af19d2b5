package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;

import dev.backplane.board.Boards;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.inspect.InspectNode;
import dev.backplane.itest.ReferenceDevice.Outcome;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult.Done;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
 * The same random stage 1 on two boards, one whose SMMU walks it in software and one whose host carries it out, and by
 * the reference walker of the tests. Bytes, outcomes and event records are exactly what the reference says: for
 * software with the ID registers and the STE that the guest sees, for the host with what {@link #expectedOfTheHost}
 * names. Each way in which the two boards may differ is a {@link Rule}, and counted. More cases with
 * {@code -Daccel.cases=10000}, the same ones again with {@code -Daccel.seed=}.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class DifferentialSmmuIT {
    private static final String CASES = "accel.cases";
    private static final String SEED = "accel.seed";
    private static final int PATTERN = 0xC0FF_EE00;
    private static final int BYPASS = 4;
    private static final int STAGE_1 = 5;
    private static final int C_BAD_STE = 0x04;
    private static final int F_CD_FETCH = 0x09;
    private static final int F_WALK_EABT = 0x0B;
    /** Kinds of events that a host forwards: what the guest's own CD and tables are to blame for. */
    private static final Set<Integer> FORWARDED = Set.of(0x0A, 0x10, 0x11, 0x12, 0x13);
    /** V, Config, S1ContextPtr: what reaches the host of STEs without SubstreamIDs, as far as it decides anything. */
    private static final long REACHES_THE_HOST = 0x00FF_FFFF_FFFF_FFCFL;
    private static final long PATIENCE = 10_000_000_000L;

    /** How the boards may differ. */
    private enum Rule {
        /** Tables outside the guest's RAM: software records F_WALK_EABT; for the host it is a fault of its stage 2. */
        TABLES_OUTSIDE_RAM,
        /**
         * The host does what the reference does with the ID registers that the hardware has, rather than with the
         * shown ones: a CD that needs a TERM_MODEL, OAS, STT, VAX, HAD or E0PD that the guest is not shown.
         */
        NOT_SHOWN_BUT_THERE
    }

    @Inject
    private Boards boards;

    @Inject
    private HostIommu host;

    private Machine soft;
    private Machine hard;
    private SmmuDriver softSmmu;
    private SmmuDriver hardSmmu;
    private PhysicalDmaDriver nic;
    private DmaPort device;
    private int stream;
    private ReferenceDevice asShown;
    private ReferenceDevice asTheHostHas;
    private final Map<Rule, Integer> rules = new EnumMap<>(Rule.class);
    private int illegal;

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
        hardSmmu.attach(stream); // the host knows the stream from its first table on, and reports events then
        asShown = new ReferenceDevice(soft, shown(soft), stream);
        InspectNode hardware = host.inspect().child("host-smmu0");
        asTheHostHas = new ReferenceDevice(soft, Stream.of("IDR0", "IDR1", "IDR3", "IDR5")
                .mapToInt(register -> Long.decode(hardware.child(register).value()).intValue())
                .toArray(), stream);
    }

    private static int[] shown(Machine machine) {
        long base = AcceleratedMachine.base(machine, "smmu0");
        return IntStream.of(0x00, 0x04, 0x0C, 0x14).map(offset -> (int) machine.read(base + offset, 4)).toArray();
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
        assertThat(shown(hard)).as("ID registers").isEqualTo(shown(soft));
        int cases = Integer.getInteger(CASES);
        long seed = Long.getLong(SEED);
        RandomStage1 before = null;
        int done = 0;
        int faulted = 0;
        for (int number = 0; number < cases; number++) {
            var scene = new RandomStage1(seed * 1_000_003 + number);
            String name = "-D%s=%d, case %d: %s".formatted(SEED, seed, number, scene);
            prepare(soft, softSmmu, before, scene, number);
            prepare(hard, hardSmmu, before, scene, number);
            before = scene;
            List<Long> bytes = bytes(soft, scene);
            Outcome expected = asShown.run(scene, scene.ste0, scene.ste1, PATTERN, bytes);
            Outcome expectedOfTheHost = expectedOfTheHost(name, scene, expected, bytes);
            assertThat(walked(scene)).as("software, %s", name).isEqualTo(expected);
            assertThat(carriedOut(scene, expectedOfTheHost.events().size()))
                    .as("the host, %s%nsoftware did %s", name, expected)
                    .isEqualTo(expectedOfTheHost);
            if (expected.done()) {
                done++;
            } else if (!expected.events().isEmpty()) {
                faulted++;
            }
        }
        System.out.printf("%d cases of seed %d: %d done, %d with events, %d of illegal STEs; differences by rule: %s%n",
                cases, seed, done, faulted, illegal, rules);
        assertThat(done).as("cases that moved bytes").isGreaterThan(cases / 5);
        assertThat(faulted).as("cases with events").isGreaterThan(cases / 20);
        assertThat(illegal).as("cases of illegal STEs").isPositive();
        assertThat(rules.keySet()).as("rules that were needed").containsExactly(Rule.values());
        assertThat(rules.values().stream().mapToInt(Integer::intValue).sum()).isLessThan(cases / 4);
    }

    /**
     * {@return what the host has to make of a case} Each step from what software makes of it is a rule, which counts
     * only where it changes something.
     */
    private Outcome expectedOfTheHost(String name, RandomStage1 scene, Outcome software, List<Long> before) {
        long config = scene.ste0 >>> 1 & 7;
        boolean legal = software.events().stream().noneMatch(event -> kind(event) == C_BAD_STE);
        if (!legal || config != STAGE_1 && config != BYPASS) {
            illegal += legal ? 0 : 1;
            return software;
        }
        Outcome onTheHardware = asTheHostHas.run(scene, scene.ste0 & REACHES_THE_HOST, 0, PATTERN, before);
        List<String> forwarded =
                onTheHardware.events().stream().filter(event -> FORWARDED.contains(kind(event))).toList();
        if (!onTheHardware.equals(software)) {
            count(Rule.NOT_SHOWN_BUT_THERE);
        }
        if (!forwarded.equals(onTheHardware.events())) {
            assertThat(onTheHardware.events()).as(name).singleElement()
                    .matches(event -> kind(event) == F_WALK_EABT || kind(event) == F_CD_FETCH);
            count(Rule.TABLES_OUTSIDE_RAM);
        }
        return new Outcome(onTheHardware.done(), forwarded, onTheHardware.bytes());
    }

    private void count(Rule rule) {
        rules.merge(rule, 1, Integer::sum);
    }

    private static int kind(String record) {
        return Integer.parseInt(record.substring(14, 16), 16);
    }

    private void prepare(Machine machine, SmmuDriver smmu, RandomStage1 before, RandomStage1 scene, int number) {
        if (before != null) {
            before.words().forEach(word -> machine.write(word.address(), 8, 0));
        }
        scene.words().forEach(word -> machine.write(word.address(), 8, word.value()));
        // What an earlier case left here on one of the boards is no outcome of this one.
        List<Long> places = scene.places();
        for (int place = 0; place < places.size(); place++) {
            machine.write(places.get(place), 4, place % 2 == 0 ? number << 5 | place / 2 : 0);
        }
        smmu.entry(stream, scene.ste0, scene.ste1);
        smmu.invalidate(stream);
    }

    private static List<Long> bytes(Machine machine, RandomStage1 scene) {
        return scene.places().stream().map(place -> machine.read(place, 4)).toList();
    }

    private static List<String> events(SmmuDriver smmu) {
        var events = new ArrayList<String>();
        for (long[] event = smmu.takeEvent(); event != null; event = smmu.takeEvent()) {
            events.add("%016x %016x %016x %016x".formatted(event[0], event[1], event[2], event[3]));
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
            done = Machine.end(context, device.write(context, scene.writes(), 4, pattern)).result() == Done.DONE;
        }
        return new Outcome(done, events(softSmmu), bytes(soft, scene));
    }

    /** Events come on a thread of the host, so those that have to come are waited for. */
    private Outcome carriedOut(RandomStage1 scene, int expectedEvents) {
        assertThat(events(hardSmmu)).as("events that came after their case, which expected none").isEmpty();
        boolean done = scene.reads
                ? nic.copy(scene.iova, scene.writes(), 4)
                : nic.fill(scene.iova, 4, PATTERN);
        List<String> events = events(hardSmmu);
        long end = System.nanoTime() + PATIENCE;
        while (events.size() < expectedEvents && System.nanoTime() < end) {
            Thread.yield();
            events.addAll(events(hardSmmu));
        }
        return new Outcome(done, events, bytes(hard, scene));
    }
}
