package dev.backplane.host.pci;

import dev.backplane.register.BitField;

/** Registers of a DMA engine in BAR0, by offset; 32 bits each, pairs make 64 bits. */
final class EngineRegister {
    /** Reads as {@link #ID_VALUE}. */
    static final int ID = 0x00;
    /** "BPDM". */
    static final int ID_VALUE = 0x4D44_5042;
    /** Source address of a copy. */
    static final int SOURCE = 0x08;
    /** Destination address. */
    static final int DESTINATION = 0x10;
    /** Bytes to move, 0 to 16 MiB. */
    static final int LENGTH = 0x18;
    /** What a fill writes, repeatedly, by words of 32 bits. */
    static final int PATTERN = 0x1C;
    /** Starts work; 0 stops it. */
    static final int COMMAND = 0x20;
    /** State; ones clear DONE and ERROR. */
    static final int STATUS = 0x24;
    /** MSI-X vector that the end of a transfer sends. */
    static final int VECTOR = 0x28;
    /** 1 while the pin is asserted; writing 1 deasserts it. */
    static final int PIN = 0x2C;
    /** Bytes that were moved. */
    static final int BYTES = 0x30;
    /** Accesses that failed. */
    static final int ERRORS = 0x38;
    /** Transfers that ended well. */
    static final int TRANSFERS = 0x40;
    /** PASID of its accesses. */
    static final int PASID = 0x48;
    /** Messages that arrived. */
    static final int MESSAGES = 0x50;
    /** Messages that did not. */
    static final int LOST_MESSAGES = 0x58;
    /** Bytes of BAR0. */
    static final int BAR_BYTES = 0x1000;
    /** The largest {@link #LENGTH}. */
    static final int MAX_LENGTH = 0x100_0000;

    /** COMMAND: 1 copy, 2 fill, 3 interrupt only. */
    static final BitField OPERATION = BitField.bits("OPERATION", 1, 0);
    /** COMMAND: begin again at each end. */
    static final BitField CONTINUOUS = BitField.bit("CONTINUOUS", 4);
    /** COMMAND: interrupt at each end. */
    static final BitField INTERRUPT = BitField.bit("INTERRUPT", 5);
    /** STATUS: at work. */
    static final BitField BUSY = BitField.bit("BUSY", 0);
    /** STATUS: a transfer ended well. */
    static final BitField DONE = BitField.bit("DONE", 1);
    /** STATUS: a transfer ended by an error. */
    static final BitField ERROR = BitField.bit("ERROR", 2);
    /** PASID: the number. */
    static final BitField PASID_NUMBER = BitField.bits("NUMBER", 19, 0);
    /** PASID: accesses carry it. */
    static final BitField PASID_ENABLE = BitField.bit("ENABLE", 31);

    private EngineRegister() {}
}
