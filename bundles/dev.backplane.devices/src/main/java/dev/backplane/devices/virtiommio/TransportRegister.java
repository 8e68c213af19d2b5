package dev.backplane.devices.virtiommio;

/** The registers of a virtio-mmio transport that say something when no device is behind it; all others read as 0. */
enum TransportRegister {
    /** The letters "virt". */
    MAGIC_VALUE(0x000, 0x7472_6976L),
    /** The legacy interface. */
    VERSION(0x004, 1),
    /** No device: drivers pass over the transport. */
    DEVICE_ID(0x008, 0),
    /** Whose transports clients expect on this board: the letters "QEMU". */
    VENDOR_ID(0x00C, 0x554D_4551L);

    /** Bytes that one transport takes. */
    static final long TRANSPORT_SIZE = 0x200;

    /** A read allocates nothing. */
    private static final TransportRegister[] ALL = values();

    private final long offset;
    private final long value;

    TransportRegister(long offset, long value) {
        this.offset = offset;
        this.value = value;
    }

    /** {@return its value} */
    long value() {
        return value;
    }

    /** {@return the value at an offset into a region of transports} */
    static long at(long offset) {
        for (TransportRegister register : ALL) {
            if (register.offset == offset % TRANSPORT_SIZE) {
                return register.value;
            }
        }
        return 0;
    }
}
