package dev.backplane.smmuv3.spec;

import static dev.backplane.smmuv3.spec.WordField.bit;
import static dev.backplane.smmuv3.spec.WordField.bits;

import java.util.List;

/** Layout of tables of context descriptors (IHI 0070 sections 5.3 and 5.4). Bit numbers count inside the word. */
public final class ContextTable {

    /** Level 1 context descriptor: 8 bytes. */
    public static final class L1Cd {
        /** Size in bytes. */
        public static final int BYTES = 8;

        /** Valid. */
        public static final WordField V = bit(0, "V", 0);
        /** Level 2 table. */
        public static final WordField L2PTR = bits(0, "L2Ptr", 55, 12);
        /** All fields. */
        public static final List<WordField> FIELDS = List.of(V, L2PTR);

        private L1Cd() {}
    }

    /** Context descriptor: 64 bytes. */
    public static final class Cd {
        /** Size in bytes. */
        public static final int BYTES = 64;

        /** 64 minus the bits of the TTB0 range. */
        public static final WordField T0SZ = bits(0, "T0SZ", 5, 0);
        /** Granule of TTB0: 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB. */
        public static final WordField TG0 = bits(0, "TG0", 7, 6);
        /** Walk inner cacheability of TTB0. */
        public static final WordField IR0 = bits(0, "IR0", 9, 8);
        /** Walk outer cacheability of TTB0. */
        public static final WordField OR0 = bits(0, "OR0", 11, 10);
        /** Walk shareability of TTB0. */
        public static final WordField SH0 = bits(0, "SH0", 13, 12);
        /** TTB0 disabled. */
        public static final WordField EPD0 = bit(0, "EPD0", 14);
        /** Big-endian tables. */
        public static final WordField ENDI = bit(0, "ENDI", 15);
        /** 64 minus the bits of the TTB1 range. */
        public static final WordField T1SZ = bits(0, "T1SZ", 21, 16);
        /** Granule of TTB1: 1 = 16 KiB, 2 = 4 KiB, 3 = 64 KiB. */
        public static final WordField TG1 = bits(0, "TG1", 23, 22);
        /** Walk inner cacheability of TTB1. */
        public static final WordField IR1 = bits(0, "IR1", 25, 24);
        /** Walk outer cacheability of TTB1. */
        public static final WordField OR1 = bits(0, "OR1", 27, 26);
        /** Walk shareability of TTB1. */
        public static final WordField SH1 = bits(0, "SH1", 29, 28);
        /** TTB1 disabled. */
        public static final WordField EPD1 = bit(0, "EPD1", 30);
        /** Valid. */
        public static final WordField V = bit(0, "V", 31);
        /** Intermediate address size, encoded. */
        public static final WordField IPS = bits(0, "IPS", 34, 32);
        /** Access flag faults disabled. */
        public static final WordField AFFD = bit(0, "AFFD", 35);
        /** Write implies execute-never. */
        public static final WordField WXN = bit(0, "WXN", 36);
        /** Unprivileged write implies privileged execute-never (AArch32). */
        public static final WordField UWXN = bit(0, "UWXN", 37);
        /** Top byte ignored in the TTB0 range. */
        public static final WordField TBI0 = bit(0, "TBI0", 38);
        /** Top byte ignored in the TTB1 range. */
        public static final WordField TBI1 = bit(0, "TBI1", 39);
        /** Privileged access never. */
        public static final WordField PAN = bit(0, "PAN", 40);
        /** VMSAv8-64 tables. */
        public static final WordField AA64 = bit(0, "AA64", 41);
        /** Hardware update of dirty state. */
        public static final WordField HD = bit(0, "HD", 42);
        /** Hardware update of the access flag. */
        public static final WordField HA = bit(0, "HA", 43);
        /** Stall on stage 1 faults. */
        public static final WordField S = bit(0, "S", 44);
        /** Record stage 1 faults. */
        public static final WordField R = bit(0, "R", 45);
        /** Abort on stage 1 faults. */
        public static final WordField A = bit(0, "A", 46);
        /** ASID is not shared with CPUs. */
        public static final WordField ASET = bit(0, "ASET", 47);
        /** ASID. */
        public static final WordField ASID = bits(0, "ASID", 63, 48);

        /** Hierarchical attributes disabled in the TTB0 range. */
        public static final WordField HAD0 = bit(1, "HAD0", 1);
        /** Unprivileged access disabled in the TTB0 range. */
        public static final WordField E0PD0 = bit(1, "E0PD0", 2);
        /** Table of the lower range. */
        public static final WordField TTB0 = bits(1, "TTB0", 51, 4);
        /** Hierarchical attributes disabled in the TTB1 range. */
        public static final WordField HAD1 = bit(2, "HAD1", 1);
        /** Unprivileged access disabled in the TTB1 range. */
        public static final WordField E0PD1 = bit(2, "E0PD1", 2);
        /** Table of the upper range. */
        public static final WordField TTB1 = bits(2, "TTB1", 51, 4);
        /** Memory attributes 0 to 7, a byte each. */
        public static final WordField MAIR = bits(3, "MAIR", 63, 0);
        /** Auxiliary memory attributes. */
        public static final WordField AMAIR = bits(4, "AMAIR", 63, 0);

        /** All fields of a CD of a Non-secure stream, in the order of the specification. */
        public static final List<WordField> FIELDS = List.of(
                T0SZ, TG0, IR0, OR0, SH0, EPD0, ENDI, T1SZ, TG1, IR1, OR1, SH1, EPD1, V, IPS, AFFD, WXN, UWXN, TBI0,
                TBI1, PAN, AA64, HD, HA, S, R, A, ASET, ASID, HAD0, E0PD0, TTB0, HAD1, E0PD1, TTB1, MAIR, AMAIR);

        private Cd() {}
    }

    private ContextTable() {}
}
