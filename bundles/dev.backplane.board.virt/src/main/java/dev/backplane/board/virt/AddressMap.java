package dev.backplane.board.virt;

/** The fixed part of the machine's memory map: what lies below RAM, and where RAM starts. */
enum AddressMap {
    /** GIC distributor. */
    GICD(0x0800_0000L, 0x1_0000L),
    /** GICv2 CPU interfaces. */
    GICC(0x0801_0000L, 0x1_0000L),
    /** GICv2m frame. */
    V2M(0x0802_0000L, 0x1000L),
    /** GICv3 ITS. */
    ITS(0x0808_0000L, 0x2_0000L),
    /** First region of redistributors: 123 of 128 KiB. */
    GICR(0x080A_0000L, 0xF6_0000L),
    /** The machine's own SMMUv3. */
    SMMU(0x0905_0000L, 0x2_0000L),
    /** Transports of virtio-mmio: 32 of 512 bytes. */
    VIRTIO_MMIO(0x0A00_0000L, 0x4000L),
    /** Devices that users add and that are no PCI functions. */
    PLATFORM_BUS(0x0C00_0000L, 0x0200_0000L),
    /** 32-bit memory window of PCI. */
    PCIE_MMIO(0x1000_0000L, 0x2EFF_0000L),
    /** I/O window of PCI. */
    PCIE_PIO(0x3EFF_0000L, 0x1_0000L),
    /** Configuration space of 16 buses, when there is none in high memory. */
    PCIE_ECAM(0x3F00_0000L, 0x0100_0000L),
    /** RAM; its size is an option. */
    RAM(0x4000_0000L, 0);

    private final long base;
    private final long size;

    AddressMap(long base, long size) {
        this.base = base;
        this.size = size;
    }

    /** {@return the first guest-physical address} */
    long base() {
        return base;
    }

    /** {@return the size in bytes} */
    long size() {
        return size;
    }
}
