package dev.backplane.core.memory;

import dev.backplane.board.Board;
import dev.backplane.board.Board.AccessRecorder;
import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.FlatView.Mapping;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.memory.Translation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * The system bus of one board: RAM, mapped regions, and the ports of all initiators. The map is an immutable flat view;
 * a change publishes a new one, and what it removed is reused only after a grace period. Thread-safe.
 */
public final class SystemBus implements AutoCloseable {
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle ALIGNED_LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private static final System.Logger LOGGER = System.getLogger(SystemBus.class.getName());

    /** How long the end of the bus waits for transactions; one that hangs in a model is expelled long before. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** How long a rehearsal may take: other transactions may be before it. */
    private static final Duration REHEARSAL = Duration.ofMillis(20);

    private final EpochDomain epochs;
    private final Housekeeper housekeeper = new Housekeeper();
    private final LongAdder decodeErrors = new LongAdder();
    private final Recorders recorders = new Recorders();
    private List<Mapping> mappings = List.of();
    private volatile FlatView view = FlatView.EMPTY;

    /**
     * Makes an empty bus.
     *
     * @param epochs grace periods of the board
     */
    public SystemBus(EpochDomain epochs) {
        this.epochs = epochs;
        epochs.onExpulsion(housekeeper::replace);
    }

    /** {@return the grace periods of the board} */
    public EpochDomain epochs() {
        return epochs;
    }

    /** Transactions are about to be held for a moment. */
    public void expectHolds() {
        housekeeper.standBy();
    }

    Housekeeper housekeeper() {
        return housekeeper;
    }

    /**
     * Adds a bank of RAM.
     *
     * @throws IllegalArgumentException if it overlaps something or the host has no memory for it
     */
    public synchronized void addRam(RamBank bank) {
        var block = new RamBlock(bank);
        try {
            publish(with(new Mapping(bank.base(), bank.size(), 0, block, null)));
        } catch (IllegalArgumentException e) {
            block.close();
            throw e;
        }
    }

    private List<Mapping> with(Mapping added) {
        var next = new ArrayList<>(mappings);
        next.add(added);
        return next;
    }

    private void publish(List<Mapping> next) {
        view = FlatView.of(next);
        mappings = List.copyOf(next);
    }

    /** {@return a collection of changes that become visible together} */
    public Update update() {
        return new Update();
    }

    /** Changes to the memory map. Not thread-safe. */
    public final class Update {
        private final Map<MappedRegion, Mapping> mapped = new LinkedHashMap<>();
        private final List<MappedRegion> unmapped = new ArrayList<>();

        private Update() {}

        /**
         * Maps a region, or moves one that is mapped.
         *
         * @param base guest-physical address
         * @param priority the higher one wins where regions overlap
         */
        public Update map(MappedRegion region, long base, int priority) {
            unmapped.remove(region);
            mapped.put(region, new Mapping(base, region.region().size(), priority, null, region));
            return this;
        }

        /** Unmaps a region; nothing happens if it is not mapped. */
        public Update unmap(MappedRegion region) {
            mapped.remove(region);
            unmapped.add(region);
            return this;
        }

        /**
         * Publishes the changes as one new flat view. Transactions under way may still reach what was removed until a
         * grace period has passed.
         *
         * @throws IllegalArgumentException if two mappings of one priority overlap; nothing has changed then
         */
        public void commit() {
            synchronized (SystemBus.this) {
                var next = new ArrayList<Mapping>(mappings.size() + mapped.size());
                for (Mapping mapping : mappings) {
                    MappedRegion region = mapping.region();
                    if (region == null || !mapped.containsKey(region) && !unmapped.contains(region)) {
                        next.add(mapping);
                    }
                }
                next.addAll(mapped.values());
                publish(next);
            }
        }
    }

    /**
     * {@return a port to the system bus, untranslated}
     *
     * @param initiator name for recorders
     * @param own gate of the initiator's device, or null for diagnostic initiators
     * @param attributes attributes of its transactions
     */
    public DmaPort port(String initiator, DeviceGate own, TransactionAttributes attributes) {
        return port(new DmaRoute(initiator, own, attributes));
    }

    /** {@return a port whose transactions take a route} */
    public DmaPort port(DmaRoute route) {
        recorders.add(route);
        return new Port(this, route, null);
    }

    /**
     * {@return how a transaction of a port would be translated now; null where the IOMMU's gate is closed} Nothing is
     * started; what the IOMMU reads and records for it is as for a transaction.
     */
    public Translation translate(DmaPort port, TransactionContext context, AccessKind kind, long address) {
        return ((Port) port).translation((EpochContext) context, kind, address);
    }

    /** {@return whether a port's addresses are those of the system bus} */
    public boolean isUntranslated(DmaPort port) {
        return ((Port) port).isUntranslated();
    }

    /**
     * A bank of RAM.
     *
     * @param name its name
     * @param base first guest-physical address
     * @param memory its memory; stays until the bus is closed
     */
    public record Ram(String name, long base, MemorySegment memory) {}

    /** {@return the banks of RAM, ascending} */
    public synchronized List<Ram> ram() {
        return mappings.stream()
                .filter(mapping -> mapping.ram() != null)
                .map(mapping -> new Ram(mapping.ram().name(), mapping.base(), mapping.ram().memory()))
                .sorted(Comparator.comparingLong(Ram::base))
                .toList();
    }

    /**
     * Records what an initiator does on the system bus.
     *
     * @return ends the recording
     */
    public AutoCloseable record(String initiator, AccessRecorder recorder) {
        return recorders.record(initiator, recorder);
    }

    /** {@return the flat memory map, ascending} */
    public List<Board.MapEntry> memoryMap() {
        var entries = new ArrayList<Board.MapEntry>();
        for (FlatRange range : view.ranges()) {
            boolean ram = range.ram != null;
            entries.add(new Board.MapEntry(
                    range.first,
                    range.last - range.first + 1,
                    ram ? range.ram.name() : range.region.slot(),
                    ram ? "" : range.region.region().name(),
                    ram ? "ram" : "mmio"));
        }
        return entries;
    }

    /** {@return counters by name} */
    public Map<String, Long> counters() {
        return Map.of("transactions", epochs.transactions(), "decode-errors", decodeErrors.sum());
    }

    /**
     * Ends all transactions and frees the RAM. While a thread hangs that could still be copying from or to it, it stays;
     * that is logged.
     */
    @Override
    public void close() {
        housekeeper.close();
        List<Mapping> last;
        synchronized (this) {
            last = mappings;
            publish(List.of());
        }
        // Not under the monitor: a transaction that changes the map waits for it.
        boolean quiet = epochs.drain(PATIENCE);
        long bytes = last.stream().filter(mapping -> mapping.ram() != null).mapToLong(Mapping::size).sum();
        if (!quiet || epochs.hanging() > 0) {
            LOGGER.log(
                    System.Logger.Level.WARNING,
                    "a thread hangs in a transaction: {0} bytes of RAM stay reserved until it comes back",
                    bytes);
        }
        if (quiet) {
            epochs.whenNobodyHangs(() -> free(last));
        }
    }

    private static void free(List<Mapping> mappings) {
        for (Mapping mapping : mappings) {
            if (mapping.ram() != null) {
                mapping.ram().close();
            }
        }
    }

    /** {@return a mask of the low {@code size} bytes} */
    static long lowBytes(int size) {
        return -1L >>> 64 - size * 8;
    }

    /**
     * Holds a transaction at the obstacle that its context names.
     *
     * @return false when the obstacle is gone and the transaction can go on at once
     */
    boolean hold(EpochContext context, HeldTransaction transaction) {
        Object obstacle = context.takeObstacle();
        return switch (obstacle) {
            case DeviceGate gate -> gate.hold(transaction);
            case Translation.Stall stall -> {
                stall.onResume(transaction::resume);
                yield true;
            }
            case null, default -> throw new IllegalStateException("a transaction was held without an obstacle");
        };
    }

    /**
     * Holds a transaction that reaches nothing at a gate of nobody, and lets it go on: when a real one is held, its way
     * has been gone and the threads of the engine are there.
     */
    public void rehearse() {
        var nobody = new DeviceGate("rehearsal", epochs, REHEARSAL);
        var route = new DmaRoute("rehearsal", null, TransactionAttributes.NONE);
        route.enable(false);
        var transaction = new HeldTransaction(this, new Port(this, route, null), new Operation.Load(0));
        var ended = new CountDownLatch(1);
        transaction.whenDone((context, result) -> ended.countDown());
        nobody.hold(transaction);
        nobody.open();
        try {
            ended.await(REHEARSAL.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        nobody.shut();
    }

    private Fault decodeError() {
        decodeErrors.increment();
        return Fault.DECODE_ERROR;
    }

    /** Transfers a block over as many ranges as it spans; called inside an epoch. */
    TransactionResult transfer(
            EpochContext context,
            DmaRoute route,
            TransactionAttributes attributes,
            AccessKind kind,
            long address,
            MemorySegment buffer,
            long offset,
            int length) {
        AccessRecorder recorder = route.recorder();
        if (recorder != null) {
            recorder.accessed(kind == AccessKind.WRITE, address, length);
        }
        FlatView now = view;
        int done = 0;
        while (done < length) {
            long at = address + done;
            FlatRange range = now.find(at);
            if (range == null) {
                return decodeError();
            }
            long rest = range.rest(at);
            int part = Long.compareUnsigned(rest, length - done) < 0 ? (int) rest + 1 : length - done;
            if (range.ram != null) {
                long ramOffset = range.offset + (at - range.first);
                if (kind == AccessKind.READ) {
                    MemorySegment.copy(range.ram.memory(), ramOffset, buffer, offset + done, part);
                } else {
                    MemorySegment.copy(buffer, offset + done, range.ram.memory(), ramOffset, part);
                }
            } else {
                TransactionResult result = registers(
                        context, attributes, kind, range, at, buffer, offset + done, part);
                if (result != Done.DONE) {
                    // Of the device that is parked nothing is done: an access that has begun there ends.
                    context.progress(done);
                    return result;
                }
            }
            done += part;
        }
        return Done.DONE;
    }

    /** A block on a device becomes the largest aligned accesses that the region takes. */
    private static TransactionResult registers(
            EpochContext context,
            TransactionAttributes attributes,
            AccessKind kind,
            FlatRange range,
            long address,
            MemorySegment buffer,
            long offset,
            int length) {
        MappedRegion region = range.region;
        long base = range.offset + (address - range.first);
        int done = 0;
        while (done < length) {
            long at = base + done;
            int size = region.region().maxAccess();
            while (size > length - done || (at & size - 1) != 0) {
                size >>>= 1;
            }
            long value = kind == AccessKind.WRITE ? get(buffer, offset + done, size) : 0;
            TransactionResult result = done == 0
                    ? region.access(context, attributes, kind, at, size, value)
                    : region.continued(context, attributes, kind, at, size, value);
            if (result != Done.DONE) {
                return result;
            }
            if (kind == AccessKind.READ) {
                set(buffer, offset + done, size, context.data());
            }
            done += size;
        }
        return Done.DONE;
    }

    /** Reads or writes a scalar; called inside an epoch. */
    TransactionResult scalar(
            EpochContext context,
            DmaRoute route,
            TransactionAttributes attributes,
            AccessKind kind,
            long address,
            int size,
            long value) {
        FlatRange range = view.find(address);
        if (range == null) {
            return decodeError();
        }
        if (Long.compareUnsigned(range.rest(address), size - 1) < 0) {
            return scalarOverRanges(context, route, attributes, kind, address, size, value);
        }
        AccessRecorder recorder = route.recorder();
        if (recorder != null) {
            recorder.accessed(kind == AccessKind.WRITE, address, size);
        }
        long offset = range.offset + (address - range.first);
        if (range.ram == null) {
            return range.region.access(context, attributes, kind, offset, size, value);
        }
        if (kind == AccessKind.READ) {
            context.data(get(range.ram.memory(), offset, size));
        } else {
            set(range.ram.memory(), offset, size, value);
        }
        return Done.DONE;
    }

    private TransactionResult scalarOverRanges(
            EpochContext context,
            DmaRoute route,
            TransactionAttributes attributes,
            AccessKind kind,
            long address,
            int size,
            long value) {
        var bytes = MemorySegment.ofArray(new byte[8]);
        bytes.set(LONG, 0, value);
        TransactionResult result = transfer(context, route, attributes, kind, address, bytes, 0, size);
        if (result == Done.DONE && kind == AccessKind.READ) {
            context.data(bytes.get(LONG, 0) & lowBytes(size));
        }
        return result;
    }

    /** Loads an aligned word of RAM with acquire order; called inside an epoch. */
    TransactionResult load64(DmaRoute route, EpochContext context, long address) {
        FlatRange range = view.find(address);
        if (range == null) {
            return decodeError();
        }
        AccessRecorder recorder = route.recorder();
        if (recorder != null) {
            recorder.accessed(false, address, 8);
        }
        if (range.ram == null) {
            return Fault.SLAVE_ERROR;
        }
        context.data((long) ALIGNED_LONG.getAcquire(range.ram.memory(), range.offset + (address - range.first)));
        return Done.DONE;
    }

    /** Exchanges an aligned word of RAM; called inside an epoch. */
    TransactionResult exchange64(DmaRoute route, EpochContext context, long address, long expected, long update) {
        FlatRange range = view.find(address);
        if (range == null) {
            return decodeError();
        }
        AccessRecorder recorder = route.recorder();
        if (recorder != null) {
            recorder.accessed(true, address, 8);
        }
        if (range.ram == null) {
            return Fault.SLAVE_ERROR;
        }
        context.data((long) ALIGNED_LONG.compareAndExchange(
                range.ram.memory(), range.offset + (address - range.first), expected, update));
        return Done.DONE;
    }

    private static long get(MemorySegment memory, long offset, int size) {
        return switch (size) {
            case 1 -> memory.get(ValueLayout.JAVA_BYTE, offset) & 0xFFL;
            case 2 -> memory.get(SHORT, offset) & 0xFFFFL;
            case 4 -> memory.get(INT, offset) & 0xFFFF_FFFFL;
            case 8 -> memory.get(LONG, offset);
            default -> throw new IllegalArgumentException(
                    "scalar of %d bytes: expected 1, 2, 4 or 8".formatted(size));
        };
    }

    private static void set(MemorySegment memory, long offset, int size, long value) {
        switch (size) {
            case 1 -> memory.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
            case 2 -> memory.set(SHORT, offset, (short) value);
            case 4 -> memory.set(INT, offset, (int) value);
            case 8 -> memory.set(LONG, offset, value);
            default -> throw new IllegalArgumentException(
                    "scalar of %d bytes: expected 1, 2, 4 or 8".formatted(size));
        }
    }
}
