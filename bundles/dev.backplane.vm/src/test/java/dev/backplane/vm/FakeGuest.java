package dev.backplane.vm;

import dev.backplane.board.Board;
import dev.backplane.board.PciFabric;
import dev.backplane.board.Placement;
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.Translation;
import dev.backplane.pci.PciIommu;
import dev.backplane.pci.PciIommuOps;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/** A board of words: registers that acknowledge as an SMMU's, memory, and translations that a test decides. */
public final class FakeGuest implements DmaPort, TransactionContext, Epochs {
    /** Decides a translation; the record it gives is written to the event queue. */
    @FunctionalInterface
    public interface Decider {
        /** {@return the translation, after the event record was handed to {@code guest.event}} */
        Translation translate(FakeGuest guest, int streamId, long iova, AccessKind access);
    }

    /** Every write, as {@code address=value} in hexadecimal. */
    public final List<String> writes = new ArrayList<>();

    /** Memory and registers, 4 bytes each. */
    public final Map<Long, Integer> words = new HashMap<>();

    /** Answers capabilities of slots. */
    public Function<Class<?>, Object> capability = type -> null;

    /** Whether a device runs in the SMMU's slot. */
    public boolean running = true;

    private final long smmu;
    private final Decider decider;
    private long data;

    /** Makes one with an SMMU at an address. */
    public FakeGuest(long smmu, Decider decider) {
        this.smmu = smmu;
        this.decider = decider;
    }

    /** Writes an event record as the SMMU would. */
    public void event(List<Long> record) {
        long base = get(smmu + 0xA0, 8);
        int bits = (int) (base & 0x1F);
        long producer = get(smmu + 0x100A8, 4);
        long address = (base & 0xF_FFFF_FFFF_FFE0L) + 32 * (producer & (1L << bits) - 1);
        for (int i = 0; i < 4; i++) {
            put(address + 8 * i, 8, record.get(i));
        }
        put(smmu + 0x100A8, 4, producer + 1 & (2L << bits) - 1);
    }

    /** {@return a board with this as its only SMMU, in slot smmu0} */
    public Board board() {
        return proxy(Board.class, (self, method, arguments) -> switch (method.getName()) {
            case "name" -> "fake";
            case "systemPort" -> this;
            case "epochs" -> this;
            case "pci" -> pci();
            case "memoryMap" -> List.of(new Board.MapEntry(smmu, 0x20000, "smmu0", "registers", "mmio"));
            case "slot" -> arguments[0].equals("smmu0") ? Optional.of(slot()) : Optional.empty();
            case "slots" -> List.of(slot());
            default -> throw new AssertionError(method);
        });
    }

    private Slot slot() {
        return proxy(Slot.class, (self, method, arguments) -> switch (method.getName()) {
            case "name" -> "smmu0";
            case "definition" -> new SlotDefinition("smmu0", "arm-smmuv3", Map.of(), Placement.none(), false);
            case "with" -> {
                Object found = arguments[0] == PciIommu.class ? iommu() : capability.apply((Class<?>) arguments[0]);
                @SuppressWarnings("unchecked")
                var use = (Function<Object, Object>) arguments[1];
                yield Optional.ofNullable(found).map(use);
            }
            default -> throw new AssertionError(method);
        });
    }

    /** The model in the slot: a new one each time, as if it were replaced after each use. */
    private PciIommu iommu() {
        if (!running) {
            return null;
        }
        var serves = new AtomicBoolean(true);
        DmaAddressSpace.Translating space = (context, attributes, iova, access) -> {
            if (!serves.getAndSet(false)) {
                throw new AssertionError("a model that was replaced is asked");
            }
            return decider.translate(this, attributes.requesterId(), iova, access);
        };
        PciIommuOps ops = function -> space;
        return () -> ops;
    }

    private PciFabric pci() {
        return proxy(PciFabric.class, (self, method, arguments) -> switch (method.getName()) {
            case "functions" -> List.of();
            default -> throw new AssertionError(method);
        });
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private long get(long address, int size) {
        long low = words.getOrDefault(address, 0) & 0xFFFF_FFFFL;
        return size == 4 ? low : low | (long) words.getOrDefault(address + 4, 0) << 32;
    }

    private void put(long address, int size, long value) {
        words.put(address, (int) value);
        if (size == 8) {
            words.put(address + 4, (int) (value >>> 32));
        }
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        data = get(address, size);
        return TransactionResult.Done.DONE;
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        writes.add("%x=%x".formatted(address, value));
        put(address, size, value);
        if (address == smmu + 0x20 || address == smmu + 0x50) {
            put(address + 4, 4, value);
        }
        return TransactionResult.Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long offset, int length) {
        return TransactionResult.Done.DONE;
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, MemorySegment target, long offset,
            int length) {
        return TransactionResult.Fault.DECODE_ERROR;
    }

    @Override
    public String initiator() {
        return "vm";
    }

    @Override
    public TransactionAttributes attributes() {
        return TransactionAttributes.NONE;
    }

    @Override
    public DmaPort with(TransactionAttributes attributes) {
        return this;
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        return read(context, address, 8);
    }

    @Override
    public TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        return TransactionResult.Fault.SLAVE_ERROR;
    }

    @Override
    public long data() {
        return data;
    }

    @Override
    public void data(long value) {
        data = value;
    }

    @Override
    public TransactionContext context() {
        return this;
    }

    @Override
    public void synchronize(TransactionContext context) {}
}
