package dev.backplane.itest;

import dev.backplane.smmuv3.reference.ReferenceSmmu;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What becomes of the accesses of a {@link RandomStage1} according to the reference walker, which reads the guest's RAM
 * and has nothing in common with what is compared.
 */
final class ReferenceDevice {
    private static final long RAM = 0x4000_0000L;
    private static final long RAM_END = RAM + (64L << 20);
    private static final String MAPPED = "mapped";
    private static final String READS_AS_ZERO = "RAZ_WI";
    private static final int LOG2_STREAMS = 9;

    /**
     * What became of a case.
     *
     * @param done the device's accesses were accepted
     * @param events records of four words in hexadecimal
     * @param bytes what is in the target pages
     */
    record Outcome(boolean done, List<String> events, List<Long> bytes) {}

    private final Machine machine;
    private final int stream;
    private final long entry;
    private final ReferenceSmmu walker;
    /** The STE that counts. */
    private long ste0;

    private long ste1;

    /**
     * Makes a device.
     *
     * @param machine whose RAM has the tables
     * @param idr ID registers IDR0, IDR1, IDR3, IDR5 of the SMMU in front of the device
     */
    ReferenceDevice(Machine machine, int[] idr, int stream) {
        this.machine = machine;
        this.stream = stream;
        entry = AcceleratedMachine.SMMU_AREA + stream * 64L;
        walker = ReferenceSmmu.overLinearTable(idr, AcceleratedMachine.SMMU_AREA, LOG2_STREAMS, this::load);
    }

    static boolean isRam(long address) {
        return address >= RAM && address < RAM_END;
    }

    private Long load(long address) {
        if (address >= entry && address < entry + 64) {
            return address == entry ? ste0 : address == entry + 8 ? ste1 : 0L;
        }
        return isRam(address) ? machine.read(address, 8) : null;
    }

    /** {@return what becomes of the accesses with these two words of an STE, from these bytes on} */
    Outcome run(RandomStage1 scene, long word0, long word1, int pattern, List<Long> before) {
        ste0 = word0;
        ste1 = word1;
        Map<Long, Long> bytes = new HashMap<>();
        List<Long> places = scene.places();
        for (int i = 0; i < places.size(); i++) {
            bytes.put(places.get(i), before.get(i));
        }
        var events = new ArrayList<String>();
        long data = pattern & 0xFFFF_FFFFL;
        boolean done = true;
        if (scene.reads) {
            ReferenceSmmu.Outcome read = access(scene.iova, true, events);
            done = isAccepted(read);
            data = read.end().equals(MAPPED) && done
                    ? bytes.computeIfAbsent(read.output(), address -> machine.read(address, 4))
                    : 0;
        }
        if (done) {
            ReferenceSmmu.Outcome write = access(scene.writes(), false, events);
            done = isAccepted(write);
            if (done && write.end().equals(MAPPED)) {
                bytes.put(write.output(), data);
            }
        }
        return new Outcome(done, events, places.stream().map(bytes::get).toList());
    }

    private ReferenceSmmu.Outcome access(long iova, boolean read, List<String> events) {
        ReferenceSmmu.Outcome outcome = walker.translate(stream, -1, false, false, iova, read);
        if (outcome.record() != null) {
            events.add(outcome.record());
        }
        return outcome;
    }

    private static boolean isAccepted(ReferenceSmmu.Outcome outcome) {
        return outcome.end().equals(MAPPED) ? isRam(outcome.output()) : outcome.end().equals(READS_AS_ZERO);
    }
}
