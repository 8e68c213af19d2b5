package dev.backplane.qtest.fake;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import java.util.Map;

/** A PCI function that does nothing. */
final class FakeFunction implements PciDevice {
    @Override
    public PciFunctionDescription describe() {
        return PciFunctionDescription.builder(0x1234, 0x11E8).build();
    }

    @Override
    public void realize(PciDeviceContext context) {}

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {}

    @Override
    public void quiesce() {}

    @Override
    public void resume() {}

    @Override
    public SavedState save() {
        return new SavedState("edu", 1, Map.of());
    }

    @Override
    public void restore(SavedState state) {}

    @Override
    public void unrealize() {}
}
