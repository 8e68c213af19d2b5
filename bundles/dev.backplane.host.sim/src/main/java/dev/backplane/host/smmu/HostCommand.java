package dev.backplane.host.smmu;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;

import dev.backplane.register.BitField;

/** Commands of an SMMU as words, as far as the host sends or changes them (IHI 0070 chapter 4). */
public final class HostCommand {
    /** CMD_CFGI_STE. */
    public static final int CFGI_STE = 0x03;

    /** CMD_CFGI_STE_RANGE; with Range 31 CMD_CFGI_ALL. */
    public static final int CFGI_STE_RANGE = 0x04;

    /** CMD_CFGI_CD. */
    public static final int CFGI_CD = 0x05;

    /** CMD_CFGI_CD_ALL. */
    public static final int CFGI_CD_ALL = 0x06;

    /** CMD_TLBI_NH_ALL. */
    public static final int TLBI_NH_ALL = 0x10;

    /** CMD_TLBI_NH_ASID. */
    public static final int TLBI_NH_ASID = 0x11;

    /** CMD_TLBI_NH_VA. */
    public static final int TLBI_NH_VA = 0x12;

    /** CMD_TLBI_NH_VAA. */
    public static final int TLBI_NH_VAA = 0x13;

    /** CMD_TLBI_S12_VMALL. */
    public static final int TLBI_S12_VMALL = 0x28;

    /** CMD_TLBI_NSNH_ALL. */
    public static final int TLBI_NSNH_ALL = 0x30;

    /** CMD_ATC_INV. */
    public static final int ATC_INV = 0x40;

    /** CMD_SYNC. */
    public static final int SYNC = 0x46;

    /** Bits 7:0. */
    public static final BitField OPCODE = bits("Opcode", 7, 0);

    /** Of CMD_ATC_INV: all SubstreamIDs. */
    public static final BitField GLOBAL = bit("Global", 9);

    /** SubstreamID valid. */
    public static final BitField SSV = bit("SSV", 11);

    /** SubstreamID. */
    public static final BitField SUBSTREAM_ID = bits("SubstreamID", 31, 12);

    /** StreamID. */
    public static final BitField STREAM_ID = bits("StreamID", 63, 32);

    /** Of range invalidations. */
    public static final BitField NUM = bits("NUM", 16, 12);

    /** Of range invalidations. */
    public static final BitField SCALE = bits("SCALE", 24, 20);

    /** VMID. */
    public static final BitField VMID = bits("VMID", 47, 32);

    /** ASID. */
    public static final BitField ASID = bits("ASID", 63, 48);

    /** Second word of TLBI and CFGI commands: only the last level. */
    public static final BitField LEAF = bit("Leaf", 0);

    /** Second word of range invalidations. */
    public static final BitField TTL = bits("TTL", 9, 8);

    /** Second word of range invalidations. */
    public static final BitField TG = bits("TG", 11, 10);

    /** Second word: address. */
    public static final BitField ADDRESS = bits("Address", 63, 12);

    /** Second word of CMD_ATC_INV: log2 of the pages; 52 names everything. */
    public static final BitField ATC_SIZE = bits("Size", 5, 0);

    /** {@link #ATC_SIZE} that names the whole address space. */
    public static final int ATC_ALL = 52;

    /** Range of CMD_CFGI_STE_RANGE that names all StreamIDs. */
    static final int RANGE_ALL = 31;

    private HostCommand() {}

    /** {@return the first word of a command that names a stream} */
    public static long ofStream(int opcode, int streamId) {
        return STREAM_ID.with(opcode, streamId);
    }

    /** {@return the first word of a command that names a VMID} */
    public static long ofVmid(int opcode, int vmid) {
        return VMID.with(opcode, vmid);
    }
}
