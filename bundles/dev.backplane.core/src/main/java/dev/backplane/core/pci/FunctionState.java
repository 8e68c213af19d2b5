package dev.backplane.core.pci;

import java.util.LinkedHashMap;
import java.util.Map;

/** A function's registers as a snapshot keeps them. */
final class FunctionState {
    private static final String CONFIG = "config";
    private static final String MSIX_TABLE = "msix.table";
    private static final String MSIX_PENDING = "msix.pending";
    private static final String MSI_PENDING = "msi.pending";
    private static final String PIN = "pin";

    private FunctionState() {}

    static Map<String, Object> save(PciFunction function) {
        var saved = new LinkedHashMap<String, Object>();
        saved.put(CONFIG, function.registers().config().save());
        saved.put(PIN, function.pin().isAsserted());
        if (function.registers().msi() != null) {
            saved.put(MSI_PENDING, function.registers().msi().pending());
        }
        if (function.registers().msix() != null) {
            saved.put(MSIX_TABLE, function.registers().msix().saveTable());
            saved.put(MSIX_PENDING, function.registers().msix().savePending());
        }
        return saved;
    }

    /** Checks everything, then takes it over. */
    static void restore(PciFunction function, Map<String, ?> saved) {
        byte[] config = field(function, saved, CONFIG, byte[].class);
        boolean pin = field(function, saved, PIN, Boolean.class);
        checkLength(function, CONFIG, function.registers().config().size(), config.length);
        for (int at = 0; at < 4; at++) {
            if (config[at] != function.layout().template().reset(at)) {
                throw new IllegalArgumentException(
                        "slot %s: saved configuration space is of another function (Vendor and Device ID differ)"
                                .formatted(function.slot()));
            }
        }
        MsixTable msix = function.registers().msix();
        int[] table = null;
        long[] pending = null;
        if (msix != null) {
            table = field(function, saved, MSIX_TABLE, int[].class);
            pending = field(function, saved, MSIX_PENDING, long[].class);
            checkLength(function, MSIX_TABLE, msix.vectors() * 4, table.length);
            checkLength(function, MSIX_PENDING, msix.vectors() + 63 >>> 6, pending.length);
        }
        int msiPending = function.registers().msi() == null ? 0 : field(function, saved, MSI_PENDING, Integer.class);
        function.registers().config().restore(config);
        function.pin().assertPin(pin);
        if (msix != null) {
            msix.restore(table, pending);
        }
        if (function.registers().msi() != null) {
            function.registers().msi().pending(msiPending);
        }
    }

    private static <T> T field(PciFunction function, Map<String, ?> saved, String name, Class<T> type) {
        Object value = saved.get(name);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException("slot %s: saved field %s: expected %s, found %s".formatted(
                    function.slot(),
                    name,
                    type.getSimpleName(),
                    value == null ? "nothing" : value.getClass().getSimpleName()));
        }
        return type.cast(value);
    }

    private static void checkLength(PciFunction function, String name, int expected, int found) {
        if (expected != found) {
            throw new IllegalArgumentException("slot %s: saved field %s: expected %d elements, found %d"
                    .formatted(function.slot(), name, expected, found));
        }
    }
}
