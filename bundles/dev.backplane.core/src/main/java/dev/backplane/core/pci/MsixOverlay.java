package dev.backplane.core.pci;

import dev.backplane.core.memory.DeviceGate;
import dev.backplane.device.DeviceContext.Effect;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import java.util.function.IntConsumer;
import java.util.function.IntToLongFunction;

/**
 * The region of a BAR that holds an MSI-X table or pending bit array: these answer for their part, the model for the
 * rest. What hardware behind the function keeps pending is shown beside what the table does. An unmasking write sends
 * what was pending once the access has left the device's lock.
 */
final class MsixOverlay implements MmioHandler {
    private final MsixTable table;
    private final int tableFrom;
    private final int tableTo;
    private final int pbaFrom;
    private final int pbaTo;
    private final MmioRegion model;
    private final DeviceGate gate;
    private final Effect flush;
    private final IntConsumer written;
    private final IntToLongFunction pending;

    private MsixOverlay(
            MsixTable table,
            int bar,
            MmioRegion model,
            DeviceGate gate,
            Effect flush,
            IntConsumer written,
            IntToLongFunction pending) {
        var geometry = table.geometry();
        this.table = table;
        tableFrom = geometry.tableOffset();
        tableTo = geometry.tableBar() == bar ? MsixTable.tableEnd(geometry) : tableFrom;
        pbaFrom = geometry.pbaOffset();
        pbaTo = geometry.pbaBar() == bar ? MsixTable.pbaEnd(geometry) : pbaFrom;
        this.model = model;
        this.gate = gate;
        this.flush = flush;
        this.written = written;
        this.pending = pending;
    }

    /**
     * {@return the region with the table over it}
     *
     * @param model the model's region, or null when only the table is there
     * @param gate takes the flush as an effect
     * @param flush sends what is pending and no longer masked
     * @param written told which vector's entry was written
     * @param pending answers what hardware keeps pending, of 64 vectors from a number on
     */
    static MmioRegion over(
            MsixTable table,
            FunctionLayout.BarLayout bar,
            MmioRegion model,
            DeviceGate gate,
            Effect flush,
            IntConsumer written,
            IntToLongFunction pending) {
        return new MmioRegion(
                bar.region(),
                bar.size(),
                1,
                8,
                model == null || model.concurrent(),
                new MsixOverlay(table, bar.index(), model, gate, flush, written, pending));
    }

    private long readPending(int at, int size) {
        long bits = pending.applyAsLong(at * Byte.SIZE & -Long.SIZE);
        return table.readPending(at, size) | (size == 8 ? bits : bits >>> (at & 4) * 8 & 0xFFFF_FFFFL);
    }

    private boolean inTable(long offset) {
        return offset >= tableFrom && offset < tableTo;
    }

    private boolean inPba(long offset) {
        return offset >= pbaFrom && offset < pbaTo;
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        if (inTable(offset) || inPba(offset)) {
            // Software must access both with aligned 4 or 8 bytes (PCIe 7.7.2).
            if (size < 4) {
                return Fault.SLAVE_ERROR;
            }
            context.data(inTable(offset)
                    ? table.readTable((int) offset - tableFrom, size)
                    : readPending((int) offset - pbaFrom, size));
            return Done.DONE;
        }
        if (model == null) {
            context.data(0);
            return Done.DONE;
        }
        if (size < model.minAccess()) {
            return Fault.SLAVE_ERROR;
        }
        if (size <= model.maxAccess()) {
            return model.handler().read(context, attributes, offset, size);
        }
        return readInPieces(context, attributes, offset, size);
    }

    private TransactionResult readInPieces(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        int piece = model.maxAccess();
        long value = 0;
        for (int done = 0; done < size; done += piece) {
            TransactionResult result = model.handler().read(context, attributes, offset + done, piece);
            if (!result.isDone()) {
                return result;
            }
            value |= (context.data() & -1L >>> 64 - piece * 8) << done * 8;
        }
        context.data(value);
        return Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        if (inTable(offset)) {
            if (size < 4) {
                return Fault.SLAVE_ERROR;
            }
            if (table.writeTable((int) offset - tableFrom, size, value)) {
                gate.defer(flush);
            }
            written.accept(MsixTable.vector((int) offset - tableFrom));
            return Done.DONE;
        }
        if (inPba(offset) || model == null) {
            return Done.DONE;
        }
        if (size < model.minAccess()) {
            return Fault.SLAVE_ERROR;
        }
        int piece = Math.min(size, model.maxAccess());
        for (int done = 0; done < size; done += piece) {
            TransactionResult result = model.handler()
                    .write(context, attributes, offset + done, piece, value >>> done * 8 & -1L >>> 64 - piece * 8);
            if (!result.isDone()) {
                return result;
            }
        }
        return Done.DONE;
    }
}
