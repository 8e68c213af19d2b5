package dev.backplane.itest;

import dev.backplane.irq.CpuInterface;
import dev.backplane.memory.TransactionContext;
import java.util.function.Function;

/** As much of a driver of a GICv3 and its ITS as tests need: LPIs of one processor. */
final class GicV3Driver implements Gic {
    /** Page of GITS_TRANSLATER, and the register in it. */
    static final long DOORBELL_PAGE = 0x0809_0000L;

    static final int DOORBELL_OFFSET = 0x40;

    /** First INTID of an LPI. */
    static final int FIRST_LPI = 8192;

    private static final long GICD = 0x0800_0000L;
    private static final long GITS = 0x0808_0000L;
    private static final long GICR = 0x080A_0000L;
    private static final long QUEUE_BYTES = 0x1_0000;
    private static final long VALID = 1L << 63;

    private final Machine machine;
    private final long area;
    private long tail;
    private long nextTranslations;

    /**
     * Enables distributor, redistributor, CPU interface and ITS.
     *
     * @param area where it may keep tables: a megabyte of RAM, 64 KiB aligned
     */
    GicV3Driver(Machine machine, long area) {
        this.machine = machine;
        this.area = area;
        nextTranslations = area + 0x6_0000;
        for (long intid = 0; intid < 1 << 16; intid += 8) {
            machine.write(area + intid, 8, 0xA1A1_A1A1_A1A1_A1A1L); // priority 0xA0, enabled
        }
        machine.write(GICD, 4, 2);
        machine.write(GICR + 0x14, 4, 0);
        machine.write(GICR + 0x70, 8, area | 15);
        machine.write(GICR + 0x78, 8, area + 0x1_0000);
        machine.write(GICR, 4, 1);
        processor(cpu -> {
            cpu.setPriorityMask(context(), 0, 0xFF);
            cpu.setGroupEnable(context(), 0, 1, true);
            return true;
        });
        machine.write(GITS + 0x80, 8, VALID | area + 0x4_0000 | QUEUE_BYTES / 4096 - 1);
        machine.write(GITS + 0x100, 8, VALID | area + 0x2_0000 | 2 << 8);
        machine.write(GITS + 0x108, 8, VALID | area + 0x3_0000 | 2 << 8);
        machine.write(GITS, 4, 1);
        command(0x09, 0, VALID); // MAPC of collection 0 to processor 0
    }

    private TransactionContext context() {
        return machine.board().epochs().context();
    }

    /** A processor waits for its interrupt controller. */
    private <R> R processor(Function<CpuInterface, R> instruction) {
        return machine.slot("gic")
                .with(CpuInterface.class, instruction)
                .orElseThrow(() -> new AssertionError("the GIC has no CPU interface now"));
    }

    /** Enables the first 32 SPIs, level-sensitive, for processor 0. */
    void enableSpis() {
        machine.write(GICD + 0x84, 4, 0xFFFF_FFFFL);
        for (int intid = 32; intid < 64; intid += 4) {
            machine.write(GICD + 0x400 + intid, 4, 0xA0A0_A0A0L);
        }
        machine.write(GICD + 0x104, 4, 0xFFFF_FFFFL);
    }

    /** Maps events of a device, from 0, to LPIs from an INTID on. */
    void map(int deviceId, int events, int firstLpi) {
        command((long) deviceId << 32 | 0x08, 4, VALID | nextTranslations);
        nextTranslations += 0x1000;
        for (int event = 0; event < events; event++) {
            command((long) deviceId << 32 | 0x0A, (long) (firstLpi + event) << 32 | event, 0);
        }
    }

    private void command(long first, long second, long third) {
        long entry = area + 0x4_0000 + tail;
        machine.write(entry, 8, first);
        machine.write(entry + 8, 8, second);
        machine.write(entry + 16, 8, third);
        machine.write(entry + 24, 8, 0);
        tail = (tail + 32) % QUEUE_BYTES;
        machine.write(GITS + 0x88, 8, tail);
        if (machine.read(GITS + 0x90, 8) != tail) {
            throw new AssertionError("ITS command 0x%x was not executed".formatted(first));
        }
    }

    @Override
    public int take() {
        return machine.slot("gic").with(CpuInterface.class, cpu -> {
            int intid = cpu.acknowledge(context(), 0, 1);
            if (intid == CpuInterface.SPURIOUS) {
                return -1;
            }
            cpu.endOfInterrupt(context(), 0, 1, intid);
            return intid;
        }).orElse(-1);
    }
}
