package dev.backplane.host.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.host.smmu.HostCommand;
import dev.backplane.host.smmu.SmmuParameters;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Viommu.Invalidated;
import dev.backplane.smmuv3.translate.Granule;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** IOMMU_HWPT_INVALIDATE as the newest kernels do it: batches of 63, each of them whole or not at all. */
final class InvalidationBatchTest {
    private static final long GOOD = HostCommand.TLBI_NH_ALL;
    private static final long STREAM = (long) Rig.STREAM << 32;

    private Rig rig;
    private Rig.Assigned device;

    @BeforeEach
    void assign() throws HostException {
        rig = new Rig();
        device = rig.new Assigned(Rig.DMA);
    }

    @AfterEach
    void close() {
        rig.close();
        assertThat(rig.complaints).isEmpty();
    }

    @ParameterizedTest(name = "{0} commands, number {1} bad: {2} handled")
    @CsvSource({"1,-1,1", "63,-1,63", "64,-1,64", "200,-1,200", "1,0,0", "63,62,0", "64,63,63", "64,62,0",
            "200,130,126",
        "200,0,0", "126,125,63", "127,126,126"})
    void handlesWholeBatchesUpToTheOneWithABadCommand(int count, int bad, int handled) {
        long[] commands = new long[2 * count];
        for (int i = 0; i < count; i++) {
            commands[2 * i] = i == bad ? GOOD | 1L << 63 : GOOD;
        }
        long batches = rig.host.smmus().getFirst().batches();
        Invalidated ended = device.viommu.invalidate(commands, count);
        assertThat(ended).isEqualTo(new Invalidated(handled, bad < 0 ? null : Errno.EIO));
        assertThat(rig.host.smmus().getFirst().batches() - batches).isEqualTo((handled + 62) / 63);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', value = {
        "CFGI_CD                        | 05 | 0x00000010_00001000 | 0x1  | true",
        "CFGI_CD with SSec              | 05 | 0x00000010_00000400 | 0x0  | false",
        "CFGI_CD with SSV               | 05 | 0x00000010_00000800 | 0x0  | false",
        "CFGI_CD of nobody              | 05 | 0x00000011_00000000 | 0x0  | false",
        "CFGI_CD_ALL                    | 06 | 0x00000010_00000000 | 0x0  | true",
        "CFGI_CD_ALL with Leaf          | 06 | 0x00000010_00000000 | 0x1  | false",
        "NH_ALL with an ASID            | 10 | 0x00010000_00000000 | 0x0  | false",
        "NH_ASID                        | 11 | 0x00010002_00000000 | 0x0  | true",
        "NH_VA                          | 12 | 0x00010002_00000000 | 0x1001 | true",
        "NH_VA with a range             | 12 | 0x00010002_00001000 | 0x1401 | true",
        "NH_VA with a range, no TG      | 12 | 0x00010002_00001000 | 0x1001 | false",
        "NH_VA of 16 KiB with TTL 1    | 12 | 0x00010002_00000000 | 0x1901 | false",
        "NH_VA of 16 KiB with TTL 2    | 12 | 0x00010002_00000000 | 0x1a01 | true",
        "NH_VA with TTL, no TG          | 12 | 0x00010002_00000000 | 0x1301 | false",
        "NH_VA with TG alone            | 12 | 0x00010002_00000000 | 0x1401 | false",
        "NH_VA with bit 1               | 12 | 0x00010002_00000000 | 0x1002 | false",
        "NH_VAA                         | 13 | 0x00000002_00000000 | 0x1001 | true",
        "NH_VAA with an ASID            | 13 | 0x00010002_00000000 | 0x1001 | false",
        "NSNH_ALL                       | 30 | 0x00000000_00000000 | 0x0  | true",
        "NSNH_ALL with a VMID           | 30 | 0x00000002_00000000 | 0x0  | false",
        "ATC_INV                        | 40 | 0x00000010_00000000 | 0x1000  | true",
        "ATC_INV of everything          | 40 | 0x00000010_00000200 | 0x34 | true",
        "ATC_INV of more than everything| 40 | 0x00000010_00000000 | 0x35 | false",
        "ATC_INV of nobody              | 40 | 0x00000000_00000000 | 0x0  | false",
        "CFGI_STE                       | 03 | 0x00000010_00000000 | 0x0  | false",
        "CFGI_ALL                       | 04 | 0x00000000_00000000 | 0x1f | false",
        "S12_VMALL                      | 28 | 0x00000002_00000000 | 0x0  | false",
        "S2_IPA                         | 2a | 0x00000002_00000000 | 0x0  | false",
        "EL2_ALL                        | 20 | 0x00000000_00000000 | 0x0  | false",
        "SYNC                           | 46 | 0x00000000_00000000 | 0x0  | false",
        "reserved                       | 00 | 0x00000000_00000000 | 0x0  | false"})
    void takesArchitectedFieldsOfCommandsOfAGuest(
            String name, String opcode, String low, String high, boolean accepted) {
        long word = Integer.parseInt(opcode, 16) | Long.decode(low.replace("_", ""));
        Invalidated ended = device.viommu.invalidate(new long[] {word, Long.decode(high)}, 1);
        assertThat(ended).as(name).isEqualTo(new Invalidated(accepted ? 1 : 0, accepted ? null : Errno.EIO));
    }

    @Test
    void withoutRangeInvalidationARangeIsReserved() throws HostException {
        var parameters = new SmmuParameters(48, EnumSet.allOf(Granule.class), true, true, true, 0, false, 16, List.of());
        try (Rig plain = new Rig(Rig.plan(parameters, "dma"))) {
            Rig.Assigned other = plain.new Assigned(Rig.DMA);
            assertThat(other.invalidate(HostCommand.TLBI_NH_VA | 0x1000, 0x1401)).isFalse();
            assertThat(other.invalidate(HostCommand.TLBI_NH_VA, 0x1001)).isTrue();
            assertThat(other.invalidate(HostCommand.ATC_INV | STREAM | 0x200, 52)).isFalse();
            assertThat(other.invalidate(HostCommand.ATC_INV | STREAM, 52)).isTrue();
        }
    }

    @Test
    void withoutAtsThereIsNoCommandForIt() throws HostException {
        var parameters = new SmmuParameters(48, EnumSet.allOf(Granule.class), true, true, false, 16, true, 16, List.of());
        try (Rig plain = new Rig(Rig.plan(parameters, "dma"))) {
            Rig.Assigned other = plain.new Assigned(Rig.DMA);
            assertThat(other.invalidate(HostCommand.ATC_INV | STREAM, 52)).isFalse();
            assertThat(other.invalidate(HostCommand.TLBI_NH_VA, 0x1001)).isTrue();
        }
    }

    @Test
    void randomBitsNeverStopThePhysicalQueueNorReachAnother() throws HostException {
        long seed = Long.getLong("seed", System.nanoTime());
        var random = new Random(seed);
        Rig.Assigned neighbour = rig.new Assigned(Rig.ATS, null, 0x20);
        int[] opcodes = {0x05, 0x06, 0x10, 0x11, 0x12, 0x13, 0x30, 0x40, 0x46, 0x03, 0x28};
        for (int round = 0; round < 20_000; round++) {
            int count = 1 + random.nextInt(4);
            long[] commands = new long[2 * count];
            for (int i = 0; i < commands.length; i++) {
                commands[i] = random.nextLong() & random.nextLong() & random.nextLong();
                if (i % 2 == 0 && random.nextInt(8) != 0) {
                    commands[i] = commands[i] & ~0xFFL | opcodes[random.nextInt(opcodes.length)];
                }
                if (random.nextInt(3) == 0) {
                    commands[i] &= i % 2 == 0 ? 0xFF | STREAM : 0xFFFF_FFFF_FFFF_FC01L;
                }
            }
            Invalidated ended = device.viommu.invalidate(commands, count);
            assertThat(ended.handled()).as("seed %d, round %d", seed, round).isIn(0, count);
            assertThat(ended.error()).as("seed %d, round %d", seed, round)
                    .isEqualTo(ended.handled() == count ? null : Errno.EIO);
        }
        neighbour.nest(Rig.BYPASS, 0);
        assertThat(neighbour.run(Rig.FILL, 0, GuestRam.BASE, 4, 9)).isEqualTo(2);
    }
}
