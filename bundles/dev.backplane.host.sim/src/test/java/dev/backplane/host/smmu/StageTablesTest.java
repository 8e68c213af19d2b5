package dev.backplane.host.smmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.device.DeviceLog;
import dev.backplane.host.memory.FaultPlan;
import dev.backplane.host.memory.HostContext;
import dev.backplane.host.memory.HostEpochs;
import dev.backplane.host.memory.HostMemory;
import dev.backplane.hostiommu.HostException;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.translate.Granule;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tables of the host against a plain map, as the architecture's walker reads them. */
final class StageTablesTest {
    private static final int STREAM = 0x100;
    private static final int STEPS = 1500;
    private static final DeviceLog STRICT = new DeviceLog() {
        @Override
        public void guestError(String message) {
            throw new AssertionError(message);
        }

        @Override
        public void unimplemented(String message) {
            throw new AssertionError(message);
        }
    };

    private record Mapping(long output, long length, boolean writable) {}

    @ParameterizedTest(name = "{0} bits, stage {1}")
    @CsvSource({"48,2", "44,2", "42,2", "40,2", "36,2", "32,2", "48,1", "44,1", "40,1", "36,1", "32,1"})
    void answerAsAPlainMapDoes(int bits, int stage) throws HostException {
        long seed = Long.getLong("seed", System.nanoTime());
        var random = new Random(seed);
        var memory = new HostMemory(48, new FaultPlan(), random);
        var epochs = new HostEpochs();
        var parameters = new SmmuParameters(bits, Set.of(Granule.values()), true, true, false, 0, true, 16, List.of());
        var smmu = new HostSmmu("smmu", parameters, memory, epochs, Runnable::run, STRICT);
        long pages = memory.pagesInUse();
        var tables = new StageTables(memory, smmu.port(), stage == 2, bits, true);
        HostContexts contexts = stage == 2 ? null : new HostContexts(smmu, STREAM, 0);
        if (contexts == null) {
            smmu.install(List.of(STREAM), StreamEntries.stage2(smmu, tables, 5, false));
        } else {
            contexts.set(0, tables, 5);
            smmu.install(List.of(STREAM), contexts.entry(false));
            contexts.keep();
        }
        var expected = new TreeMap<Long, Mapping>();
        HostContext context = epochs.context();
        for (int step = 0; step < STEPS; step++) {
            long size = random.nextBoolean() ? 1L << 21 : random.nextBoolean() ? 0x10000 : 0x1000;
            long address = (random.nextInt(8) == 0 ? (1L << bits) - (1 << 22) : 0) + random.nextInt(2) * (1L << 21)
                    + (size == 1L << 21 ? 0 : random.nextInt((int) ((1 << 21) / size)) * size);
            var entry = expected.floorEntry(address + size - 1);
            boolean taken = entry != null && entry.getKey() + entry.getValue().length() > address;
            if (!taken) {
                long output = (1L + random.nextInt(200)) << 21;
                var mapping = new Mapping(output | address & (1 << 21) - 1 & -size, size, random.nextBoolean());
                tables.map(address, mapping.output(), size, true, mapping.writable());
                expected.put(address, mapping);
            } else {
                tables.unmap(entry.getKey(), entry.getValue().length());
                expected.remove(entry.getKey());
                if (stage == 2) {
                    smmu.invalidateVmid(5);
                } else {
                    smmu.invalidateAsid(5);
                }
            }
            long probe = address + random.nextInt((int) size);
            check(smmu, context, expected, probe, "seed %d, step %d, address 0x%x".formatted(seed, step, probe));
        }
        tables.free();
        if (contexts != null) {
            contexts.free();
        }
        assertThat(memory.pagesInUse()).isEqualTo(pages + 1);
    }

    private static void check(
            HostSmmu smmu, HostContext context, TreeMap<Long, Mapping> expected, long address, String what) {
        var entry = expected.floorEntry(address);
        Mapping mapping = entry == null || entry.getKey() + entry.getValue().length() <= address
                ? null
                : entry.getValue();
        for (AccessKind access : AccessKind.values()) {
            Translation found = smmu.hardware().translate(
                    context, TransactionAttributes.ofRequester(STREAM), address, access);
            if (mapping == null || access == AccessKind.WRITE && !mapping.writable()) {
                assertThat(found).as(what).isEqualTo(Translation.Terminated.ABORT);
            } else {
                assertThat(found).as(what).isInstanceOf(Translation.Mapped.class);
                assertThat(((Translation.Mapped) found).apply(address)).as(what)
                        .isEqualTo(mapping.output() + address - entry.getKey());
            }
        }
    }
}
