package dev.backplane.hostiommu;

import java.util.List;

/**
 * What the host tells about the SMMUv3 in front of a device (IOMMU_GET_HW_INFO of type ARM_SMMUV3). Of the ID registers
 * the host promises these fields only: IDR0 ST_LEVEL, TERM_MODEL, STALL_MODEL, TTENDIAN, CD2L, ASID16, TTF; IDR1
 * SIDSIZE, SSIDSIZE; IDR3 BBML, RIL; IDR5 VAX, GRAN64K, GRAN16K, GRAN4K. Immutable.
 *
 * @param idr SMMU_IDR0 to SMMU_IDR5
 * @param iidr SMMU_IIDR
 * @param aidr SMMU_AIDR
 * @param atsNotSupported whether the host rules ATS out for this device (capability ATS_NOT_SUPPORTED)
 * @param maxPasidLog2 bits of a PASID that the device may use, 0 to 20; 0 when it may use none
 */
public record HardwareInfo(List<Integer> idr, int iidr, int aidr, boolean atsNotSupported, int maxPasidLog2) {

    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if there are not six registers
     */
    public HardwareInfo {
        idr = List.copyOf(idr);
        if (idr.size() != 6) {
            throw new IllegalArgumentException("%d ID registers: expected 6, SMMU_IDR0 to SMMU_IDR5".formatted(idr.size()));
        }
    }
}
