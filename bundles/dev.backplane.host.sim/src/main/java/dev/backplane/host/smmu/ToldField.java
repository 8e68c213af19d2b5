package dev.backplane.host.smmu;

import dev.backplane.register.BitField;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.spec.IdRegisters.Idr5;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A field of an ID register about which the host tells something else than its SMMUs have, so that guests meet hosts
 * which are not simulated. Immutable.
 *
 * @param register number of the register: 0, 1, 3 or 5
 * @param field the field
 * @param value what is told, fitting into the field
 */
public record ToldField(int register, BitField field, int value) {
    private static final Pattern TEXT = Pattern.compile("IDR([0135])\\.([A-Z0-9_]+)=(\\d{1,3})");

    /** What IOMMU_GET_HW_INFO promises, by register. */
    private static final Map<Integer, List<BitField>> FIELDS = new TreeMap<>(Map.of(
            0, List.of(Idr0.ST_LEVEL, Idr0.TERM_MODEL, Idr0.STALL_MODEL, Idr0.TTENDIAN, Idr0.CD2L, Idr0.ASID16,
                    Idr0.TTF),
            1, List.of(Idr1.SIDSIZE, Idr1.SSIDSIZE),
            3, List.of(Idr3.BBML, Idr3.RIL),
            5, List.of(Idr5.VAX, Idr5.GRAN64K, Idr5.GRAN16K, Idr5.GRAN4K)));

    /** {@return the fields of a register that a host promises to tell, none for a register without such fields} */
    public static List<BitField> promised(int register) {
        return FIELDS.getOrDefault(register, List.of());
    }

    /**
     * Reads one as users write it, for example {@code IDR0.TTENDIAN=3}.
     *
     * @throws IllegalArgumentException if it is not of that form, names no promised field, or the value does not fit
     */
    public static ToldField parse(String text) {
        Matcher match = TEXT.matcher(text.strip());
        if (match.matches()) {
            int register = Integer.parseInt(match.group(1));
            int value = Integer.parseInt(match.group(3));
            for (BitField field : promised(register)) {
                if (field.name().equals(match.group(2)) && value < 1 << field.width()) {
                    return new ToldField(register, field, value);
                }
            }
        }
        throw new IllegalArgumentException("told: '%s' is none: expected REGISTER.FIELD=VALUE, REGISTER.FIELD one of %s"
                .formatted(text, String.join(", ", names())));
    }

    private static List<String> names() {
        var names = new ArrayList<String>();
        FIELDS.forEach((register, fields) ->
                fields.forEach(field -> names.add("IDR%d.%s".formatted(register, field.name()))));
        return names;
    }

    /** {@return a register with this field in it} */
    public int in(int word) {
        return (int) field.with(word & 0xFFFF_FFFFL, value);
    }
}
