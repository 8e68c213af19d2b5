package dev.backplane.itest.faulty;

import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Pending;
import dev.backplane.pci.Bar;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import java.util.Map;

/**
 * A PCI function with a scratch register at 0 that is its state, and registers that fail: those at {@link #TRAPS} and
 * after, one for each of {@link Trap}, eight bytes apart, when they are read (throws) or written (0 throws, 1 hangs).
 */
final class FaultyDevice implements PciDevice, MmioHandler {
    static final String TYPE = "faulty";
    static final int TRAPS = 0x100;
    static final int DMA_ADDRESS = 0x8;

    /** Callbacks of a model within a transaction. */
    enum Trap {
        READ,
        WRITE,
        EFFECT,
        TIMER,
        COMPLETION
    }

    private final Fault fault;
    private PciDeviceContext board;
    private long scratch;
    private long address;

    FaultyDevice(Fault fault) {
        this.fault = fault;
    }

    @Override
    public PciFunctionDescription describe() {
        fault.at("DESCRIBE");
        if (fault == Fault.DESCRIBE_NULL) {
            return null;
        }
        return PciFunctionDescription.builder(0x1234, fault == Fault.DESCRIBE_OTHER ? 0xFA02 : 0xFA01)
                .bar(new Bar(0, Bar.Kind.MEMORY_32, false, MmioRegion.locked("registers", 0x1000, 4, 8, this)))
                .build();
    }

    @Override
    public void realize(PciDeviceContext context) throws RealizeException {
        board = context;
        fault.at("REALIZE");
        if (fault == Fault.REALIZE_REFUSES) {
            throw new RealizeException("injected into realize");
        }
        if (fault == Fault.LEAKS_THREAD) {
            Thread.ofPlatform().daemon().name("left-behind").start(Fault::hang);
        }
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        if (offset == TRAPS) {
            throw new IllegalStateException("injected into read");
        }
        if (offset == TRAPS + 4) {
            Fault.hang();
        }
        context.data(offset == 0 ? scratch : 0);
        return TransactionResult.Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        if (offset == 0) {
            scratch = value;
        } else if (offset == DMA_ADDRESS) {
            address = value;
        } else if (offset >= TRAPS) {
            trap(Trap.values()[(int) (offset - TRAPS) / 8], value != 0);
        }
        return TransactionResult.Done.DONE;
    }

    private void trap(Trap trap, boolean hangs) {
        switch (trap) {
            case READ -> throw new IllegalArgumentException("reads only");
            case WRITE -> fail("write", hangs);
            case EFFECT -> board.defer(_ -> fail("effect", hangs));
            case TIMER -> board.clock().timer(_ -> fail("timer", hangs)).arm(board.clock().now() + 1);
            case COMPLETION -> board.defer(context -> {
                TransactionResult result = board.dma().write(context, address, 8, 1);
                if (result instanceof Pending(var ticket)) {
                    ticket.whenDone((_, _) -> fail("completion", hangs));
                }
            });
        }
    }

    private static void fail(String callback, boolean hangs) {
        if (hangs) {
            Fault.hang();
        } else {
            throw new IllegalStateException("injected into " + callback);
        }
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        if (scratch != 0) {
            fault.at("RESET");
        }
        scratch = 0;
    }

    @Override
    public void quiesce() {
        fault.at("QUIESCE");
    }

    @Override
    public void resume() {
        fault.at("RESUME");
    }

    @Override
    public SavedState save() {
        fault.at("SAVE");
        return fault == Fault.SAVE_NULL ? null : new SavedState(TYPE, 1, Map.of("scratch", scratch));
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        fault.at("RESTORE");
        if (fault == Fault.RESTORE_REFUSES) {
            throw new RestoreException("injected into restore");
        }
        state.require(TYPE, 1);
        scratch = state.getLong("scratch");
    }

    @Override
    public void unrealize() {
        fault.at("UNREALIZE");
    }
}
