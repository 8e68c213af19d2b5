package dev.backplane.smmuv3.explain;

import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.IdRegisters;
import dev.backplane.smmuv3.spec.StreamTable.L1Std;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.spec.WordField;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongFunction;

/** What the values of STE and CD fields mean, in words (IHI 0070 chapter 5), where they do not speak for themselves. */
final class Meanings {
    private static final Map<WordField, LongFunction<String>> BY_FIELD = new HashMap<>();

    static {
        streamTable();
        streamTableEntryStage2();
        contextDescriptor();
    }

    private Meanings() {}

    /** {@return the meaning of a value, or {@code ""}} */
    static String of(WordField field, long value) {
        LongFunction<String> meaning = BY_FIELD.get(field);
        return meaning == null ? "" : meaning.apply(value);
    }

    private static void streamTable() {
        BY_FIELD.put(L1Std.SPAN, span -> span == 0
                ? "no level-2 table"
                : span > 11 ? "reserved" : "level-2 table of %d STEs".formatted(1L << (span - 1)));
        flag(Ste.V, "valid", "invalid");
        choice(Ste.CONFIG, "abort", "abort", "abort", "abort", "bypass", "stage 1 translates, stage 2 bypassed",
                "stage 1 bypassed, stage 2 translates", "stage 1 and stage 2 translate");
        choice(Ste.S1FMT, "linear CD table", "two levels, 4 KiB leaves of 64 CDs",
                "two levels, 64 KiB leaves of 1024 CDs", "reserved");
        BY_FIELD.put(Ste.S1CDMAX, bits -> bits == 0 ? "one CD, no SubstreamIDs" : "%d CDs".formatted(1L << bits));
        choice(Ste.S1DSS, "without SubstreamID: terminated", "without SubstreamID: stage 1 bypassed",
                "without SubstreamID: CD 0", "reserved");
        cacheability(Ste.S1CIR, "CD fetches, inner");
        cacheability(Ste.S1COR, "CD fetches, outer");
        shareability(Ste.S1CSH, "CD fetches");
        flag(Ste.MEV, "events may be merged", "every event is recorded");
        flag(Ste.S1STALLD, "stage 1 does not stall", "stage 1 may stall");
        choice(Ste.EATS, "ATS requests are refused", "full ATS", "split-stage ATS", "ATS with DPT");
        choice(Ste.STRW, "NS-EL1", "reserved", "EL2", "reserved");
        flag(Ste.MTCFG, "MemAttr replaces the incoming memory type", "incoming memory type");
        choice(Ste.SHCFG, "non-shareable", "incoming shareability", "outer shareable", "inner shareable");
        choice(Ste.PRIVCFG, "incoming privilege", "incoming privilege", "unprivileged", "privileged");
        choice(Ste.INSTCFG, "incoming", "incoming", "data", "instruction");
        flag(Ste.S2FWB, "stage 2 forces write-back", "stage-2 attributes combine with those of stage 1");
    }

    private static void streamTableEntryStage2() {
        BY_FIELD.put(Ste.S2T0SZ, size -> "IPAs of %d bits".formatted(64 - size));
        cacheability(Ste.S2IR0, "walks, inner");
        cacheability(Ste.S2OR0, "walks, outer");
        shareability(Ste.S2SH0, "walks");
        choice(Ste.S2TG, "4 KiB granule", "64 KiB granule", "16 KiB granule", "reserved granule");
        addressSize(Ste.S2PS);
        flag(Ste.S2AA64, "VMSAv8-64 tables", "VMSAv8-32 tables");
        flag(Ste.S2ENDI, "big-endian tables", "little-endian tables");
        flag(Ste.S2AFFD, "no access flag faults", "access flag faults");
        flag(Ste.S2PTW, "stage-1 walks through Device memory fault", "stage-1 walks may go through Device memory");
        flag(Ste.S2S, "faults stall", "faults terminate");
        flag(Ste.S2R, "faults are recorded", "faults are not recorded");
    }

    private static void contextDescriptor() {
        flag(Cd.V, "valid", "invalid");
        BY_FIELD.put(Cd.T0SZ, size -> "TTB0 translates %d bits".formatted(64 - size));
        BY_FIELD.put(Cd.T1SZ, size -> "TTB1 translates %d bits".formatted(64 - size));
        choice(Cd.TG0, "4 KiB granule", "64 KiB granule", "16 KiB granule", "reserved granule");
        choice(Cd.TG1, "reserved granule", "16 KiB granule", "4 KiB granule", "64 KiB granule");
        cacheability(Cd.IR0, "TTB0 walks, inner");
        cacheability(Cd.OR0, "TTB0 walks, outer");
        shareability(Cd.SH0, "TTB0 walks");
        cacheability(Cd.IR1, "TTB1 walks, inner");
        cacheability(Cd.OR1, "TTB1 walks, outer");
        shareability(Cd.SH1, "TTB1 walks");
        flag(Cd.EPD0, "TTB0 is disabled", "TTB0 is walked");
        flag(Cd.EPD1, "TTB1 is disabled", "TTB1 is walked");
        flag(Cd.ENDI, "big-endian tables", "little-endian tables");
        addressSize(Cd.IPS);
        flag(Cd.AFFD, "no access flag faults", "access flag faults");
        flag(Cd.WXN, "writable means execute-never", "");
        flag(Cd.TBI0, "top byte ignored in the TTB0 range", "");
        flag(Cd.TBI1, "top byte ignored in the TTB1 range", "");
        flag(Cd.PAN, "privileged access never to unprivileged pages", "");
        flag(Cd.AA64, "VMSAv8-64 tables", "VMSAv8-32 tables");
        flag(Cd.S, "faults stall", "faults terminate");
        flag(Cd.R, "faults are recorded", "faults are not recorded");
        flag(Cd.A, "faults abort", "faults read as zero and ignore writes");
        flag(Cd.ASET, "ASID is not shared with CPUs", "ASID is shared with CPUs");
        flag(Cd.HAD0, "hierarchical attributes disabled for TTB0", "");
        flag(Cd.HAD1, "hierarchical attributes disabled for TTB1", "");
    }

    private static void flag(WordField field, String whenSet, String whenClear) {
        BY_FIELD.put(field, value -> value != 0 ? whenSet : whenClear);
    }

    private static void choice(WordField field, String... meanings) {
        BY_FIELD.put(field, value -> meanings[(int) value]);
    }

    private static void cacheability(WordField field, String of) {
        choice(field, of + ": non-cacheable", of + ": write-back, write-allocate", of + ": write-through",
                of + ": write-back, no write-allocate");
    }

    private static void shareability(WordField field, String of) {
        choice(field, of + ": non-shareable", of + ": reserved", of + ": outer shareable", of + ": inner shareable");
    }

    private static void addressSize(WordField field) {
        BY_FIELD.put(field, encoded -> "outputs of %d bits".formatted(IdRegisters.addressBits((int) encoded)));
    }
}
