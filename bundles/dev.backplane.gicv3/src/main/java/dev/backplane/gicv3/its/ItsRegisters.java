package dev.backplane.gicv3.its;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;
import static dev.backplane.register.RegisterSpec.Policy.READ_ONLY;
import static dev.backplane.register.RegisterSpec.Policy.READ_WRITE;
import static dev.backplane.register.RegisterSpec.doubleWord;
import static dev.backplane.register.RegisterSpec.word;

import dev.backplane.gicv3.table.IdentificationRegisters;
import dev.backplane.register.BitField;
import dev.backplane.register.RegisterSpec;
import java.util.ArrayList;
import java.util.List;

/** The registers of the ITS control frame (IHI 0069, chapter 12). */
final class ItsRegisters {
    /** Bits of a DeviceID, an EventID, an ICID and an INTID, as GITS_TYPER tells. */
    static final int ID_BITS = 16;

    static final BitField ENABLED = bit("Enabled", 0);
    static final BitField QUIESCENT = bit("Quiescent", 31);
    static final BitField CBASER_SIZE = bits("Size", 7, 0);
    static final BitField CBASER_ADDRESS = bits("Physical_Address", 51, 12);
    static final BitField VALID = bit("Valid", 63);
    static final BitField RETRY = bit("Retry", 0);
    static final BitField STALLED = bit("Stalled", 0);
    static final BitField OFFSET = bits("Offset", 19, 5);
    static final BitField BASER_SIZE = bits("Size", 7, 0);
    static final BitField BASER_PAGE_SIZE = bits("Page_Size", 9, 8);
    static final BitField BASER_ADDRESS = bits("Physical_Address", 47, 12);
    static final BitField BASER_ENTRY_SIZE = bits("Entry_Size", 52, 48);
    static final BitField BASER_TYPE = bits("Type", 58, 56);
    static final BitField BASER_INDIRECT = bit("Indirect", 62);
    private static final BitField SHAREABILITY = bits("Shareability", 11, 10);
    private static final BitField OUTER_CACHE = bits("OuterCache", 55, 53);
    private static final BitField INNER_CACHE = bits("InnerCache", 61, 59);

    private static final BitField PHYSICAL = bit("Physical", 0);
    private static final BitField ITT_ENTRY_SIZE = bits("ITT_entry_size", 7, 4);
    private static final BitField EVENT_ID_BITS = bits("ID_bits", 12, 8);
    private static final BitField DEVICE_ID_BITS = bits("Devbits", 17, 13);
    private static final BitField SEIS = bit("SEIS", 18);
    private static final BitField PTA = bit("PTA", 19);
    private static final BitField HCC = bits("HCC", 31, 24);
    private static final BitField CID_BITS = bits("CIDbits", 35, 32);
    private static final BitField CIL = bit("CIL", 36);

    /** Entries of ITTs take 8 bytes; 12 are asked for, as software may have laid its memory out for that already. */
    private static final int ITT_ENTRY_BYTES = 12;

    /** Bytes of a device or collection table entry. */
    static final int ENTRY_BYTES = 8;

    /** GITS_BASER0: devices. */
    static final int DEVICES = 0;

    /** GITS_BASER1: collections. */
    static final int COLLECTIONS = 1;

    /** Number of GITS_BASERn; those without a table are RES0. */
    private static final int BASERS = 8;

    private static final long[] TABLE_TYPES = {1, 4};

    private ItsRegisters() {}

    /**
     * {@return the registers}
     *
     * @param hardwareCollections number of collections that need no memory, 0 to 255
     */
    static List<RegisterSpec> table(int hardwareCollections) {
        long typer = PHYSICAL.mask()
                | ITT_ENTRY_SIZE.with(0, ITT_ENTRY_BYTES - 1)
                | EVENT_ID_BITS.with(0, ID_BITS - 1)
                | DEVICE_ID_BITS.with(0, ID_BITS - 1)
                | HCC.with(0, hardwareCollections)
                | CID_BITS.with(0, ID_BITS - 1)
                | CIL.mask();
        var table = new ArrayList<>(List.of(
                word("GITS_CTLR", 0x000, READ_WRITE, 0, ENABLED, QUIESCENT),
                word("GITS_IIDR", 0x004, READ_ONLY, IdentificationRegisters.IIDR),
                doubleWord(
                        "GITS_TYPER",
                        0x008,
                        READ_ONLY,
                        typer,
                        PHYSICAL,
                        ITT_ENTRY_SIZE,
                        EVENT_ID_BITS,
                        DEVICE_ID_BITS,
                        SEIS,
                        PTA,
                        HCC,
                        CID_BITS,
                        CIL),
                doubleWord("GITS_UMSIR", 0x048, READ_ONLY, 0),
                doubleWord(
                        "GITS_CBASER",
                        0x080,
                        READ_WRITE,
                        0,
                        CBASER_SIZE,
                        SHAREABILITY,
                        CBASER_ADDRESS,
                        OUTER_CACHE,
                        INNER_CACHE,
                        VALID),
                doubleWord("GITS_CWRITER", 0x088, READ_WRITE, 0, RETRY, OFFSET),
                doubleWord("GITS_CREADR", 0x090, READ_ONLY, 0, STALLED, OFFSET)));
        for (int index = 0; index < TABLE_TYPES.length; index++) {
            table.add(doubleWord(
                    "GITS_BASER" + index,
                    0x100 + 8 * index,
                    READ_WRITE,
                    // Pages of 64 KiB; which ones at reset is not specified.
                    fixedOfBaser(index) | BASER_PAGE_SIZE.with(0, 2),
                    BASER_SIZE,
                    BASER_PAGE_SIZE,
                    SHAREABILITY,
                    BASER_ADDRESS,
                    BASER_ENTRY_SIZE,
                    OUTER_CACHE,
                    BASER_TYPE,
                    INNER_CACHE,
                    BASER_INDIRECT,
                    VALID));
        }
        for (int index = TABLE_TYPES.length; index < BASERS; index++) {
            table.add(doubleWord("GITS_BASER" + index, 0x100 + 8 * index, READ_ONLY, 0));
        }
        return table;
    }

    /** {@return the read-only fields of a GITS_BASERn: Type and Entry_Size} */
    static long fixedOfBaser(int index) {
        return BASER_TYPE.with(0, TABLE_TYPES[index]) | BASER_ENTRY_SIZE.with(0, ENTRY_BYTES - 1);
    }

    /** {@return what a GITS_BASERn holds after a word was stored: read-only fields, and no reserved page size} */
    static long settleBaser(int index, long stored) {
        long value = BASER_TYPE.with(BASER_ENTRY_SIZE.with(stored, 0), 0) | fixedOfBaser(index);
        return BASER_PAGE_SIZE.get(value) == 3 ? BASER_PAGE_SIZE.with(value, 2) : value;
    }
}
