package dev.backplane.vm.verify;

import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.SmmuRegister;
import dev.backplane.vm.load.GuestBus;
import java.util.ArrayList;
import java.util.List;

/** An SMMU's event queue as a driver consumes it (IHI 0070 sections 3.5 and 6.3.30 to 6.3.32). */
final class EventQueue {
    private static final long ADDRESS = 0x000F_FFFF_FFFF_FFE0L;
    private static final int RECORD = 32;
    private static final int MOST_BITS = 19;

    private final GuestBus bus;
    private final long producer;
    private final long consumer;
    private final long ring;
    private final int bits;

    EventQueue(GuestBus bus, Capture.SmmuImage smmu) {
        this.bus = bus;
        producer = smmu.base() + SmmuRegister.EVENTQ_PROD.offset();
        consumer = smmu.base() + SmmuRegister.EVENTQ_CONS.offset();
        long base = bus.read(smmu.base() + SmmuRegister.EVENTQ_BASE.offset(), 8);
        bits = (int) Math.min(MOST_BITS, base & 0x1F);
        ring = base & ADDRESS;
    }

    /** {@return the records that were written since the last call, as words; they are consumed} */
    List<List<Long>> take() {
        long mask = (2L << bits) - 1;
        long written = bus.read(producer, 4) & mask;
        long read = bus.read(consumer, 4) & mask;
        if (written == read) {
            return List.of();
        }
        var records = new ArrayList<List<Long>>();
        while (read != written) {
            long record = ring + (read & (mask >>> 1)) * RECORD;
            records.add(List.of(
                    bus.read(record, 8), bus.read(record + 8, 8), bus.read(record + 16, 8), bus.read(record + 24, 8)));
            read = read + 1 & mask;
        }
        bus.write(consumer, 4, written);
        return records;
    }
}
