package dev.backplane.gicv2m.frame;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.irq.InterruptLine;
import dev.backplane.irq.MsiController;
import dev.backplane.irq.MsiInspection;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * A GICv2m frame: region {@code v2m}, lines {@code spi0} to {@code spi}<em>n-1</em>, each an edge to one SPI. A write
 * of an INTID to MSI_SETSPI_NS pulses the line of that SPI. The frame keeps nothing but counters: what is pending is
 * the interrupt controller's. Writes that name no SPI of the frame are dropped, counted and logged.
 */
final class V2mFrame implements PlatformDevice, MsiController, MsiInspection, Inspectable, MmioHandler {
    static final String TYPE = "arm-gicv2m";
    private static final int STATE_VERSION = 1;
    private static final String REGION = "v2m";

    private final int base;
    private final int count;
    private final PlatformDescription description;
    private final InterruptLine[] lines;
    private final AtomicLong delivered = new AtomicLong();
    private final AtomicLong dropped = new AtomicLong();
    private DeviceContext board;

    /**
     * Makes a frame.
     *
     * @param base INTID of the first SPI
     * @param count number of SPIs
     */
    V2mFrame(int base, int count) {
        this.base = base;
        this.count = count;
        lines = new InterruptLine[count];
        description = new PlatformDescription(
                List.of(new MmioRegion(REGION, FrameRegister.REGION_SIZE, 2, 4, true, this)),
                IntStream.range(0, count).mapToObj(V2mFrame::lineName).toList());
    }

    private static String lineName(int index) {
        return "spi" + index;
    }

    @Override
    public PlatformDescription describe() {
        return description;
    }

    @Override
    public void realize(DeviceContext context) {
        board = context;
        for (int i = 0; i < count; i++) {
            lines[i] = context.line(lineName(i));
        }
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        // A 16-bit read takes its half of the register around it.
        FrameRegister register = FrameRegister.at(offset & ~3L);
        long value =
                switch (register) {
                    case null -> 0;
                    case MSI_TYPER -> typer();
                    case MSI_SETSPI_NS -> 0;
                    case MSI_IIDR -> FrameRegister.IIDR_VALUE;
                };
        context.data(size == 4 ? value : value >>> (offset & 2) * 8 & 0xFFFF);
        return TransactionResult.Done.DONE;
    }

    private long typer() {
        return FrameRegister.BASE_SPI.with(FrameRegister.SPI_COUNT.with(0, count), base);
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        if (FrameRegister.at(offset) != FrameRegister.MSI_SETSPI_NS) {
            board.log().guestError("write of 0x%x at 0x%x: no writable register there".formatted(value, offset));
            return TransactionResult.Done.DONE;
        }
        int index = indexOf(FrameRegister.SPI.getInt(value));
        if (index < 0) {
            dropped.incrementAndGet();
            board.log().guestError("MSI_SETSPI_NS 0x%x from requester 0x%x: this frame has SPIs %d to %d: dropped"
                    .formatted(value, attributes.requesterId() & 0xFFFF_FFFFL, base, base + count - 1));
            return TransactionResult.Done.DONE;
        }
        delivered.incrementAndGet();
        lines[index].pulse();
        return TransactionResult.Done.DONE;
    }

    private int indexOf(int intid) {
        return intid >= base && intid < base + count ? intid - base : -1;
    }

    @Override
    public Doorbell doorbell() {
        return new Doorbell(REGION, FrameRegister.MSI_SETSPI_NS.offset, FrameRegister.MSI_SETSPI_NS.name());
    }

    @Override
    public Route route(int deviceId, int eventId) {
        int intid = FrameRegister.SPI.getInt(eventId);
        int index = indexOf(intid);
        var data = InspectNode.hex("data", eventId & 0xFFFF_FFFFL)
                .withNote("a frame asks for no DeviceID; SPI[9:0] is INTID " + intid);
        if (index < 0) {
            String reason = "INTID %d is outside SPIs %d to %d".formatted(intid, base, base + count - 1);
            return new Route(
                    OptionalInt.empty(),
                    OptionalInt.empty(),
                    InspectNode.group(TYPE, List.of(data, InspectNode.text("dropped", reason))));
        }
        return new Route(
                OptionalInt.of(intid),
                OptionalInt.empty(),
                InspectNode.group(TYPE, List.of(data, InspectNode.text("line", lineName(index)))));
    }

    @Override
    public InspectNode devices() {
        return InspectNode.group(
                "SPIs",
                List.of(InspectNode.number("first", base), InspectNode.number("last", base + count - 1)));
    }

    @Override
    public InspectNode commands() {
        return InspectNode.group("commands", List.of());
    }

    @Override
    public InspectNode errors() {
        return InspectNode.group(
                "errors",
                List.of(InspectNode.number("SPI out of range", dropped.get()).withNote("writes dropped")));
    }

    @Override
    public InspectNode inspect() {
        return InspectNode.group(
                TYPE,
                List.of(
                        new InspectNode(
                                "MSI_TYPER",
                                "0x%08x".formatted(typer()),
                                "",
                                List.of(
                                        InspectNode.number("BASE_SPI", base),
                                        InspectNode.number("SPI_COUNT", count))),
                        InspectNode.hex("MSI_IIDR", FrameRegister.IIDR_VALUE),
                        InspectNode.number("delivered", delivered.get()),
                        InspectNode.number("dropped", dropped.get())));
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        if (phase == ResetPhase.ENTER && kind == ResetKind.COLD) {
            delivered.set(0);
            dropped.set(0);
        }
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
        return new SavedState(
                TYPE,
                STATE_VERSION,
                Map.of("baseSpi", base, "spiCount", count, "delivered", delivered.get(), "dropped", dropped.get()));
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        state.require(TYPE, STATE_VERSION);
        long savedBase = state.getLong("baseSpi");
        long savedCount = state.getLong("spiCount");
        if (savedBase != base || savedCount != count) {
            throw new RestoreException("state of %s: %d SPIs from %d, this frame has %d from %d: set its properties "
                    .formatted(TYPE, savedCount, savedBase, count, base) + "alike");
        }
        long savedDelivered = state.getLong("delivered");
        long savedDropped = state.getLong("dropped");
        delivered.set(savedDelivered);
        dropped.set(savedDropped);
    }

    @Override
    public void unrealize() {
        // holds nothing outside itself
    }
}
