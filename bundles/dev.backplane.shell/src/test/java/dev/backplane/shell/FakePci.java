package dev.backplane.shell;

import dev.backplane.board.PciFabric;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciIommuOps;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Two root buses, each with its SMMU, and one function with a given configuration space. */
final class FakePci implements PciFabric {
    final List<RootBus> buses = new ArrayList<>(
            List.of(new RootBus("pcie.0", 0, 1, "smmu0"), new RootBus("pcie.1", 0x10, 0x12, "smmu1")));
    final List<String> sent = new ArrayList<>();
    byte[] config = new byte[4096];
    private final FakeMemory memory;

    FakePci(FakeMemory memory) {
        this.memory = memory;
    }

    @Override
    public List<RootBus> rootBuses() {
        return buses;
    }

    @Override
    public List<Function> functions() {
        return List.of(new Function(new Bdf(0, 3, 0), "e1", "edu", 0x1234, 0x11E8, 0x00FF00,
                List.of(new BarMapping(0, "mem32", 0x10000000L, 0x100000))));
    }

    @Override
    public int readConfig(TransactionContext context, Bdf address, int offset, int size) {
        int value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | config[offset + i] & 0xFF;
        }
        return value;
    }

    @Override
    public void writeConfig(TransactionContext context, Bdf address, int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            config[offset + i] = (byte) (value >>> 8 * i);
        }
    }

    @Override
    public DmaPort requesterPort(String initiator, Bdf address) {
        memory.attributes = TransactionAttributes.ofRequester(address.requesterId());
        return memory;
    }

    @Override
    public Optional<PciIommuOps> iommuOps(int bus) {
        return Optional.empty();
    }

    @Override
    public TransactionResult sendMsi(TransactionContext context, Bdf address, int vector) {
        if (vector > 0) {
            throw new IllegalArgumentException("%s has 1 vector: expected 0".formatted(address));
        }
        sent.add(address + "/" + vector);
        return TransactionResult.Done.DONE;
    }
}
