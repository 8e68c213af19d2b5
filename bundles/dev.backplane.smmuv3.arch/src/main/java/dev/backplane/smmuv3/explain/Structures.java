package dev.backplane.smmuv3.explain;

import dev.backplane.inspect.InspectNode;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.spec.WordField;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Shows STEs and CDs by field: those that the configuration uses, and of the others those that are not zero.
 */
final class Structures {
    private static final Set<WordField> STE_ALWAYS = Set.of(Ste.V, Ste.CONFIG);
    private static final Set<WordField> STE_STAGE1 =
            Set.of(Ste.S1FMT, Ste.S1CONTEXTPTR, Ste.S1CDMAX, Ste.S1DSS, Ste.S1CIR, Ste.S1COR, Ste.S1CSH, Ste.STRW);
    private static final Set<WordField> STE_STAGE2 = Set.of(
            Ste.S2VMID, Ste.S2T0SZ, Ste.S2SL0, Ste.S2TG, Ste.S2PS, Ste.S2AA64, Ste.S2R, Ste.S2TTB);
    private static final Set<WordField> CD_ALWAYS = Set.of(Cd.V, Cd.AA64, Cd.IPS, Cd.ASID, Cd.R, Cd.A, Cd.MAIR);
    private static final Set<WordField> CD_TTB0 = Set.of(Cd.T0SZ, Cd.TG0, Cd.EPD0, Cd.TTB0);
    private static final Set<WordField> CD_TTB1 = Set.of(Cd.T1SZ, Cd.TG1, Cd.EPD1, Cd.TTB1);
    private static final Set<WordField> ADDRESSES = Set.of(Ste.S1CONTEXTPTR, Ste.S2TTB, Cd.TTB0, Cd.TTB1);

    private Structures() {}

    static List<InspectNode> streamTableEntry(long[] words) {
        boolean passes = (Ste.CONFIG.get(words) & 4) != 0;
        boolean stage1 = (Ste.CONFIG.get(words) & 5) == 5;
        boolean stage2 = (Ste.CONFIG.get(words) & 6) == 6;
        return fields(Ste.FIELDS, words, field -> STE_ALWAYS.contains(field)
                || passes && field.equals(Ste.SHCFG)
                || stage1 && STE_STAGE1.contains(field)
                || stage2 && STE_STAGE2.contains(field));
    }

    static List<InspectNode> contextDescriptor(long[] words) {
        boolean ttb0 = !Cd.EPD0.isSet(words);
        boolean ttb1 = !Cd.EPD1.isSet(words);
        return fields(Cd.FIELDS, words, field -> CD_ALWAYS.contains(field)
                || ttb0 && CD_TTB0.contains(field)
                || ttb1 && CD_TTB1.contains(field));
    }

    private static List<InspectNode> fields(List<WordField> fields, long[] words, Predicate<WordField> always) {
        var nodes = new ArrayList<InspectNode>();
        for (WordField field : fields) {
            if (always.test(field) || field.isSet(words)) {
                long value = ADDRESSES.contains(field) ? field.inPlace(words) : field.get(words);
                nodes.add(InspectNode.hex(field.name(), value).withNote(meaning(field, words)));
            }
        }
        return nodes;
    }

    /** Section 5.2: the start level that S2SL0 spells depends on the granule. */
    private static String meaning(WordField field, long[] words) {
        if (!field.equals(Ste.S2SL0)) {
            return Meanings.of(field, field.get(words));
        }
        int encoded = Ste.S2SL0.getInt(words);
        int deepest = Ste.S2TG.get(words) == 0 ? 2 : 3;
        return encoded == 3 ? "reserved" : "start level %d".formatted(deepest - encoded);
    }
}
