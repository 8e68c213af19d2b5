package dev.backplane.devices.virtiommio;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.util.List;
import java.util.Map;

/**
 * A row of virtio-mmio transports with no device behind them: region {@code registers}, 0x200 bytes each. Software that
 * looks for virtio devices, or only for the board, finds transports that are empty. Nothing can be written and nothing
 * is kept.
 */
final class EmptyTransports implements PlatformDevice, Inspectable, MmioHandler {
    static final String TYPE = "virtio-mmio";
    private static final int STATE_VERSION = 1;

    private final int count;
    private final PlatformDescription description;

    EmptyTransports(int count) {
        this.count = count;
        description = new PlatformDescription(
                List.of(new MmioRegion(
                        "registers", count * TransportRegister.TRANSPORT_SIZE, 1, 4, true, this)),
                List.of());
    }

    @Override
    public PlatformDescription describe() {
        return description;
    }

    @Override
    public void realize(DeviceContext context) {
        // needs nothing of the board
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        context.data(TransportRegister.at(offset) & -1L >>> Long.SIZE - size * Byte.SIZE);
        return TransactionResult.Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        return TransactionResult.Done.DONE;
    }

    @Override
    public InspectNode inspect() {
        return InspectNode.group(
                TYPE,
                List.of(
                        InspectNode.number("transports", count).withNote("no device is behind them"),
                        InspectNode.number("VERSION", TransportRegister.VERSION.value())));
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        // has no state
    }

    @Override
    public void quiesce() {
        // starts no transactions and has no timers
    }

    @Override
    public void resume() {
        // nothing was stopped
    }

    @Override
    public SavedState save() {
        return new SavedState(TYPE, STATE_VERSION, Map.of("transports", count));
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        state.require(TYPE, STATE_VERSION);
        if (state.getLong("transports") != count) {
            throw new RestoreException("state of %s: %d transports, this device has %d: set its property alike"
                    .formatted(TYPE, state.getLong("transports"), count));
        }
    }

    @Override
    public void unrealize() {
        // holds nothing outside itself
    }
}
