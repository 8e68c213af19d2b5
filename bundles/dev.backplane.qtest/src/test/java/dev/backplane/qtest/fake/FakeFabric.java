package dev.backplane.qtest.fake;

import dev.backplane.board.PciFabric;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciIommuOps;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One root bus with one function; configuration space reads as zero. */
final class FakeFabric implements PciFabric {
    @Override
    public List<RootBus> rootBuses() {
        return List.of(new RootBus("pcie.0", 0, 0, "smmu0"));
    }

    @Override
    public List<Function> functions() {
        return List.of(new Function(Bdf.parse("00:01.0"), "nic", "edu", 0x1234, 0x11E8, 0x00FF00,
                List.of(new BarMapping(0, "mem32", 0x1000_0000L, 0x10_0000L))));
    }

    @Override
    public int readConfig(TransactionContext context, Bdf address, int offset, int size) {
        return 0;
    }

    @Override
    public void writeConfig(TransactionContext context, Bdf address, int offset, int size, int value) {}

    @Override
    public DmaPort requesterPort(String initiator, Bdf address) {
        return new FakePort(new byte[FakePort.RAM_SIZE], new ArrayList<>());
    }

    @Override
    public Optional<PciIommuOps> iommuOps(int bus) {
        return Optional.empty();
    }

    @Override
    public TransactionResult sendMsi(TransactionContext context, Bdf address, int vector) {
        return TransactionResult.Done.DONE;
    }
}
