package dev.backplane.gicv3.its;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.gicv3.table.TableMemory;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.irq.LpiController;
import dev.backplane.irq.MsiController;
import dev.backplane.irq.MsiInspection;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A GICv3 interrupt translation service (IHI 0069, chapter 5): physical interrupts, GITS_TYPER.PTA and SEIS 0. It keeps
 * its tables in guest memory, so they go with the memory when the state is saved.
 */
public final class Its implements PlatformDevice, MsiController, MsiInspection, Inspectable, MmioHandler {
    /** Device type. */
    public static final String TYPE = "arm-gicv3-its";

    /** Properties of the device type. */
    public static final List<PropertyDescriptor> PROPERTIES = List.of(
            PropertyDescriptor.of("parent-gic", PropertyType.LINK, "", "slot of the GICv3 that takes the LPIs"),
            PropertyDescriptor.of(
                    MsiController.ROOT_BUS,
                    PropertyType.LINK,
                    "",
                    "root bus that it serves; empty: those that no other MSI controller names"),
            PropertyDescriptor.of(
                    "hardware-collections",
                    PropertyType.UINT32,
                    0L,
                    "collections that the ITS holds without memory (GITS_TYPER.HCC), 0 to 255"));

    private static final int STATE_VERSION = 1;
    private static final String REGION = "its";
    private static final long SIZE = 0x20000;
    private static final int TRANSLATION_FRAME = 0x10000;
    private static final long TRANSLATER = 0x10040;

    private final int hardwareCollections;
    private final PlatformDescription description =
            new PlatformDescription(List.of(new MmioRegion(REGION, SIZE, 1, 8, true, this)), List.of());
    private DeviceContext board;
    private ItsErrors errors;
    private ItsTables tables;
    private TranslationCache cache;
    private Translator translator;
    private CommandExecutor executor;
    private ControlFrame control;
    private ItsInspection inspection;

    /**
     * Makes an ITS.
     *
     * @throws IllegalArgumentException if {@code hardware-collections} is out of range
     */
    public Its(DeviceProperties properties) {
        long collections = properties.number("hardware-collections");
        if (collections > 255) {
            throw new IllegalArgumentException(
                    "%s: property hardware-collections: %d does not fit: expected 0 to 255"
                            .formatted(TYPE, collections));
        }
        hardwareCollections = (int) collections;
    }

    @Override
    public PlatformDescription describe() {
        return description;
    }

    @Override
    public void realize(DeviceContext context) throws RealizeException {
        LpiController gic = context.linked("parent-gic", LpiController.class)
                .orElseThrow(() -> new RealizeException(
                        "%s in slot %s has no GIC: set property parent-gic to the slot of an arm-gicv3"
                                .formatted(TYPE, context.slot())));
        board = context;
        errors = new ItsErrors(context.log());
        var memory = new TableMemory(context.memory());
        tables = new ItsTables(memory, hardwareCollections);
        cache = new TranslationCache();
        translator = new Translator(tables, cache, gic, errors);
        executor = new CommandExecutor(tables, cache, gic, context.epochs());
        control = new ControlFrame(memory, tables, cache, translator, executor, errors);
        inspection = new ItsInspection(tables);
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        context.data(offset < TRANSLATION_FRAME ? control.read(context, (int) offset, size) : 0);
        return Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        if (offset < TRANSLATION_FRAME) {
            control.write(context, (int) offset, size, value);
        } else if ((offset & -8) == TRANSLATER) {
            if (offset != TRANSLATER || size != 4 && size != 2) {
                errors.count(DropReason.WRONG_SIZE, attributes.requesterId(), (int) value);
            } else if (!attributes.hasRequester()) {
                errors.count(DropReason.NO_DEVICE_ID, attributes.requesterId(), (int) value);
            } else {
                translator.deliver(context, attributes.requesterId(), value);
            }
        }
        return Done.DONE;
    }

    @Override
    public Doorbell doorbell() {
        return new Doorbell(REGION, TRANSLATER, "GITS_TRANSLATER");
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        if (phase == ResetPhase.ENTER) {
            control.reset();
        }
    }

    @Override
    public void quiesce() {
        // Commands are executed within the accesses that start them.
    }

    @Override
    public void resume() {
        control.resume(board.epochs().context());
    }

    @Override
    public void unrealize() {
        // holds nothing
    }

    @Override
    public SavedState save() {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("registers", control.save());
        fields.put("generation", executor.generation());
        fields.put("hardware-collections", tables.saveHardwareCollections());
        fields.put("errors", errors.save());
        return new SavedState(TYPE, STATE_VERSION, fields);
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        state.require(TYPE, STATE_VERSION);
        long[] collections = state.get("hardware-collections", long[].class);
        if (collections.length != hardwareCollections) {
            throw new RestoreException(
                    "state of %s, field hardware-collections: %d elements: expected %d, as the property"
                            .formatted(TYPE, collections.length, hardwareCollections));
        }
        long generation = state.getLong("generation");
        Map<?, ?> counts = state.get("errors", Map.class);
        control.restore(new SavedState(TYPE + ".registers", 1, registers(state)));
        tables.restoreHardwareCollections(collections);
        executor.setGeneration(generation);
        errors.restore(counts);
    }

    /** {@return the group of register words; names are the keys of every map in a saved state} */
    @SuppressWarnings("unchecked")
    private static Map<String, Object> registers(SavedState state) throws RestoreException {
        return (Map<String, Object>) state.get("registers", Map.class);
    }

    @Override
    public Route route(int deviceId, int eventId) {
        return inspection.route(board.epochs().context(), translator.isEnabled(), deviceId, eventId);
    }

    @Override
    public InspectNode devices() {
        return inspection.devices(board.epochs().context());
    }

    @Override
    public InspectNode commands() {
        return control.commands(board.epochs().context());
    }

    @Override
    public InspectNode errors() {
        return errors.inspect();
    }

    @Override
    public InspectNode inspect() {
        return InspectNode.group(TYPE, List.of(
                control.inspect(), InspectNode.number("cached translations", cache.size()), errors.inspect()));
    }
}
