package dev.backplane.gicv3.its;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;

import dev.backplane.register.BitField;

/**
 * An ITS command: four doublewords (IHI 0069, chapter 5).
 *
 * @param dw0 DeviceID and opcode
 * @param dw1 EventID and pINTID, or the size of an ITT
 * @param dw2 ICID, RDbase or ITT address, and V
 * @param dw3 second RDbase
 */
record Command(long dw0, long dw1, long dw2, long dw3) {
    /** Bytes of a command in the queue. */
    static final int SIZE = 32;

    private static final BitField OPCODE = bits("opcode", 7, 0);
    private static final BitField DEVICE_ID = bits("DeviceID", 63, 32);
    private static final BitField EVENT_ID = bits("EventID", 31, 0);
    private static final BitField ITT_SIZE = bits("Size", 4, 0);
    private static final BitField PINTID = bits("pINTID", 63, 32);
    private static final BitField ICID = bits("ICID", 15, 0);
    private static final BitField ITT_ADDRESS = bits("ITT_addr", 51, 8);
    private static final BitField RD_BASE = bits("RDbase", 50, 16);
    private static final BitField VALID = bit("V", 63);

    /** The physical commands. */
    enum Opcode {
        MOVI(0x01),
        INT(0x03),
        CLEAR(0x04),
        SYNC(0x05),
        MAPD(0x08),
        MAPC(0x09),
        MAPTI(0x0A),
        MAPI(0x0B),
        INV(0x0C),
        INVALL(0x0D),
        MOVALL(0x0E),
        DISCARD(0x0F);

        private static final Opcode[] BY_CODE = new Opcode[0x10];

        static {
            for (Opcode opcode : values()) {
                BY_CODE[opcode.code] = opcode;
            }
        }

        private final int code;

        Opcode(int code) {
            this.code = code;
        }

        private static Opcode of(int code) {
            return code < BY_CODE.length ? BY_CODE[code] : null;
        }
    }

    /** {@return the command, or null when it is reserved or of GICv4} */
    Opcode opcode() {
        return Opcode.of(OPCODE.getInt(dw0));
    }

    /** {@return the DeviceID, unsigned 32 bits} */
    long deviceId() {
        return DEVICE_ID.get(dw0);
    }

    /** {@return the EventID, unsigned 32 bits} */
    long eventId() {
        return EVENT_ID.get(dw1);
    }

    /** {@return the pINTID of MAPTI, unsigned 32 bits} */
    long pIntid() {
        return PINTID.get(dw1);
    }

    /** {@return number of EventID bits minus 1, of MAPD} */
    int ittSize() {
        return ITT_SIZE.getInt(dw1);
    }

    /** {@return the address of the ITT, multiple of 256, of MAPD} */
    long ittAddress() {
        return ITT_ADDRESS.inPlace(dw2);
    }

    int icid() {
        return ICID.getInt(dw2);
    }

    /** {@return the processor number (GITS_TYPER.PTA is 0)} */
    long rdBase() {
        return RD_BASE.get(dw2);
    }

    /** {@return the processor number that MOVALL moves to} */
    long rdBase2() {
        return RD_BASE.get(dw3);
    }

    boolean valid() {
        return VALID.isSet(dw2);
    }

    @Override
    public String toString() {
        Opcode opcode = opcode();
        if (opcode == null) {
            return "command 0x%02x".formatted(OPCODE.getInt(dw0));
        }
        return switch (opcode) {
            case MOVI, MAPI -> "%s DeviceID=0x%x EventID=0x%x ICID=%d".formatted(opcode, deviceId(), eventId(), icid());
            case INT, CLEAR, INV, DISCARD -> "%s DeviceID=0x%x EventID=0x%x".formatted(opcode, deviceId(), eventId());
            case SYNC -> "SYNC RDbase=%d".formatted(rdBase());
            case MAPD -> "MAPD DeviceID=0x%x Size=%d ITT_addr=0x%x V=%d"
                    .formatted(deviceId(), ittSize(), ittAddress(), valid() ? 1 : 0);
            case MAPC -> "MAPC ICID=%d RDbase=%d V=%d".formatted(icid(), rdBase(), valid() ? 1 : 0);
            case MAPTI -> "MAPTI DeviceID=0x%x EventID=0x%x pINTID=%d ICID=%d"
                    .formatted(deviceId(), eventId(), pIntid(), icid());
            case INVALL -> "INVALL ICID=%d".formatted(icid());
            case MOVALL -> "MOVALL RDbase1=%d RDbase2=%d".formatted(rdBase(), rdBase2());
        };
    }
}
