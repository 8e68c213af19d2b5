package dev.backplane.smmuv3.control;

import static dev.backplane.smmuv3.control.Bench.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.SmmuEvent;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random programs: nothing that software does is an exception, and a hand-over anywhere changes nothing. */
class StateTest {
    private static final int[] OFFSETS = {
        CR0, CR0ACK, CR1, CR2, GBPA, IRQ_CTRL, IRQ_CTRLACK, GERROR, GERRORN, STRTAB_BASE, STRTAB_BASE_CFG, CMDQ_BASE,
        CMDQ_PROD, CMDQ_CONS, EVENTQ_BASE, 0xA8, 0xAC, EVENTQ_PROD, EVENTQ_CONS, 0, 0x1C, 0x68, 0xB0, 0xFFC, 0x8000
    };

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aHandOverInTheMiddleOfAnyProgramChangesNothing(long seed) throws RestoreException {
        var whole = new Bench();
        var parts = new Bench();
        var random = new SplittableRandom(seed);
        for (int step = 0; step < 3_000; step++) {
            long choice = random.nextLong();
            int size = random.nextInt(4) == 0 ? 8 : 4;
            int offset = OFFSETS[random.nextInt(OFFSETS.length)] & -size;
            long value = value(random, offset);
            act(whole, choice, offset, size, value);
            act(parts, choice, offset, size, value);
            if (random.nextInt(50) == 0) {
                parts = handOver(parts);
            }
            assertThat(parts.control.save())
                    .as("seed %d, step %d", seed, step)
                    .isEqualTo(whole.control.save());
            assertThat(inForce(parts)).as("seed %d, step %d", seed, step).isEqualTo(inForce(whole));
            checkArchitectural(whole, seed, step);
        }
    }

    /** While SMMUEN is 0 only GBPA counts. */
    private static Object inForce(Bench bench) {
        return bench.configuration == null || !bench.configuration.enabled()
                ? bench.read(GBPA)
                : bench.configuration;
    }

    private static long value(SplittableRandom random, int offset) {
        long value = random.nextInt(3) == 0 ? random.nextLong() : random.nextInt(16);
        if (offset == CMDQ_BASE || offset == EVENTQ_BASE) {
            value = value & ~0x1FL | random.nextInt(6);
        }
        return offset == CR0 && random.nextInt(3) != 0 ? 0xD : value;
    }

    private static void act(Bench bench, long choice, int offset, int size, long value) {
        switch ((int) (choice & 7)) {
            case 0, 1 -> bench.command((int) (choice >>> 8 & 31), choice >>> 16 & 0x7F, choice >>> 32);
            case 2 -> bench.control.record(bench.context(), SmmuEvent.configuration(
                    EventType.values()[(int) (choice >>> 8 & 7)], (int) choice, -1));
            default -> bench.write(offset, size, size == 4 ? value & 0xFFFF_FFFFL : value);
        }
    }

    private static Bench handOver(Bench old) throws RestoreException {
        var state = new SavedState("arm-smmuv3", 1, Map.of("registers", old.control.save()));
        var successor = new Bench();
        old.memory.copyTo(successor.memory);
        successor.control.restore(successor.context(), state.get("registers", Map.class));
        successor.control.resume(successor.context());
        return successor;
    }

    private static void checkArchitectural(Bench bench, long seed, int step) {
        assertThat(bench.read(CR0ACK)).as("seed %d, step %d", seed, step).isEqualTo(bench.read(CR0));
        assertThat(bench.read(GBPA) >>> 31).as("seed %d, step %d", seed, step).isZero();
        assertThat(bench.read(GERROR) & ~0x105L).as("seed %d, step %d", seed, step).isZero();
        if ((bench.read(CR0) & CMDQEN) != 0 && (bench.activeErrors() & 1) == 0) {
            int mask = (2 << (bench.read(CMDQ_BASE) & 0x1F)) - 1;
            assertThat(bench.read(CMDQ_CONS) & mask)
                    .as("seed %d, step %d: an enabled queue without error is empty", seed, step)
                    .isEqualTo(bench.read(CMDQ_PROD) & mask);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void anyNumbersInASavedStateGiveAnArchitecturalOne(long seed) throws RestoreException {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < 300; round++) {
            var bench = new Bench();
            var saved = new LinkedHashMap<>(bench.control.save());
            saved.replaceAll((name, word) -> name.matches("IDR.|IIDR|AIDR") ? word : random.nextLong());
            bench.write(CR0, 0);
            bench.control.restore(bench.context(), saved);
            bench.control.resume(bench.context());
            assertThat(bench.read(CR0) & ~0xDL).isZero();
            checkArchitectural(bench, seed, round);
        }
    }

    @Test
    void aStateOfAnotherIdentityIsRefusedAndNothingChanges() {
        var nested = new Bench();
        var options = new SmmuOptions(true, false, 44, true, SmmuOptions.DEFAULT.granules(), 16, 19, 19);
        var stage1 = new Bench(IdentityProfile.VIRT_11_1.identity(options));
        stage1.write(CR1, 0x123);
        assertThatThrownBy(() -> stage1.control.restore(stage1.context(), nested.control.save()))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("IDR0 is 0xd44101b, this SMMU shows 0xd44101a");
        assertThat(stage1.read(CR1)).isEqualTo(0x123);
        assertThatThrownBy(() -> stage1.control.restore(stage1.context(), Map.of("CR0", "on")))
                .hasMessageContaining("saved register CR0: expected a number, found String");
    }

    @Test
    void commandsThatWaitInASavedQueueRunWhenResumed() throws RestoreException {
        var bench = new Bench();
        bench.command(0, 0x30, 0);
        bench.control.restore(bench.context(), Map.of("CR0", 8L, "CMDQ_BASE", COMMANDS | 3, "CMDQ_PROD", 1L));
        assertThat(bench.read(CMDQ_CONS)).isZero();
        bench.control.resume(bench.context());
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(1);
        assertThat(bench.calls).contains("forget", "TLBI_NSNH_ALL");
    }
}
