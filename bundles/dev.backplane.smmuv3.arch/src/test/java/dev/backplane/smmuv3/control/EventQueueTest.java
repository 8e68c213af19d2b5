package dev.backplane.smmuv3.control;

import static dev.backplane.smmuv3.control.Bench.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.inspect.InspectNode;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.FaultClass;
import dev.backplane.smmuv3.translate.SmmuEvent;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** IHI 0070 sections 3.5.4, 3.18, 7.2, 7.4 and 7.5. */
class EventQueueTest {
    private static final int FULL = 8;
    private static final long OVFLG = 0x8000_0000L;
    private static final int EVENTQ_ABT_ERR = 4;

    private final Bench bench = new Bench().withQueues(3, 3);

    private void fault(int stream) {
        bench.control.record(bench.context(), SmmuEvent.configuration(
                EventType.C_BAD_STE, stream, TransactionAttributes.NO_SUBSTREAM));
    }

    /** QEMU interrupts for every record; section 3.18 has it on the transition from empty. */
    @Test
    void writesTheRecordAndInterruptsWhenTheQueueBecomesNonEmpty() {
        fault(0x123);
        fault(0x124);
        assertThat(bench.memory.get(EVENTS)).isEqualTo(0x123_0000_0004L);
        assertThat(bench.memory.get(EVENTS + 32)).isEqualTo(0x124_0000_0004L);
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(2);
        assertThat(bench.pulses).containsExactly("eventq");
        bench.write(EVENTQ_CONS, 2);
        fault(0x125);
        assertThat(bench.pulses).containsExactly("eventq", "eventq");
    }

    @Test
    void interruptsOnlyWhenEnabled() {
        bench.write(IRQ_CTRL, 1);
        fault(1);
        assertThat(bench.pulses).isEmpty();
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(1);
    }

    /** QEMU raises EVENTQ_ABT_ERR here as well. */
    @Test
    void aDisabledQueueLosesRecordsSilently() {
        bench.write(CR0, CMDQEN);
        fault(1);
        assertThat(bench.read(EVENTQ_PROD)).isZero();
        assertThat(bench.activeErrors()).isZero();
        assertThat(bench.pulses).isEmpty();
    }

    /** QEMU leaves OVFLG alone and raises EVENTQ_ABT_ERR; section 7.4 is followed. */
    @Test
    void aFullQueueTogglesOvflgOncePerAcknowledgement() {
        for (int i = 0; i < FULL; i++) {
            fault(i);
        }
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(8);
        fault(100);
        fault(101);
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(OVFLG | 8);
        assertThat(bench.activeErrors()).as("overflow is no global error").isZero();
        assertThat(bench.memory.get(EVENTS)).as("nothing is overwritten").isEqualTo(0x4L);
        bench.write(EVENTQ_CONS, OVFLG | 8);
        fault(102);
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(OVFLG | 9);
        for (int i = 0; i < FULL; i++) {
            fault(i);
        }
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(0);
    }

    @Test
    void wrapsAroundTheRing() {
        for (int i = 0; i < 40; i++) {
            fault(i);
            assertThat(bench.memory.get(EVENTS + 32 * (i % 8)) >>> 32).isEqualTo(i);
            assertThat(bench.read(EVENTQ_PROD)).isEqualTo(i + 1 & 15);
            bench.write(EVENTQ_CONS, i + 1 & 15);
        }
        assertThat(bench.pulses).hasSize(40).containsOnly("eventq");
    }

    @Test
    void anAbortedWriteIsAGlobalErrorAndProdStays() {
        bench.memory.abortsFrom(EVENTS);
        fault(1);
        fault(2);
        assertThat(bench.activeErrors()).isEqualTo(EVENTQ_ABT_ERR);
        assertThat(bench.read(EVENTQ_PROD)).isZero();
        assertThat(bench.pulses).containsExactly("gerror");
        bench.write(GERRORN, EVENTQ_ABT_ERR);
        bench.memory.abortsFrom(1L << 40);
        fault(3);
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(1);
        assertThat(bench.memory.get(EVENTS) >>> 32).isEqualTo(3);
    }

    /** 7.2.1: the queue is not writable while EVENTQ_ABT_ERR is active; what is lost then is no overflow. */
    @Test
    void nothingIsDeliveredUntilAnAbortIsAcknowledged() {
        bench.memory.abortsFrom(EVENTS);
        fault(1);
        bench.memory.abortsFrom(1L << 40);
        for (int i = 0; i < 2 * FULL; i++) {
            fault(2);
        }
        assertThat(bench.read(EVENTQ_PROD)).isZero();
        assertThat(bench.memory.get(EVENTS)).isZero();
        bench.write(GERRORN, EVENTQ_ABT_ERR);
        fault(3);
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(1);
        assertThat(bench.memory.get(EVENTS) >>> 32).isEqualTo(3);
    }

    private void mergeable(long inputAddress, long ipa) {
        bench.control.record(bench.context(), translation(inputAddress, ipa), true);
    }

    private static SmmuEvent translation(long inputAddress, long ipa) {
        return new SmmuEvent(
                EventType.F_TRANSLATION, 8, TransactionAttributes.NO_SUBSTREAM, true, FaultClass.IN, true, false, false,
                inputAddress, ipa, 0, false, 0, 0);
    }

    /** 7.3.1 and 7.3.13: InputAddr[11:0] does not tell events apart. */
    @Test
    void anEventThatRepeatsTheNewestRecordIsMerged() {
        mergeable(0x1000, 0x5000);
        mergeable(0x1000, 0x5000);
        mergeable(0x1FF8, 0x5000);
        assertThat(bench.read(EVENTQ_PROD)).as("the same page").isEqualTo(1);
        assertThat(bench.memory.get(EVENTS + 16)).as("the first one's address").isEqualTo(0x1000);
        mergeable(0x2000, 0x5000);
        assertThat(bench.read(EVENTQ_PROD)).as("another page").isEqualTo(2);
        mergeable(0x1000, 0x5000);
        assertThat(bench.read(EVENTQ_PROD)).as("not the newest").isEqualTo(3);
        mergeable(0x1000, 0x6000);
        assertThat(bench.read(EVENTQ_PROD)).as("another IPA").isEqualTo(4);
        assertThat(counter("merged")).isEqualTo("2");
        assertThat(counter("recorded")).isEqualTo("4");
        assertThat(counter("F_TRANSLATION")).isEqualTo("6");
    }

    /** 7.3.1: with MEV = 0 each event has its record. */
    @Test
    void eventsThatMayNotBeMergedAreNot() {
        mergeable(0x1000, 0x5000);
        bench.control.record(bench.context(), translation(0x1000, 0x5000));
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(2);
        mergeable(0x1000, 0x5000);
        assertThat(bench.read(EVENTQ_PROD)).as("nor is another one merged into theirs").isEqualTo(3);
        bench.control.record(bench.context(), translation(0x1000, 0x5000).stalled(7), true);
        bench.control.record(bench.context(), translation(0x1000, 0x5000).stalled(7), true);
        assertThat(bench.read(EVENTQ_PROD)).as("stalled ones").isEqualTo(5);
    }

    /** What software has seen, or has waited for, stands for nothing that happens later. */
    @Test
    void mergingEndsWhenTheRecordIsConsumedAndWhenACommandSyncCompletes() {
        mergeable(0x1000, 0x5000);
        bench.write(EVENTQ_CONS, 1);
        mergeable(0x1000, 0x5000);
        assertThat(bench.read(EVENTQ_PROD)).as("consumed").isEqualTo(2);
        assertThat(bench.pulses).containsExactly("eventq", "eventq");
        bench.command(0, 0x46, 0);
        bench.write(CMDQ_PROD, 1);
        mergeable(0x1000, 0x5000);
        assertThat(bench.read(EVENTQ_PROD)).as("CMD_SYNC").isEqualTo(3);
        bench.write(CR0, CMDQEN);
        bench.write(CR0, CMDQEN | EVENTQEN);
        mergeable(0x1000, 0x5000);
        assertThat(bench.read(EVENTQ_PROD)).as("disabled and enabled").isEqualTo(4);
    }

    /** 7.4: only an event that is lost is an overflow. */
    @Test
    void aMergedEventOverflowsNothing() {
        for (int i = 1; i < FULL; i++) {
            fault(i);
        }
        mergeable(0x1000, 0x5000);
        mergeable(0x1000, 0x5000);
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(8);
        mergeable(0x2000, 0x5000);
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(OVFLG | 8);
    }

    private String counter(String name) {
        return bench.control.inspectCounters().get(1).children().stream()
                .filter(node -> node.name().equals(name))
                .map(InspectNode::value)
                .findFirst()
                .orElse("none");
    }

    @Test
    void startsFromTheIndexesThatSoftwareSetWhileDisabled() {
        bench.write(CR0, 0);
        bench.write(EVENTQ_PROD, 5);
        bench.write(EVENTQ_CONS, 5);
        bench.write(CR0, EVENTQEN);
        fault(7);
        assertThat(bench.read(EVENTQ_PROD)).isEqualTo(6);
        assertThat(bench.memory.get(EVENTS + 5 * 32) >>> 32).isEqualTo(7);
    }

    @Test
    void clearingEventqenWhileARecordIsWrittenLosesIt() {
        var smmu = new Bench[1];
        smmu[0] = new Bench().withQueues(3, 3);
        smmu[0].memory.onNextWrite(() -> {
            smmu[0].write(CR0, CMDQEN);
            assertThat(smmu[0].read(CR0ACK)).isEqualTo(CMDQEN | EVENTQEN);
        });
        smmu[0].control.record(smmu[0].context(), SmmuEvent.configuration(EventType.C_BAD_STE, 1, -1));
        assertThat(smmu[0].read(CR0ACK)).isEqualTo(CMDQEN);
        assertThat(smmu[0].read(EVENTQ_PROD)).isZero();
    }

    @Test
    void showsTheRecordsBetweenConsAndProd() {
        fault(1);
        fault(2);
        bench.write(EVENTQ_CONS, 1);
        InspectNode record = bench.control.inspectEvents(bench.context()).getFirst();
        assertThat(bench.control.inspectEvents(bench.context())).hasSize(1);
        assertThat(record.name()).isEqualTo("C_BAD_STE");
        assertThat(record.child("StreamID").value()).isEqualTo("0x2");
    }

    /** A guest may say that half a million records wait. */
    @Test
    void showsTheOldestOfManyRecordsAndHowManyAreNewer() {
        var smmu = new Bench().withQueues(3, 19);
        smmu.write(CR0, CMDQEN);
        smmu.write(EVENTQ_PROD, 1_026);
        List<InspectNode> shown = smmu.control.inspectEvents(smmu.context());
        assertThat(shown).hasSize(1_025);
        assertThat(shown.getLast()).isEqualTo(InspectNode.text("not shown", "2 newer records"));
    }

    @Test
    void concurrentFaultsAreRecordedOnceEachAndNeverTorn() throws InterruptedException {
        int threads = 4;
        int each = 5_000;
        var smmu = new Bench().withQueues(3, 8);
        var seen = new BitSet();
        var torn = new AtomicInteger();
        Thread reader = Thread.ofPlatform().start(() -> consume(smmu, seen, torn, threads * each));
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (int thread = 0; thread < threads; thread++) {
                int first = thread * each;
                pool.execute(() -> produce(smmu, first, each));
            }
        }
        reader.join();
        assertThat(torn).hasValue(0);
        assertThat(seen.cardinality()).isEqualTo(threads * each);
    }

    private static void produce(Bench smmu, int first, int count) {
        for (int i = first; i < first + count; i++) {
            while (!smmu.control.record(smmu.context(), new long[] {i, ~i, i * 3L, i * 5L})) {
                Thread.onSpinWait();
            }
        }
    }

    private static void consume(Bench smmu, BitSet seen, AtomicInteger torn, int count) {
        int cons = 0;
        for (int taken = 0; taken < count; taken++) {
            while ((smmu.read(EVENTQ_PROD) & 511) == cons) {
                Thread.onSpinWait();
            }
            long entry = EVENTS + 32L * (cons & 255);
            long id = smmu.memory.get(entry);
            if (smmu.memory.get(entry + 8) != ~id || smmu.memory.get(entry + 16) != id * 3
                    || smmu.memory.get(entry + 24) != id * 5 || seen.get((int) id)) {
                torn.incrementAndGet();
            }
            seen.set((int) id);
            cons = cons + 1 & 511;
            smmu.write(EVENTQ_CONS, cons);
        }
    }
}
