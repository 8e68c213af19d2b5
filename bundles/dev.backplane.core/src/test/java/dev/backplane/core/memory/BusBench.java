package dev.backplane.core.memory;

import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** A system bus with an initiator, to which tests add RAM and regions behind gates. */
abstract class BusBench {
    static final long RAM = 0x4000_0000L;

    final EpochDomain epochs = new EpochDomain();
    final SystemBus bus = new SystemBus(epochs);
    final EpochContext context = epochs.context();
    final DmaPort port = bus.port("test", null, TransactionAttributes.NONE);

    @AfterEach
    void close() {
        bus.close();
    }

    /** Eight-byte words that remember each access. */
    static class Words implements MmioHandler {
        final List<String> accesses = new ArrayList<>();
        long value;

        @Override
        public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
            accesses.add("R%d@%x".formatted(size, offset));
            c.data(value);
            return Done.DONE;
        }

        @Override
        public TransactionResult write(TransactionContext c, TransactionAttributes a, long offset, int size, long v) {
            accesses.add("W%d@%x=%x".formatted(size, offset, v));
            value = v;
            return Done.DONE;
        }
    }

    DeviceGate gate(Duration timeout) {
        return new DeviceGate("dev0", epochs, timeout);
    }

    MappedRegion map(MmioHandler handler, long base, int min, int max, DeviceGate gate) {
        var region = new MappedRegion("dev0", gate, MmioRegion.locked("regs", 0x1000, min, max, handler));
        bus.update().map(region, base, 0).commit();
        return region;
    }

    void ram(long size) {
        bus.addRam(new RamBank("ram", RAM, size, ""));
    }
}
