package dev.backplane.host.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.host.memory.HostEpochs;
import dev.backplane.host.memory.HostPort;
import dev.backplane.host.smmu.HostCommand;
import dev.backplane.hostiommu.HostException;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random mappings of a guest over random mappings of its memory, against two plain maps one after the other. */
final class NestedPropertyTest {
    private static final int STEPS = 4000;
    private static final int PHYSICAL_STREAM = 0x100;
    private static final int PAGES = 64;
    private static final long FIRST_PAGE = GuestRam.BASE + 0x60_0000;
    private static final long ALIAS = 0x10_0000_0000L;

    @Test
    void bothStagesTogetherLeadWhereOneAfterTheOtherLeads() throws HostException {
        long seed = Long.getLong("seed", System.nanoTime());
        var random = new Random(seed);
        try (Rig rig = new Rig()) {
            Rig.Assigned device = rig.new Assigned(Rig.DMA);
            for (int page = 0; page < PAGES; page++) {
                rig.ram.put(FIRST_PAGE + page * GuestRam.PAGE, page);
            }
            long root = rig.ram.page();
            device.nest(Rig.VALID_STAGE_1 | rig.ram.context(root, 1), 0);
            var port = new HostPort(rig.host.memory(), "test");
            TransactionContext context = new HostEpochs().context();
            Map<Long, Long> stage1 = new HashMap<>();
            Map<Long, Integer> stage2 = new HashMap<>();
            for (int step = 0; step < STEPS; step++) {
                long iova = (random.nextInt(16) << 12) + (random.nextInt(3) * 0x40_0000_0000L);
                long ipa = random.nextBoolean()
                        ? FIRST_PAGE + random.nextInt(PAGES) * GuestRam.PAGE
                        : ALIAS + random.nextInt(16) * GuestRam.PAGE;
                switch (random.nextInt(4)) {
                    case 0 -> {
                        rig.ram.map(root, iova, ipa);
                        stage1.put(iova, ipa);
                        device.invalidate(HostCommand.TLBI_NH_VA | 1L << 48, iova | random.nextInt(2));
                    }
                    case 1 -> {
                        if (stage1.remove(iova) != null) {
                            rig.ram.map(root, iova, 0);
                            device.invalidate(random.nextBoolean()
                                    ? HostCommand.TLBI_NH_ALL
                                    : HostCommand.TLBI_NH_ASID | 1L << 48, 0);
                        }
                    }
                    case 2 -> moveAlias(rig, random, stage2);
                    default -> { }
                }
                Translation found = rig.host.smmus().getFirst().hardware().translate(
                        context, TransactionAttributes.ofRequester(PHYSICAL_STREAM), iova + 8, AccessKind.WRITE);
                Integer expected = expected(stage1.get(iova), stage2);
                String what = "seed %d, step %d, IOVA 0x%x".formatted(seed, step, iova);
                if (expected == null) {
                    assertThat(found).as(what).isEqualTo(Translation.Terminated.ABORT);
                } else {
                    assertThat(found).as(what).isInstanceOf(Translation.Mapped.class);
                    long address = ((Translation.Mapped) found).apply(iova);
                    assertThat(port.load(address)).as(what).isEqualTo((long) expected);
                }
            }
            assertThat(rig.complaints).isEmpty();
        }
    }

    /** The host maps a page of the guest at a second place, or takes it away from there. */
    private static void moveAlias(Rig rig, Random random, Map<Long, Integer> stage2) throws HostException {
        long ipa = ALIAS + random.nextInt(16) * GuestRam.PAGE;
        if (stage2.remove(ipa) != null) {
            rig.ioas.unmap(ipa, GuestRam.PAGE);
        } else {
            int page = random.nextInt(PAGES);
            long offset = FIRST_PAGE - GuestRam.BASE + page * GuestRam.PAGE;
            rig.ioas.map(ipa, rig.ram.memory.asSlice(offset, GuestRam.PAGE), true, true);
            stage2.put(ipa, page);
        }
    }

    /** {@return number of the page that an IPA leads to, or null} */
    private static Integer expected(Long ipa, Map<Long, Integer> stage2) {
        if (ipa == null) {
            return null;
        }
        return ipa >= ALIAS ? stage2.get(ipa) : Integer.valueOf((int) ((ipa - FIRST_PAGE) / GuestRam.PAGE));
    }
}
