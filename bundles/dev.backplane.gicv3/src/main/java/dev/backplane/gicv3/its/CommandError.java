package dev.backplane.gicv3.its;

/**
 * Command errors with the codes that the architecture gives them: 0x01, the command, the reason (IHI 0069,
 * "ITS commands", where each command lists its errors).
 */
enum CommandError {
    MOVI_DEVICE_OOR(0x010101),
    MOVI_COLLECTION_OOR(0x010103),
    MOVI_UNMAPPED_DEVICE(0x010104),
    MOVI_ID_OOR(0x010105),
    MOVI_UNMAPPED_INTERRUPT(0x010107),
    MOVI_UNMAPPED_COLLECTION(0x010109),
    INT_DEVICE_OOR(0x010301),
    INT_UNMAPPED_DEVICE(0x010304),
    INT_ID_OOR(0x010305),
    INT_UNMAPPED_INTERRUPT(0x010307),
    INT_UNMAPPED_COLLECTION(0x010309),
    CLEAR_DEVICE_OOR(0x010501),
    CLEAR_UNMAPPED_DEVICE(0x010504),
    CLEAR_ID_OOR(0x010505),
    CLEAR_UNMAPPED_INTERRUPT(0x010507),
    CLEAR_UNMAPPED_COLLECTION(0x010509),
    MAPD_DEVICE_OOR(0x010801),
    MAPD_ITTSIZE_OOR(0x010802),
    MAPC_PROCNUM_OOR(0x010902),
    MAPC_COLLECTION_OOR(0x010903),
    MAPTI_DEVICE_OOR(0x010A01),
    MAPTI_COLLECTION_OOR(0x010A03),
    MAPTI_UNMAPPED_DEVICE(0x010A04),
    MAPTI_ID_OOR(0x010A05),
    MAPTI_PHYSICALID_OOR(0x010A06),
    MAPI_DEVICE_OOR(0x010B01),
    MAPI_COLLECTION_OOR(0x010B03),
    MAPI_UNMAPPED_DEVICE(0x010B04),
    MAPI_ID_OOR(0x010B05),
    MAPI_PHYSICALID_OOR(0x010B06),
    INV_DEVICE_OOR(0x010C01),
    INV_UNMAPPED_DEVICE(0x010C04),
    INV_ID_OOR(0x010C05),
    INV_UNMAPPED_INTERRUPT(0x010C07),
    INV_UNMAPPED_COLLECTION(0x010C09),
    INVALL_COLLECTION_OOR(0x010D03),
    INVALL_UNMAPPED_COLLECTION(0x010D09),
    MOVALL_PROCNUM_OOR(0x010E01),
    DISCARD_DEVICE_OOR(0x010F01),
    DISCARD_UNMAPPED_DEVICE(0x010F04),
    DISCARD_ID_OOR(0x010F05),
    DISCARD_UNMAPPED_INTERRUPT(0x010F07),
    /** A reserved or unsupported command; the architecture gives it no code. */
    UNKNOWN_COMMAND(0),
    /** The queue or a table is not in memory; the queue stalls. The architecture gives it no code. */
    MEMORY_FAULT(0);

    private final int code;

    CommandError(int code) {
        this.code = code;
    }

    /** {@return the architectural code, 0 when there is none} */
    int code() {
        return code;
    }
}
