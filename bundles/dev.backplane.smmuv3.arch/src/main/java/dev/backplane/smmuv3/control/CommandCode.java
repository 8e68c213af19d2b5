package dev.backplane.smmuv3.control;

import dev.backplane.register.BitField;
import java.util.List;
import java.util.function.Predicate;

/**
 * The commands of the architecture (IHI 0070 section 4.1.1): opcode, operands, and what the ID registers must show for
 * the command to be legal in a non-secure queue.
 */
public enum CommandCode {
    /** Fetch a configuration ahead of its use. */
    PREFETCH_CONFIG(0x01, Rule.ALWAYS, Fields.STREAM_SUBSTREAM, List.of()),
    /** Fetch a translation ahead of its use. */
    PREFETCH_ADDR(
            0x02,
            Rule.ALWAYS,
            Fields.STREAM_SUBSTREAM,
            List.of(Command.PREFETCH_SIZE, Command.STRIDE, Command.ADDRESS)),
    /** Drop an STE and what was derived from it. */
    CFGI_STE(0x03, Rule.ALWAYS, Fields.STREAM, List.of(Command.LEAF)),
    /** Drop the STEs of a range of StreamIDs; all of them is CMD_CFGI_ALL. */
    CFGI_STE_RANGE(0x04, Rule.ALWAYS, Fields.STREAM, List.of(Command.RANGE)),
    /** Drop a CD. */
    CFGI_CD(
            0x05,
            Rule.ALWAYS,
            List.of(Command.SSEC, Command.SUBSTREAM_ID, Command.STREAM_ID),
            List.of(Command.LEAF)),
    /** Drop all CDs of a StreamID. */
    CFGI_CD_ALL(0x06, Rule.ALWAYS, Fields.STREAM, List.of()),
    /** Drop the VMS of a VMID; needs MPAM. */
    CFGI_VMS_PIDM(0x07, Rule.MPAM, List.of(Command.SSEC, Command.VMID), List.of()),
    /** Drop the NS-EL1 stage-1 entries of a VMID. */
    TLBI_NH_ALL(0x10, Rule.STAGE_1, List.of(Command.VMID), List.of()),
    /** Drop the NS-EL1 stage-1 entries of an ASID. */
    TLBI_NH_ASID(0x11, Rule.STAGE_1, List.of(Command.VMID, Command.ASID), List.of()),
    /** Drop the NS-EL1 stage-1 entries of a range of addresses and an ASID. */
    TLBI_NH_VA(
            0x12,
            Rule.STAGE_1,
            List.of(Command.NUM, Command.SCALE, Command.VMID, Command.ASID),
            Fields.RANGE_ADDRESS),
    /** Drop the NS-EL1 stage-1 entries of a range of addresses, whatever the ASID. */
    TLBI_NH_VAA(0x13, Rule.STAGE_1, List.of(Command.NUM, Command.SCALE, Command.VMID), Fields.RANGE_ADDRESS),
    /** EL3 entries; legal in the Secure queue only. */
    TLBI_EL3_ALL(0x18, Rule.SECURE, List.of(), List.of()),
    /** EL3 entries; legal in the Secure queue only. */
    TLBI_EL3_VA(0x1A, Rule.SECURE, List.of(Command.NUM, Command.SCALE), Fields.RANGE_ADDRESS),
    /** All EL2 entries. */
    TLBI_EL2_ALL(0x20, Rule.HYPERVISOR, List.of(), List.of()),
    /** EL2 entries of an ASID. */
    TLBI_EL2_ASID(0x21, Rule.HYPERVISOR, List.of(Command.ASID), List.of()),
    /** EL2 entries of a range of addresses and an ASID. */
    TLBI_EL2_VA(
            0x22, Rule.HYPERVISOR, List.of(Command.NUM, Command.SCALE, Command.ASID), Fields.RANGE_ADDRESS),
    /** EL2 entries of a range of addresses. */
    TLBI_EL2_VAA(0x23, Rule.HYPERVISOR, List.of(Command.NUM, Command.SCALE), Fields.RANGE_ADDRESS),
    /** Drop the entries of both stages of a VMID. */
    TLBI_S12_VMALL(0x28, Rule.STAGE_2, List.of(Command.VMID), List.of()),
    /** Drop the stage-2 entries of a range of IPAs. */
    TLBI_S2_IPA(
            0x2A,
            Rule.STAGE_2,
            List.of(Command.NUM, Command.SCALE, Command.VMID),
            List.of(Command.LEAF, Command.TTL, Command.TG, Command.IPA)),
    /** Drop all Non-secure, non-Hyp entries of every VMID. */
    TLBI_NSNH_ALL(0x30, Rule.ALWAYS, List.of(), List.of()),
    /** Invalidate an endpoint's ATC; needs ATS. */
    ATC_INV(
            0x40,
            Rule.ATS,
            List.of(Command.GLOBAL, Command.SSEC, Command.SSV, Command.SUBSTREAM_ID, Command.STREAM_ID),
            List.of(Command.ATC_SIZE, Command.ADDRESS)),
    /** Answer a page request; needs PRI. */
    PRI_RESP(0x41, Rule.PRI, Fields.STREAM_SUBSTREAM, List.of(Command.PRG_INDEX, Command.RESP)),
    /** Resume a stalled transaction; needs the stall model. */
    RESUME(
            0x44,
            Rule.STALL,
            List.of(Command.SSEC, Command.AC, Command.AB, Command.STREAM_ID),
            List.of(Command.STAG)),
    /** Terminate all stalled transactions of a StreamID; needs the stall model. */
    STALL_TERM(0x45, Rule.STALL, Fields.STREAM, List.of()),
    /** Wait until everything before it is complete, then signal. */
    SYNC(
            0x46,
            Rule.ALWAYS,
            List.of(Command.CS, Command.MSH, Command.MSI_ATTR, Command.MSI_DATA),
            List.of(Command.MSI_ADDRESS));

    private static final CommandCode[] BY_OPCODE = new CommandCode[256];

    static {
        for (CommandCode code : values()) {
            BY_OPCODE[code.opcode] = code;
        }
    }

    private final int opcode;
    private final Predicate<SmmuIdentity> rule;
    private final List<BitField> lowFields;
    private final List<BitField> highFields;

    CommandCode(int opcode, Predicate<SmmuIdentity> rule, List<BitField> lowFields, List<BitField> highFields) {
        this.opcode = opcode;
        this.rule = rule;
        this.lowFields = lowFields;
        this.highFields = highFields;
    }

    /** {@return bits 7:0 of the command} */
    public int opcode() {
        return opcode;
    }

    /** {@return the command with an opcode, or null when the opcode is reserved or of another queue} */
    static CommandCode of(int opcode) {
        return BY_OPCODE[opcode & 0xFF];
    }

    /** {@return whether an SMMU that shows these ID registers takes the command in its non-secure queue} */
    public boolean isLegal(SmmuIdentity id) {
        return rule.test(id);
    }

    /** {@return whether the command names addresses, with TG, TTL, NUM and SCALE} */
    boolean isByAddress() {
        return highFields.contains(Command.TG);
    }

    List<BitField> lowFields() {
        return lowFields;
    }

    List<BitField> highFields() {
        return highFields;
    }

    /** What the ID registers must show (an enum's constants cannot use its own static fields). */
    private static final class Rule {
        static final Predicate<SmmuIdentity> ALWAYS = id -> true;
        static final Predicate<SmmuIdentity> STAGE_1 = SmmuIdentity::stage1;
        static final Predicate<SmmuIdentity> STAGE_2 = SmmuIdentity::stage2;
        static final Predicate<SmmuIdentity> HYPERVISOR = SmmuIdentity::hypervisor;
        static final Predicate<SmmuIdentity> ATS = SmmuIdentity::ats;
        static final Predicate<SmmuIdentity> PRI = SmmuIdentity::pageRequests;
        static final Predicate<SmmuIdentity> STALL = SmmuIdentity::stalls;
        static final Predicate<SmmuIdentity> MPAM = SmmuIdentity::mpam;
        static final Predicate<SmmuIdentity> SECURE = id -> false;
    }

    private static final class Fields {
        static final List<BitField> STREAM = List.of(Command.SSEC, Command.STREAM_ID);
        static final List<BitField> STREAM_SUBSTREAM =
                List.of(Command.SSEC, Command.SSV, Command.SUBSTREAM_ID, Command.STREAM_ID);
        static final List<BitField> RANGE_ADDRESS =
                List.of(Command.LEAF, Command.TTL, Command.TG, Command.ADDRESS);
    }
}
