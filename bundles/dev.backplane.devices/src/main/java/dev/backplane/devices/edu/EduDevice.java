package dev.backplane.devices.edu;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.irq.EventFd;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bar;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The educational PCI device: registers and life cycle. Each unit has a lock of its own, so the region is concurrent: a
 * transfer that ends on an engine thread meets the same rules as a register access.
 */
final class EduDevice implements PciDevice, Inspectable, MmioHandler {
    static final String TYPE = "edu";
    private static final int STATE_VERSION = 1;
    private static final long NO_REGISTER = -1L;

    private final long dmaMask;
    private final boolean irqfd;
    private final PciFunctionDescription description;
    private PciDeviceContext board;
    private EduInterrupts interrupts;
    private EduFactorial factorial;
    private EduDma dma;
    private volatile int liveness;

    EduDevice(long dmaMask, boolean irqfd) {
        this.dmaMask = dmaMask;
        this.irqfd = irqfd;
        description = PciFunctionDescription.builder(0x1234, 0x11e8)
                .classCode(0x00ff00, 0x10)
                .subsystem(0x1af4, 0x1100)
                .interruptPin(1)
                .bar(new Bar(
                        0,
                        Bar.Kind.MEMORY_32,
                        false,
                        new MmioRegion("edu-mmio", EduRegister.BAR_SIZE, 4, 8, true, this)))
                .msi(1, false)
                .build();
    }

    @Override
    public PciFunctionDescription describe() {
        return description;
    }

    @Override
    public void realize(PciDeviceContext context) {
        board = context;
        EventFd message = irqfd ? context.irqfd(EduInterrupts.VECTOR).orElse(null) : null;
        interrupts = new EduInterrupts(context, message);
        factorial = new EduFactorial(context.clock(), interrupts);
        dma = new EduDma(context, interrupts, dmaMask);
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        EduRegister register = EduRegister.at(offset, size);
        long value = register == null ? NO_REGISTER : registerValue(context, register);
        if (register == null) {
            board.log().guestError("read of %d bytes at 0x%x: no register there".formatted(size, offset));
        }
        context.data(size == 8 ? value : value & 0xFFFF_FFFFL);
        return TransactionResult.Done.DONE;
    }

    private long registerValue(TransactionContext context, EduRegister register) {
        return switch (register) {
            case IDENTIFICATION -> EduRegister.IDENTIFICATION_VALUE;
            case LIVENESS -> liveness;
            case FACTORIAL -> factorial.value();
            case STATUS -> factorial.poll(context);
            case INTERRUPT_STATUS -> interrupts.status();
            case INTERRUPT_RAISE, INTERRUPT_ACKNOWLEDGE -> NO_REGISTER;
            case DMA_SOURCE, DMA_DESTINATION, DMA_COUNT, DMA_COMMAND -> dma.read(register);
        };
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        EduRegister register = EduRegister.at(offset, size);
        if (register == null) {
            board.log().guestError("write of %d bytes at 0x%x: no register there".formatted(size, offset));
            return TransactionResult.Done.DONE;
        }
        switch (register) {
            case IDENTIFICATION, INTERRUPT_STATUS -> board.log().guestError("write to read-only " + register);
            case LIVENESS -> liveness = ~(int) value;
            case FACTORIAL -> {
                if (!factorial.start((int) value)) {
                    board.log().guestError("FACTORIAL written while STATUS says computing: ignored");
                }
            }
            case STATUS -> factorial.writeStatus((int) value);
            case INTERRUPT_RAISE -> interrupts.raise((int) value);
            case INTERRUPT_ACKNOWLEDGE -> interrupts.acknowledge((int) value);
            case DMA_SOURCE, DMA_DESTINATION, DMA_COUNT, DMA_COMMAND -> {
                if (!dma.write(register, value)) {
                    board.log().guestError(register + " written while a transfer runs: ignored");
                }
            }
        }
        return TransactionResult.Done.DONE;
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        switch (phase) {
            case ENTER -> {
                dma.reset();
                factorial.reset();
                interrupts.reset();
                liveness = 0;
            }
            case HOLD -> interrupts.drivePin();
            case EXIT -> {
                // nothing waits for the end of the reset
            }
        }
    }

    @Override
    public void quiesce() {
        dma.quiesce();
        factorial.quiesce();
        interrupts.quiesce();
    }

    @Override
    public void resume() {
        interrupts.resume();
        factorial.resume();
        dma.resume();
    }

    @Override
    public SavedState save() {
        dma.takeBackHeld();
        interrupts.takeBackHeld();
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("liveness", liveness);
        fields.put("factorial", factorial.value());
        fields.put("status", factorial.status());
        fields.put("factorialRemaining", factorial.remaining());
        fields.put("interruptStatus", interrupts.status());
        fields.put("owedMessages", interrupts.owed());
        fields.put("dma", dma.registers());
        fields.put("dmaRemaining", dma.remaining());
        fields.put("buffer", dma.buffer());
        return new SavedState(TYPE, STATE_VERSION, fields);
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        state.require(TYPE, STATE_VERSION);
        long[] registers = state.get("dma", long[].class);
        byte[] buffer = state.get("buffer", byte[].class);
        if (registers.length != 4 || buffer.length != EduDma.BUFFER_SIZE) {
            throw new RestoreException("state of edu: %d DMA registers and a buffer of %d bytes: expected 4 and %d"
                    .formatted(registers.length, buffer.length, EduDma.BUFFER_SIZE));
        }
        int savedLiveness = (int) state.getLong("liveness");
        int savedFactorial = (int) state.getLong("factorial");
        int savedStatus = (int) state.getLong("status");
        long factorialRemaining = state.getLong("factorialRemaining");
        int interruptStatus = (int) state.getLong("interruptStatus");
        long owed = Math.max(0, state.getLong("owedMessages"));
        long dmaRemaining = state.getLong("dmaRemaining");

        liveness = savedLiveness;
        interrupts.restore(interruptStatus, owed);
        factorial.restore(savedFactorial, savedStatus, factorialRemaining);
        dma.restore(registers, buffer, dmaRemaining);
    }

    @Override
    public void unrealize() {
        quiesce();
    }

    @Override
    public InspectNode inspect() {
        return InspectNode.group(
                TYPE,
                List.of(
                        InspectNode.hex("IDENTIFICATION", EduRegister.IDENTIFICATION_VALUE),
                        InspectNode.hex("LIVENESS", liveness & 0xFFFF_FFFFL),
                        InspectNode.hex("FACTORIAL", factorial.value() & 0xFFFF_FFFFL),
                        InspectNode.hex("STATUS", factorial.status()),
                        InspectNode.hex("INTERRUPT_STATUS", interrupts.status() & 0xFFFF_FFFFL),
                        InspectNode.hex("DMA_SOURCE", dma.read(EduRegister.DMA_SOURCE)),
                        InspectNode.hex("DMA_DESTINATION", dma.read(EduRegister.DMA_DESTINATION)),
                        InspectNode.hex("DMA_COUNT", dma.read(EduRegister.DMA_COUNT)),
                        InspectNode.hex("DMA_COMMAND", dma.read(EduRegister.DMA_COMMAND)),
                        InspectNode.hex("dma_mask", dmaMask),
                        InspectNode.number("transfer remaining", dma.remaining()).withNote("ns, -1 when none runs"),
                        InspectNode.number("messages owed", interrupts.owed())));
    }
}
