package com.example.copyengine;

import com.example.copyengine.EngineRegisters.Place;
import com.example.copyengine.EngineRegisters.Register;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bar;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** A PCI function that carries out descriptors in guest memory: what it is, its registers, its life. */
final class CopyEngine implements PciDevice, Inspectable, MmioHandler {
    static final String TYPE = "copy-engine";

    private static final int BAR_SIZE = 0x4000;
    private static final int MSIX_TABLE = 0x2000;
    private static final int MSIX_PENDING = 0x3000;

    private final int queueCount;
    private final PciFunctionDescription description;
    private final EngineRegisters registers;
    private final Object lock = new Object();
    private final List<Queue> queues = new ArrayList<>();
    private PciDeviceContext board;

    CopyEngine(int queueCount) {
        this.queueCount = queueCount;
        registers = new EngineRegisters(queueCount);
        description = PciFunctionDescription.builder(0x1234, 0xC09E)
                .classCode(0x088000, 0x11)
                .express()
                .bar(new Bar(
                        0,
                        Bar.Kind.MEMORY_64,
                        false,
                        MmioRegion.locked("registers", BAR_SIZE, 4, 4, this)))
                .msix(new Msix(queueCount, 0, MSIX_TABLE, 0, MSIX_PENDING))
                .build();
    }

    @Override
    public PciFunctionDescription describe() {
        return description;
    }

    @Override
    public void realize(PciDeviceContext context) {
        board = context;
        for (int number = 0; number < queueCount; number++) {
            queues.add(new Queue(number, registers, lock, context));
        }
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        synchronized (lock) {
            context.data(registers.read(offset));
        }
        return TransactionResult.Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        Place place = registers.at(offset);
        if (place == null) {
            board.log().guestError("write of 0x%x at 0x%x: no register there".formatted(value, offset));
            return TransactionResult.Done.DONE;
        }
        Queue queue = queues.get(place.queue());
        Ticket cancelled = null;
        String complaint = null;
        synchronized (lock) {
            boolean enabled = isEnabled(place.queue());
            if (enabled && (place.register() == Register.BASE || place.register() == Register.SIZE)) {
                complaint = "queue %d: %s written while the queue is enabled: ignored"
                        .formatted(place.queue(), place.register());
            } else {
                registers.write(offset, value);
                if (place.register() == Register.TAIL) {
                    complaint = checkTail(place.queue());
                } else if (!enabled && isEnabled(place.queue())) {
                    queue.enabled();
                } else if (enabled && !isEnabled(place.queue())) {
                    cancelled = queue.forget();
                }
            }
        }
        if (complaint != null) {
            board.log().guestError(complaint);
        }
        if (cancelled != null) {
            cancelled.cancel();
        }
        if (place.register() == Register.TAIL) {
            board.defer(queue::run);
        }
        return TransactionResult.Done.DONE;
    }

    private boolean isEnabled(int queue) {
        return EngineRegisters.ENABLE.isSet(registers.get(queue, Register.CONTROL));
    }

    /** Keeps TAIL inside the ring; as hardware does, by leaving away the bits above. */
    private String checkTail(int queue) {
        long tail = registers.get(queue, Register.TAIL);
        long mask = (1L << registers.get(queue, Register.SIZE)) - 1;
        if ((tail & ~mask) == 0) {
            return null;
        }
        registers.set(queue, Register.TAIL, tail & mask);
        return "queue %d: TAIL 0x%x: expected 0 to 0x%x; upper bits are ignored".formatted(queue, tail, mask);
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        if (phase == ResetPhase.ENTER) {
            List<Ticket> cancelled;
            synchronized (lock) {
                cancelled = queues.stream().map(Queue::forget).filter(Objects::nonNull).toList();
                registers.reset();
            }
            cancelled.forEach(Ticket::cancel);
        }
    }

    @Override
    public void quiesce() {
        queues.forEach(Queue::quiesce);
    }

    @Override
    public void resume() {
        queues.forEach(Queue::resume);
    }

    @Override
    public SavedState save() {
        queues.forEach(Queue::takeBackHeld);
        synchronized (lock) {
            return EngineState.save(
                    registers.save(),
                    queues.stream().map(queue -> queue.progress().toSave()).toList());
        }
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        Map<String, Object> words = EngineState.registers(state);
        List<Progress> progress = EngineState.queues(state, queueCount);
        synchronized (lock) {
            registers.restore(words);
            for (int number = 0; number < queueCount; number++) {
                queues.get(number).restore(progress.get(number));
            }
        }
    }

    @Override
    public void unrealize() {
        quiesce();
    }

    @Override
    public InspectNode inspect() {
        synchronized (lock) {
            return InspectNode.group(
                    TYPE,
                    Stream.concat(
                                    Stream.of(registers.inspect()),
                                    queues.stream().map(queue -> InspectNode.text(
                                            "queue", "%s".formatted(queue.progress()))))
                            .toList());
        }
    }
}
