package dev.backplane.core.pci;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.device.RealizeException;
import dev.backplane.pci.PciCapability;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import java.util.List;
import java.util.Map;

/**
 * A function whose whole behaviour is configuration space, which the engine implements: it has no state of its own. An
 * expander and a bridge are such functions.
 */
class BridgeModel implements PciDevice {
    private static final int STATE_VERSION = 1;
    private static final int CAPABILITY_HEADER = 2;

    private final String type;
    private final PciFunctionDescription description;

    BridgeModel(String type, PciFunctionDescription description) {
        this.type = type;
        this.description = description;
    }

    /** {@return a PCI Express capability as a description carries it} */
    static PciCapability express(List<ConfigField> fields) {
        byte[] reset = new byte[ExpressCapability.LENGTH - CAPABILITY_HEADER];
        byte[] writable = new byte[reset.length];
        for (ConfigField field : fields) {
            for (int i = 0; i < field.bytes(); i++) {
                int at = field.offset() + i - CAPABILITY_HEADER;
                reset[at] = (byte) (field.reset() >>> i * 8);
                writable[at] = (byte) ((field.writable() | field.clearable()) >>> i * 8);
            }
        }
        return new PciCapability(ExpressCapability.ID, false, 0, reset, writable);
    }

    /**
     * {@return Access Control Services (PCIe 7.7.8) of a port that sends every request to the root complex: P2P Request
     * Redirect, Completion Redirect and Upstream Forwarding}
     */
    static PciCapability accessControl() {
        byte redirects = 0x1C;
        int id = 0x0D;
        return new PciCapability(id, true, 1, new byte[] {redirects, 0, 0, 0}, new byte[] {0, 0, redirects, 0});
    }

    @Override
    public final PciFunctionDescription describe() {
        return description;
    }

    @Override
    public void realize(PciDeviceContext context) throws RealizeException {}

    @Override
    public final void reset(ResetKind kind, ResetPhase phase) {}

    @Override
    public final void quiesce() {}

    @Override
    public final void resume() {}

    @Override
    public final SavedState save() {
        return new SavedState(type, STATE_VERSION, Map.of());
    }

    @Override
    public final void restore(SavedState state) throws RestoreException {
        state.require(type, STATE_VERSION);
    }

    @Override
    public final void unrealize() {}
}
