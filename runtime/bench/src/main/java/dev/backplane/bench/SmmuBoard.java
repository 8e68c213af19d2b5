package dev.backplane.bench;

import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.DmaRoute;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.control.IdentityProfile;
import dev.backplane.smmuv3.control.SmmuOptions;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.spec.WordField;
import dev.backplane.smmuv3.translate.CacheSizes;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import dev.backplane.smmuv3.translate.SmmuTranslator;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.Duration;

/**
 * An SMMU's translator behind the core's system bus, and two devices. Each has pages and stage 1 tables of its own, and
 * reaches the pages by four streams: through stage 1; through stage 1 over the stage 2 that both share, of pages or of
 * blocks; and through that of pages alone. One more stream goes through neither. All tables have 4 KiB pages and four
 * levels.
 */
final class SmmuBoard implements AutoCloseable {
    /** Number of devices. */
    static final int DEVICES = 2;

    /** StreamID of the first device with stage 1 only; that of the next one follows. */
    static final int STAGE1 = 8;

    /** StreamID of the first device with both stages; that of the next one follows. */
    static final int NESTED = 16;

    /** StreamID of the first device with both stages where stage 2 maps blocks of 2 MiB; that of the next one follows. */
    static final int NESTED_BLOCKS = 32;

    /** StreamID of the first device with stage 2 only, whose input addresses are {@link #DATA}; the next one's follows. */
    static final int STAGE2 = 40;

    /** ASID of the first device; that of the next one follows. */
    static final int ASID = 1;

    /** VMID of the streams with both stages. */
    static final int VMID = 1;

    /** VMID of the streams with both stages where stage 2 maps blocks. */
    static final int VMID_BLOCKS = 2;

    /** VMID of the first device's stream with stage 2 only; that of the next one follows. */
    static final int VMID_STAGE2 = 3;

    /** StreamID whose STE says bypass. */
    static final int BYPASS = 24;

    /** First input address of translating streams; page n of the first device there is page n of {@link #DATA}. */
    static final long IOVA = 0x40_0000_0000L;

    /** Where the pages are, one device's after the other's. */
    static final long DATA = 0x4100_0000L;

    private static final long RAM = 0x4000_0000L;
    private static final long STREAMS = RAM;
    private static final long CDS = RAM + 0x1_0000;
    private static final long ROOT1 = RAM + 0x2_0000;
    private static final long ROOT2 = RAM + 0x3_0000;
    private static final long ROOT2_BLOCKS = RAM + 0x4_0000;
    private static final int BLOCK_SHIFT = 21;
    private static final int PAGE_SHIFT = 12;
    private static final long TABLES = RAM + 0x10_0000;
    private static final int TABLES_SIZE = (int) (DATA - RAM);
    private static final int INPUT_BITS = 48;
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    final SystemBus bus = new SystemBus(new EpochDomain());
    final SmmuTranslator smmu;
    private final DeviceGate gate;
    private final DmaPort software = bus.port(new DmaRoute("software", null, TransactionAttributes.NONE));
    private final EpochContext context = bus.epochs().context();
    private long next = TABLES;

    /**
     * Makes one.
     *
     * @param pages number of 4 KiB pages of each device
     * @param sizes sizes of the SMMU's caches
     */
    SmmuBoard(int pages, CacheSizes sizes) {
        // One bank, as on a board: the core looks there first, for tables and for pages.
        bus.addRam(new RamBank("ram", RAM, TABLES_SIZE + Math.max(1 << 20, (long) DEVICES * pages << 12), ""));
        var identity = IdentityProfile.FULL.identity(SmmuOptions.DEFAULT);
        smmu = new SmmuTranslator(
                identity.capabilities(), bus.port(new DmaRoute("smmu0", null, TransactionAttributes.NONE)),
                (_, event) -> {
                    throw new IllegalStateException(event.toString());
                }, sizes);
        gate = new DeviceGate("smmu0", bus.epochs(), Duration.ofSeconds(1));
        gate.open();
        try {
            // Compiled code calls what mentions a class that was never loaded, and a board has them all.
            bus.record("nobody", (_, _, _) -> {}).close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        for (int device = 0; device < DEVICES; device++) {
            for (int page = 0; page < pages; page++) {
                long data = DATA + ((long) device * pages + page << 12);
                map(root1(device), IOVA + ((long) page << 12), data | 0xF43);
                map(ROOT2, data, data | 0x7FF);
            }
        }
        for (long table = RAM; table < RAM + TABLES_SIZE; table += 4096) {
            map(ROOT2, table, table | 0x7FF);
        }
        for (long block = RAM; block < DATA + ((long) DEVICES * pages << 12); block += 1L << BLOCK_SHIFT) {
            map(ROOT2_BLOCKS, block, BLOCK_SHIFT, block | 0x7FD);
        }
        streams();
        smmu.configure(new SmmuConfiguration(true, 0x1000, STREAMS, 8, 6, false, true));
    }

    private void map(long root, long address, long leaf) {
        map(root, address, PAGE_SHIFT, leaf);
    }

    private void map(long root, long address, int leafShift, long leaf) {
        long table = root;
        for (int shift = 39; shift > leafShift; shift -= 9) {
            long slot = table + (address >>> shift & 511) * 8;
            long descriptor = load(slot);
            if ((descriptor & 1) == 0) {
                descriptor = next | 3;
                next += 4096;
                store(slot, descriptor);
            }
            table = descriptor & 0x0000_FFFF_FFFF_F000L;
        }
        store(table + (address >>> leafShift & 511) * 8, leaf);
    }

    private static long root1(int device) {
        return ROOT1 + 4096L * device;
    }

    private void streams() {
        for (int device = 0; device < DEVICES; device++) {
            streams(device);
        }
        structure(STREAMS + 64 * BYPASS, Ste.V, 1, Ste.CONFIG, 4, Ste.SHCFG, 1);
    }

    private void streams(int device) {
        long cd = CDS + 64 * device;
        structure(cd, Cd.V, 1, Cd.AA64, 1, Cd.A, 1, Cd.R, 1, Cd.EPD1, 1, Cd.T0SZ, 64 - INPUT_BITS, Cd.IPS, 5,
                Cd.ASID, ASID + device, Cd.TTB0, root1(device) >>> 4, Cd.MAIR, 0xFF);
        structure(STREAMS + 64 * (STAGE1 + device), Ste.V, 1, Ste.CONFIG, 5, Ste.S1CONTEXTPTR, cd >>> 6);
        stage2(NESTED + device, 7, cd, VMID, ROOT2);
        stage2(NESTED_BLOCKS + device, 7, cd, VMID_BLOCKS, ROOT2_BLOCKS);
        stage2(STAGE2 + device, 6, 0, VMID_STAGE2 + device, ROOT2);
    }

    private void stage2(int streamId, int config, long cd, int vmid, long root) {
        structure(STREAMS + 64 * streamId, Ste.V, 1, Ste.CONFIG, config, Ste.S1CONTEXTPTR, cd >>> 6,
                Ste.S2VMID, vmid, Ste.S2T0SZ, 64 - 44,
                Ste.S2SL0, 2, Ste.S2PS, 4, Ste.S2AA64, 1, Ste.S2R, 1, Ste.S2TTB, root >>> 4);
    }

    private void structure(long address, Object... fieldsAndValues) {
        long[] words = new long[8];
        for (int i = 0; i < fieldsAndValues.length; i += 2) {
            ((WordField) fieldsAndValues[i]).set(words, ((Number) fieldsAndValues[i + 1]).longValue());
        }
        for (int i = 0; i < words.length; i++) {
            store(address + 8L * i, words[i]);
        }
    }

    private long load(long address) {
        if (!software.load64(context, address).isDone()) {
            throw new IllegalStateException("no memory at 0x%x".formatted(address));
        }
        return context.data();
    }

    private void store(long address, long value) {
        if (!software.write(context, address, 8, value).isDone()) {
            throw new IllegalStateException("no memory at 0x%x".formatted(address));
        }
    }

    /** {@return what four dependent loads of the first device's stage 1 descriptors find, without any checks} */
    static long bareWalk(MemorySegment tables, long iova) {
        long table = ROOT1;
        for (int shift = 39; shift >= 12; shift -= 9) {
            long descriptor = (long) LONG.getAcquire(tables, table - RAM + (iova >>> shift & 511) * 8);
            if ((descriptor & 1) == 0) {
                return -1;
            }
            table = descriptor & 0x0000_FFFF_FFFF_F000L;
        }
        return table;
    }

    /** {@return a copy of the tables in memory of its own} */
    MemorySegment tables() {
        MemorySegment copy = Arena.global().allocate(TABLES_SIZE, 4096);
        if (!software.read(context, RAM, copy, 0, TABLES_SIZE).isDone()) {
            throw new IllegalStateException("no memory");
        }
        return copy;
    }

    /** {@return a port whose transactions go through the SMMU as a stream} */
    DmaPort port(int streamId) {
        var route = new DmaRoute("nic%d".formatted(streamId), null, TransactionAttributes.ofRequester(streamId));
        route.space(smmu, gate);
        return bus.port(route);
    }

    /** {@return a port with no SMMU before it} */
    DmaPort direct() {
        return bus.port(new DmaRoute("nic", null, TransactionAttributes.ofRequester(0)));
    }

    @Override
    public void close() {
        bus.close();
    }
}
