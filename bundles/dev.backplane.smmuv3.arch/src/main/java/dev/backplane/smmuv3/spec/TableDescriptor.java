package dev.backplane.smmuv3.spec;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;

import dev.backplane.register.BitField;
import java.util.List;

/** Layout of VMSAv8-64 translation table descriptors (DDI 0487, section D8.3). */
public final class TableDescriptor {
    /** Valid. */
    public static final BitField VALID = bit("Valid", 0);
    /** Table at levels 0 to 2, page at level 3; 0 = block at levels that have blocks. */
    public static final BitField TYPE = bit("Type", 1);
    /** Next table or output address, bits [47:12]; the granule decides how many low bits count. */
    public static final BitField ADDRESS = bits("Address", 47, 12);
    /** Address bits [51:48] with the 64 KiB granule and 52-bit addresses. */
    public static final BitField ADDRESS_HIGH = bits("Address[51:48]", 15, 12);

    /** Stage 1 leaf: index of the memory attributes in MAIR. */
    public static final BitField ATTR_INDX = bits("AttrIndx", 4, 2);
    /** Stage 1 leaf: AP[1], unprivileged access allowed. */
    public static final BitField AP1 = bit("AP[1]", 6);
    /** Stage 1 leaf: AP[2], read-only. */
    public static final BitField AP2 = bit("AP[2]", 7);
    /** Leaf: shareability. */
    public static final BitField SH = bits("SH", 9, 8);
    /** Leaf: access flag. */
    public static final BitField AF = bit("AF", 10);
    /** Stage 1 leaf: not global. */
    public static final BitField NG = bit("nG", 11);
    /** Leaf: dirty bit modifier. */
    public static final BitField DBM = bit("DBM", 51);
    /** Leaf: hint that neighbours form one larger mapping. */
    public static final BitField CONTIGUOUS = bit("Contiguous", 52);
    /** Stage 1 leaf: privileged execute never. */
    public static final BitField PXN = bit("PXN", 53);
    /** Stage 1 leaf: unprivileged execute never. */
    public static final BitField UXN = bit("UXN", 54);

    /** Stage 1 table: privileged execute never below. */
    public static final BitField PXN_TABLE = bit("PXNTable", 59);
    /** Stage 1 table: unprivileged execute never below. */
    public static final BitField UXN_TABLE = bit("UXNTable", 60);
    /** Stage 1 table: APTable[0], no unprivileged access below. */
    public static final BitField AP_TABLE0 = bit("APTable[0]", 61);
    /** Stage 1 table: APTable[1], no writes below. */
    public static final BitField AP_TABLE1 = bit("APTable[1]", 62);

    /** Stage 2 leaf: memory attributes. */
    public static final BitField MEMATTR = bits("MemAttr", 5, 2);
    /** Stage 2 leaf: S2AP[0], reads allowed. */
    public static final BitField S2AP_READ = bit("S2AP[0]", 6);
    /** Stage 2 leaf: S2AP[1], writes allowed. */
    public static final BitField S2AP_WRITE = bit("S2AP[1]", 7);
    /** Stage 2 leaf: execute never; bit 53 counts with FEAT_XNX only. */
    public static final BitField XN = bits("XN", 54, 53);

    /** Attributes of a stage 1 page or block. */
    public static final List<BitField> STAGE1_LEAF =
            List.of(ATTR_INDX, AP1, AP2, SH, AF, NG, DBM, CONTIGUOUS, PXN, UXN);
    /** Attributes of a stage 2 page or block. */
    public static final List<BitField> STAGE2_LEAF =
            List.of(MEMATTR, S2AP_READ, S2AP_WRITE, SH, AF, DBM, CONTIGUOUS, XN);
    /** Attributes of a stage 1 table. */
    public static final List<BitField> STAGE1_TABLE = List.of(PXN_TABLE, UXN_TABLE, AP_TABLE0, AP_TABLE1);

    private TableDescriptor() {}
}
