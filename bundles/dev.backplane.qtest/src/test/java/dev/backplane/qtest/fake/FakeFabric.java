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

/** One root bus with a function and, if asked for, a bridge with another one behind it. */
final class FakeFabric implements PciFabric {
    private static final Bdf BRIDGE = Bdf.parse("00:02.0");

    private final int numbers;

    /** Takes what the bridge's bus numbers read as; -1 for no bridge. */
    FakeFabric(int numbers) {
        this.numbers = numbers;
    }

    @Override
    public List<RootBus> rootBuses() {
        return List.of(new RootBus("pcie.0", 0, 0, "smmu0"));
    }

    @Override
    public List<Function> functions() {
        var nic = new Function(Bdf.parse("00:01.0"), "nic", "edu", 0x1234, 0x11E8, 0x00FF00,
                List.of(new BarMapping(0, "mem32", 0x1000_0000L, 0x10_0000L)));
        if (numbers < 0) {
            return List.of(nic);
        }
        var card = new Function(
                new Bdf(numbers >>> 8 & 0xFF, 0, 0), "card", "edu", 0x1234, 0x11E8, 0x00FF00, List.of());
        return List.of(nic, new Function(BRIDGE, "rp", "pcie-root-port", 0x1B36, 0xC, 0x060400, List.of()), card);
    }

    @Override
    public int readConfig(TransactionContext context, Bdf address, int offset, int size) {
        if (address.equals(BRIDGE) && offset == 0x0E) {
            return 1;
        }
        if (!address.equals(BRIDGE) || offset < 0x18 || offset >= 0x1C) {
            return 0;
        }
        int value = numbers >>> 8 * (offset - 0x18);
        return size == 4 ? value : value & (1 << 8 * size) - 1;
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
