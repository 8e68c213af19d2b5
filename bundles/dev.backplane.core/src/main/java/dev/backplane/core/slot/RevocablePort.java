package dev.backplane.core.slot;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;
import java.lang.foreign.MemorySegment;

/** A model's port to the system bus; ends when the model is disposed of, whoever still holds it. */
final class RevocablePort implements DmaPort {
    private final SlotDeviceContext owner;
    private final DmaPort port;

    RevocablePort(SlotDeviceContext owner, DmaPort port) {
        this.owner = owner;
        this.port = port;
    }

    @Override
    public String initiator() {
        return port.initiator();
    }

    @Override
    public TransactionAttributes attributes() {
        return port.attributes();
    }

    @Override
    public DmaPort with(TransactionAttributes attributes) {
        return new RevocablePort(owner, port.with(attributes));
    }

    @Override
    public TransactionResult read(
            TransactionContext context, long address, MemorySegment target, long offset, int length) {
        return owner.isRevoked() ? Fault.DEVICE_FAILED : port.read(context, address, target, offset, length);
    }

    @Override
    public TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long offset, int length) {
        return owner.isRevoked() ? Fault.DEVICE_FAILED : port.write(context, address, source, offset, length);
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        return owner.isRevoked() ? Fault.DEVICE_FAILED : port.read(context, address, size);
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        return owner.isRevoked() ? Fault.DEVICE_FAILED : port.write(context, address, size, value);
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        return owner.isRevoked() ? Fault.DEVICE_FAILED : port.load64(context, address);
    }

    @Override
    public TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        return owner.isRevoked()
                ? Fault.DEVICE_FAILED
                : port.compareAndExchange64(context, address, expected, update);
    }
}
