package dev.backplane.smmuv3.control;

import dev.backplane.inspect.InspectNode;
import dev.backplane.register.BitField;
import java.util.ArrayList;
import java.util.Optional;

/**
 * A command as it lies in the queue: 128 bits, little-endian (IHI 0070 chapter 4). Immutable.
 *
 * @param low bits 63:0
 * @param high bits 127:64
 */
public record Command(long low, long high) {
    // Bits 63:0.
    static final BitField OPCODE = BitField.bits("Opcode", 7, 0);
    static final BitField SSEC = BitField.bit("SSec", 10);
    static final BitField SSV = BitField.bit("SSV", 11);
    static final BitField SUBSTREAM_ID = BitField.bits("SubstreamID", 31, 12);
    static final BitField STREAM_ID = BitField.bits("StreamID", 63, 32);
    static final BitField VMID = BitField.bits("VMID", 47, 32);
    static final BitField ASID = BitField.bits("ASID", 63, 48);
    static final BitField NUM = BitField.bits("NUM", 16, 12);
    /** Bit 25 belongs to it with IDR5.DS = 1 only. */
    static final BitField SCALE = BitField.bits("SCALE", 24, 20);
    static final BitField GLOBAL = BitField.bit("Global", 9);
    static final BitField AC = BitField.bit("Ac", 12);
    static final BitField AB = BitField.bit("Ab", 13);
    static final BitField CS = BitField.bits("CS", 13, 12);
    static final BitField MSH = BitField.bits("MSH", 23, 22);
    static final BitField MSI_ATTR = BitField.bits("MSIAttr", 27, 24);
    static final BitField MSI_DATA = BitField.bits("MSIData", 63, 32);
    // Bits 127:64; the manual counts them from 64.
    static final BitField LEAF = BitField.bit("Leaf", 0);
    static final BitField RANGE = BitField.bits("Range", 4, 0);
    static final BitField PREFETCH_SIZE = BitField.bits("Size", 4, 0);
    static final BitField STRIDE = BitField.bits("Stride", 9, 5);
    static final BitField TTL = BitField.bits("TTL", 9, 8);
    static final BitField TG = BitField.bits("TG", 11, 10);
    static final BitField ADDRESS = BitField.bits("Address", 63, 12);
    static final BitField IPA = BitField.bits("IPA", 51, 12);
    static final BitField ATC_SIZE = BitField.bits("Size", 5, 0);
    static final BitField PRG_INDEX = BitField.bits("PRGIndex", 8, 0);
    static final BitField RESP = BitField.bits("Resp", 13, 12);
    static final BitField STAG = BitField.bits("STAG", 15, 0);
    static final BitField MSI_ADDRESS = BitField.bits("MSIAddress", 55, 2);

    /** The Range of CMD_CFGI_STE_RANGE that means all StreamIDs (CMD_CFGI_ALL). */
    static final int RANGE_ALL = 31;

    /** {@return what the opcode means, or empty when it is reserved} */
    public Optional<CommandCode> code() {
        return Optional.ofNullable(CommandCode.of(OPCODE.getInt(low)));
    }

    /** {@return the StreamID of a command that has one} */
    public int streamId() {
        return (int) STREAM_ID.get(low);
    }

    /** {@return the SubstreamID of a command that has one, 0 to 0xFFFFF} */
    public int substreamId() {
        return SUBSTREAM_ID.getInt(low);
    }

    /** {@return Range of a CMD_CFGI_STE_RANGE: the low Range + 1 bits of the StreamID do not count; 31 means all} */
    public int range() {
        return RANGE.getInt(high);
    }

    /** {@return the command's name as the manual spells it, without {@code CMD_}} */
    public String name() {
        CommandCode code = CommandCode.of(OPCODE.getInt(low));
        if (code == null) {
            return "reserved opcode 0x%02x".formatted(OPCODE.getInt(low));
        }
        return code == CommandCode.CFGI_STE_RANGE && RANGE.get(high) == RANGE_ALL ? "CFGI_ALL" : code.name();
    }

    /** {@return the command with its operands by name} */
    public InspectNode inspect() {
        var fields = new ArrayList<InspectNode>();
        CommandCode code = CommandCode.of(OPCODE.getInt(low));
        if (code != null) {
            code.lowFields().forEach(field -> fields.add(value(field, low)));
            code.highFields().forEach(field -> fields.add(value(field, high)));
        }
        return new InspectNode(name(), "0x%016x 0x%016x".formatted(low, high), "", fields);
    }

    private static InspectNode value(BitField field, long word) {
        boolean address = field == ADDRESS || field == IPA || field == MSI_ADDRESS;
        return InspectNode.hex(field.name(), address ? field.inPlace(word) : field.get(word));
    }
}
