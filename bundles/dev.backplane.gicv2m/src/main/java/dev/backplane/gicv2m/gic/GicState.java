package dev.backplane.gicv2m.gic;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import java.util.LinkedHashMap;
import java.util.Map;

/** The saved form of a {@link Gic}, version 1. */
final class GicState {
    private static final int VERSION = 1;
    private static final String[] ARRAYS = {"flags", "priorities", "targets", "sgiSources"};

    private GicState() {}

    static SavedState save(String type, Gic gic) {
        int count = gic.processors.length;
        int[] control = new int[count];
        int[] mask = new int[count];
        int[] point = new int[count];
        int[] aliasedPoint = new int[count];
        int[] active = new int[count * 8];
        for (int i = 0; i < count; i++) {
            CpuInterfaceState processor = gic.processors[i];
            control[i] = processor.control;
            mask[i] = processor.priorityMask;
            point[i] = processor.binaryPoint;
            aliasedPoint[i] = processor.aliasedBinaryPoint;
            System.arraycopy(processor.active[0], 0, active, i * 8, 4);
            System.arraycopy(processor.active[1], 0, active, i * 8 + 4, 4);
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("processors", count);
        fields.put("interrupts", gic.states.interrupts);
        fields.put("GICD_CTLR", gic.distributor.control());
        byte[][] arrays = gic.states.save();
        for (int i = 0; i < ARRAYS.length; i++) {
            fields.put(ARRAYS[i], arrays[i]);
        }
        fields.put("GICC_CTLR", control);
        fields.put("GICC_PMR", mask);
        fields.put("GICC_BPR", point);
        fields.put("GICC_ABPR", aliasedPoint);
        fields.put("activePriorities", active);
        return new SavedState(type, VERSION, fields);
    }

    static void restore(String type, SavedState state, Gic gic) throws RestoreException {
        state.require(type, VERSION);
        int count = gic.processors.length;
        require("processors", state.getLong("processors"), count);
        require("interrupts", state.getLong("interrupts"), gic.states.interrupts);
        byte[][] arrays = new byte[ARRAYS.length][];
        for (int i = 0; i < ARRAYS.length; i++) {
            arrays[i] = state.get(ARRAYS[i], byte[].class);
        }
        if (!gic.states.fits(arrays)) {
            throw new RestoreException("state of arm_gic: interrupt arrays do not fit %d interrupts of %d processors"
                    .formatted(gic.states.interrupts, count));
        }
        int[] control = words(state, "GICC_CTLR", count);
        int[] mask = words(state, "GICC_PMR", count);
        int[] point = words(state, "GICC_BPR", count);
        int[] aliasedPoint = words(state, "GICC_ABPR", count);
        int[] active = words(state, "activePriorities", count * 8);
        int distributorControl = (int) state.getLong("GICD_CTLR");

        gic.states.restore(arrays);
        gic.distributor.control(distributorControl);
        for (int i = 0; i < count; i++) {
            CpuInterfaceState processor = gic.processors[i];
            processor.control = control[i] & GiccRegister.CTLR_FIELDS;
            processor.priorityMask = mask[i] & 0xFF;
            processor.binaryPoint(point[i]);
            processor.aliasedBinaryPoint(aliasedPoint[i]);
            System.arraycopy(active, i * 8, processor.active[0], 0, 4);
            System.arraycopy(active, i * 8 + 4, processor.active[1], 0, 4);
        }
    }

    private static void require(String field, long found, long expected) throws RestoreException {
        if (found != expected) {
            throw new RestoreException("state of arm_gic, field %s: %d, this device has %d: set its properties alike"
                    .formatted(field, found, expected));
        }
    }

    private static int[] words(SavedState state, String field, int length) throws RestoreException {
        int[] words = state.get(field, int[].class);
        if (words.length != length) {
            throw new RestoreException(
                    "state of arm_gic, field %s: %d values, expected %d".formatted(field, words.length, length));
        }
        return words;
    }
}
