package dev.backplane.core.memory;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace.Translating;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.memory.Translation;
import dev.backplane.memory.Translation.Mapped;
import dev.backplane.memory.Translation.Stalled;
import dev.backplane.memory.Translation.Terminated;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A port of one initiator. Each public operation is one transaction: it enters an epoch, goes along the route, and
 * leaves. Inside, null stands for "met an obstacle that the context names", which becomes a held transaction only at
 * the end, so that the usual way allocates nothing.
 */
final class Port implements DmaPort {
    private static final System.Logger LOGGER = System.getLogger(Port.class.getName());

    /** Stands for the answer of an IOMMU that came too late. */
    private static final Object GIVEN_UP = new Object();

    private final SystemBus bus;
    private final DmaRoute route;
    private volatile TransactionAttributes special;

    /**
     * Makes a port.
     *
     * @param special attributes that differ from the route's, or null
     */
    Port(SystemBus bus, DmaRoute route, TransactionAttributes special) {
        this.bus = bus;
        this.route = route;
        this.special = special;
    }

    @Override
    public String initiator() {
        return route.initiator();
    }

    @Override
    public TransactionAttributes attributes() {
        TransactionAttributes base = route.attributes();
        TransactionAttributes own = special;
        if (own == null) {
            return base;
        }
        if (own.requesterId() != base.requesterId()) {
            // Software has renumbered buses since.
            own = new TransactionAttributes(
                    base.requesterId(), own.substreamId(), own.privileged(), own.instruction(), own.processor());
            special = own;
        }
        return own;
    }

    @Override
    public DmaPort with(TransactionAttributes attributes) {
        if (attributes.requesterId() != route.attributes().requesterId()) {
            throw new IllegalArgumentException("port of %s: requester ID 0x%x is not its own, 0x%x"
                    .formatted(initiator(), attributes.requesterId(), route.attributes().requesterId()));
        }
        return new Port(bus, route, attributes);
    }

    @Override
    public TransactionResult read(
            TransactionContext context, long address, MemorySegment target, long offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.byteSize());
        var self = (EpochContext) context;
        TransactionResult result = transfer(self, AccessKind.READ, address, target, offset, length);
        return result != null
                ? result
                : hold(self, new Operation.Block(AccessKind.READ, address, target, offset, length));
    }

    @Override
    public TransactionResult write(
            TransactionContext context, long address, MemorySegment source, long offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.byteSize());
        var self = (EpochContext) context;
        TransactionResult result = transfer(self, AccessKind.WRITE, address, source, offset, length);
        return result != null
                ? result
                : hold(self, new Operation.Block(AccessKind.WRITE, address, source, offset, length));
    }

    @Override
    public TransactionResult read(TransactionContext context, long address, int size) {
        var self = (EpochContext) context;
        TransactionResult result = scalar(self, AccessKind.READ, address, size, 0);
        return result != null ? result : hold(self, new Operation.Scalar(AccessKind.READ, address, size, 0));
    }

    @Override
    public TransactionResult write(TransactionContext context, long address, int size, long value) {
        var self = (EpochContext) context;
        TransactionResult result = scalar(self, AccessKind.WRITE, address, size, value);
        return result != null ? result : hold(self, new Operation.Scalar(AccessKind.WRITE, address, size, value));
    }

    @Override
    public TransactionResult load64(TransactionContext context, long address) {
        checkAligned(address);
        var self = (EpochContext) context;
        TransactionResult result = atomic(self, address, false, 0, 0);
        return result != null ? result : hold(self, new Operation.Load(address));
    }

    @Override
    public TransactionResult compareAndExchange64(
            TransactionContext context, long address, long expected, long update) {
        checkAligned(address);
        var self = (EpochContext) context;
        TransactionResult result = atomic(self, address, true, expected, update);
        return result != null ? result : hold(self, new Operation.CompareAndExchange(address, expected, update));
    }

    private static void checkAligned(long address) {
        if ((address & 7) != 0) {
            throw new IllegalArgumentException("address 0x%x is no multiple of 8".formatted(address));
        }
    }

    private TransactionResult hold(EpochContext context, Operation operation) {
        var transaction = new HeldTransaction(bus, this, operation.rest(context));
        while (!bus.hold(context, transaction)) {
            TransactionResult result = transaction.perform(context);
            if (result != null) {
                return result;
            }
        }
        return new TransactionResult.Pending(transaction);
    }

    /** {@return the place to which what happens in the initiator's completion belongs, or 0} */
    int place() {
        DeviceGate own = route.own();
        return own == null ? 0 : own.place();
    }

    /** Contains what the initiator's completion threw: its device fails, if it has one. */
    void initiatorThrew(Throwable thrown) {
        DeviceGate own = route.own();
        if (own != null) {
            own.thrown(thrown);
        } else {
            LOGGER.log(System.Logger.Level.WARNING, "{0}: a completion threw {1}", initiator(), Rendered.text(thrown));
        }
    }

    /** {@return why the initiator may not start a transaction now, or null} */
    private Fault blocked(EpochContext context) {
        if (context.isTooDeep()) {
            return Fault.SLAVE_ERROR;
        }
        DeviceGate own = route.own();
        if (own != null) {
            DeviceGate.State state = own.state();
            if (state == DeviceGate.State.FAILED || state == DeviceGate.State.SHUT) {
                return Fault.DEVICE_FAILED;
            }
        }
        return route.isEnabled() ? null : Fault.BUS_MASTER_DISABLED;
    }

    /** Transfers a block. */
    TransactionResult transfer(
            EpochContext context, AccessKind kind, long address, MemorySegment buffer, long offset, int length) {
        context.enter();
        try {
            Fault blocked = blocked(context);
            if (blocked != null) {
                return blocked;
            }
            DmaRoute.Space space = route.space();
            if (space.addresses() instanceof Translating translating) {
                return translated(context, translating, space.iommu(), kind, address, buffer, offset, length);
            }
            return bus.transfer(context, route, attributes(), kind, address, buffer, offset, length);
        } finally {
            context.exit();
        }
    }

    private TransactionResult translated(
            EpochContext context,
            Translating translating,
            DeviceGate iommu,
            AccessKind kind,
            long address,
            MemorySegment buffer,
            long offset,
            int length) {
        TransactionAttributes attributes = attributes();
        int done = 0;
        while (done < length) {
            long iova = address + done;
            Translation translation = translate(context, translating, iommu, attributes, iova, kind, done > 0);
            if (!(translation instanceof Mapped mapped)) {
                if (translation == Terminated.RAZ_WI) {
                    int part = (int) Math.min(length - done, 4096 - (iova & 4095));
                    if (kind == AccessKind.READ) {
                        buffer.asSlice(offset + done, part).fill((byte) 0);
                    }
                    done += part;
                    continue;
                }
                context.progress(done);
                return unmapped(context, translation, iommu);
            }
            long rest = mapped.mask() - (iova & mapped.mask());
            int part = Long.compareUnsigned(rest, length - done) < 0 ? (int) rest + 1 : length - done;
            TransactionResult result =
                    bus.transfer(context, route, attributes, kind, mapped.apply(iova), buffer, offset + done, part);
            if (result != Done.DONE) {
                if (result == null) {
                    context.progress(done + context.takeProgress());
                }
                return result;
            }
            done += part;
        }
        return Done.DONE;
    }

    /**
     * {@return the translation, or null when the IOMMU's gate does not let the transaction pass}
     *
     * @param begun whether a part of the transaction is done: then a gate that was parked meanwhile lets the rest pass,
     *     because whoever parked it waits for this epoch
     */
    private static Translation translate(
            EpochContext context,
            Translating translating,
            DeviceGate iommu,
            TransactionAttributes attributes,
            long iova,
            AccessKind kind,
            boolean begun) {
        if (!iommu.isOpen() && !(begun && iommu.state() == DeviceGate.State.PARKED)) {
            return null;
        }
        int before = context.enterCallback(iommu.place());
        Translation translation = null;
        Throwable caught = null;
        try {
            translation = translating.translate(context, attributes, iova, kind);
        } catch (Throwable thrown) {
            caught = thrown;
        }
        if (!context.leaveCallback(before)) {
            context.obstacle(GIVEN_UP);
            return null;
        }
        if (caught != null) {
            iommu.thrown(caught);
        } else if (translation == null) {
            iommu.fail("its translation of IOVA 0x%x is null".formatted(iova));
        }
        return translation;
    }

    private static TransactionResult unmapped(EpochContext context, Translation translation, DeviceGate iommu) {
        if (translation == null && context.takeObstacle() == GIVEN_UP) {
            return iommu.gaveUp();
        }
        if (translation == Terminated.ABORT) {
            return Fault.TRANSLATION_ABORT;
        }
        if (translation instanceof Stalled stalled) {
            context.obstacle(stalled.stall());
            return null;
        }
        TransactionResult refusal = iommu.refusal();
        if (refusal == null) {
            context.obstacle(iommu);
        }
        return refusal;
    }

    /** {@return how a transaction would be translated now, starting none; null where the IOMMU's gate is closed} */
    Translation translation(EpochContext context, AccessKind kind, long address) {
        context.enter();
        try {
            DmaRoute.Space space = route.space();
            return space.addresses() instanceof Translating translating
                    ? translate(context, translating, space.iommu(), attributes(), address, kind, false)
                    : Mapped.IDENTITY;
        } finally {
            context.exit();
        }
    }

    boolean isUntranslated() {
        return !(route.space().addresses() instanceof Translating);
    }

    /** Reads or writes a scalar. */
    TransactionResult scalar(EpochContext context, AccessKind kind, long address, int size, long value) {
        context.enter();
        try {
            Fault blocked = blocked(context);
            if (blocked != null) {
                return blocked;
            }
            DmaRoute.Space space = route.space();
            long target = address;
            if (space.addresses() instanceof Translating translating) {
                Translation translation =
                        translate(context, translating, space.iommu(), attributes(), address, kind, false);
                if (!(translation instanceof Mapped mapped)) {
                    if (translation == Terminated.RAZ_WI) {
                        context.data(0);
                        return Done.DONE;
                    }
                    return unmapped(context, translation, space.iommu());
                }
                if (Long.compareUnsigned(mapped.mask() - (address & mapped.mask()), size - 1) < 0) {
                    return splitScalar(context, translating, space.iommu(), kind, address, size, value);
                }
                target = mapped.apply(address);
            }
            return bus.scalar(context, route, attributes(), kind, target, size, value);
        } finally {
            context.exit();
        }
    }

    /** A scalar over the end of a mapping goes the way of a block. */
    private TransactionResult splitScalar(
            EpochContext context,
            Translating translating,
            DeviceGate iommu,
            AccessKind kind,
            long address,
            int size,
            long value) {
        // Its own bytes: what the first part reaches may start another such scalar on this thread.
        MemorySegment scratch = MemorySegment.ofArray(new byte[Long.BYTES]);
        if (kind == AccessKind.WRITE) {
            scratch.set(SystemBus.LONG, 0, value);
        }
        TransactionResult result = translated(context, translating, iommu, kind, address, scratch, 0, size);
        if (result == Done.DONE && kind == AccessKind.READ) {
            context.data(scratch.get(SystemBus.LONG, 0) & SystemBus.lowBytes(size));
        }
        return result;
    }

    /** Loads or exchanges an aligned 64-bit word. */
    TransactionResult atomic(EpochContext context, long address, boolean exchange, long expected, long update) {
        context.enter();
        try {
            Fault blocked = blocked(context);
            if (blocked != null) {
                return blocked;
            }
            DmaRoute.Space space = route.space();
            long target = address;
            if (space.addresses() instanceof Translating translating) {
                AccessKind kind = exchange ? AccessKind.WRITE : AccessKind.READ;
                Translation translation =
                        translate(context, translating, space.iommu(), attributes(), address, kind, false);
                if (!(translation instanceof Mapped mapped)) {
                    if (translation == Terminated.RAZ_WI) {
                        context.data(0);
                        return Done.DONE;
                    }
                    return unmapped(context, translation, space.iommu());
                }
                target = mapped.apply(address);
            }
            return exchange
                    ? bus.exchange64(route, context, target, expected, update)
                    : bus.load64(route, context, target);
        } finally {
            context.exit();
        }
    }
}
