package dev.backplane.smmuv3.control;

import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.translate.SmmuCapabilities;
import java.util.List;

/**
 * The identification registers of an SMMUv3 (IHI 0070 sections 6.3.1 to 6.3.8, and the identification block at the end
 * of page 0). What they do not advertise is RES0 in registers and ILLEGAL in commands. Immutable.
 *
 * @param idr0 SMMU_IDR0
 * @param idr1 SMMU_IDR1
 * @param idr3 SMMU_IDR3
 * @param idr5 SMMU_IDR5
 * @param iidr SMMU_IIDR: implementer and product
 * @param aidr SMMU_AIDR: architecture version
 * @param peripheral the twelve bytes at 0xFD0 to 0xFFC: PIDR4 to PIDR7, PIDR0 to PIDR3, CIDR0 to CIDR3
 */
public record SmmuIdentity(int idr0, int idr1, int idr3, int idr5, int iidr, int aidr, List<Integer> peripheral) {
    private static final int NO_STALL = 1;

    /**
     * Copies the bytes.
     *
     * @throws IllegalArgumentException if there are not twelve
     */
    public SmmuIdentity {
        peripheral = List.copyOf(peripheral);
        if (peripheral.size() != 12) {
            throw new IllegalArgumentException(
                    "PIDR and CIDR: %d bytes given, expected 12".formatted(peripheral.size()));
        }
    }

    /** {@return what the registers mean for the reading of structures} */
    public SmmuCapabilities capabilities() {
        return SmmuCapabilities.ofIdRegisters(idr0, idr1, idr3, idr5);
    }

    boolean stage1() {
        return Idr0.S1P.isSet(idr0);
    }

    boolean stage2() {
        return Idr0.S2P.isSet(idr0);
    }

    boolean hypervisor() {
        return Idr0.HYP.isSet(idr0);
    }

    boolean ats() {
        return Idr0.ATS.isSet(idr0);
    }

    boolean pageRequests() {
        return Idr0.PRI.isSet(idr0);
    }

    boolean stalls() {
        return Idr0.STALL_MODEL.getInt(idr0) != NO_STALL;
    }

    boolean mpam() {
        return Idr3.MPAM.isSet(idr3);
    }

    boolean twoLevelStreamTable() {
        return Idr0.ST_LEVEL.getInt(idr0) == 1;
    }

    boolean rangeInvalidation() {
        return Idr3.RIL.isSet(idr3);
    }

    /** {@return the bits that a VMID has (IDR0.VMID16); more are ignored} */
    int vmidMask() {
        return Idr0.VMID16.isSet(idr0) ? 0xFFFF : 0xFF;
    }

    /** {@return the bits that an ASID has (IDR0.ASID16); more are ignored} */
    int asidMask() {
        return Idr0.ASID16.isSet(idr0) ? 0xFFFF : 0xFF;
    }

    /** {@return the largest LOG2SIZE of the command queue (IDR1.CMDQS)} */
    int commandQueueSize() {
        return Idr1.CMDQS.getInt(idr1);
    }

    /** {@return the largest LOG2SIZE of the event queue (IDR1.EVENTQS)} */
    int eventQueueSize() {
        return Idr1.EVENTQS.getInt(idr1);
    }

    /** {@return bits of a StreamID (IDR1.SIDSIZE)} */
    int streamIdSize() {
        return Idr1.SIDSIZE.getInt(idr1);
    }
}
