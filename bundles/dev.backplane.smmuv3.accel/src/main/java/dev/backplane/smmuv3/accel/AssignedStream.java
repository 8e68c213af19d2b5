package dev.backplane.smmuv3.accel;

import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.hostpci.AssignedFunction;
import dev.backplane.pci.PciRequester;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.StreamTable.Ste;

/** An assigned device behind this SMMU, and what its DMA is attached to. Guarded by its {@link Assignments}. */
final class AssignedStream {

    /** What a device is attached to. */
    enum Table {
        /** To be learned from the predecessor's state. */
        UNKNOWN,
        /** The host's own stage 2, as the engine left it. */
        STAGE2,
        /** Nothing: the device was detached because the host refused everything else. */
        DETACHED,
        /** The shared table of aborting streams. */
        ABORT,
        /** The shared table of streams without a legal STE, whose transactions are recorded. */
        ILLEGAL,
        /** The shared table of bypassing streams. */
        BYPASS,
        /** A nested table of its own. */
        NESTED
    }

    final HardwareInfo info;
    AssignedFunction device;
    PciRequester function;
    int streamId;
    Table table;
    /** Lease of a nested table, else {@code ""}. */
    String lease = "";
    /** Of a nested table, else 0. */
    long ste0;

    long ste1;
    /** Why it is attached so. */
    String reason = "";

    AssignedStream(PciRequester function, AssignedFunction device, HardwareInfo info, Table table) {
        this.info = info;
        this.device = device;
        this.table = table;
        move(function);
    }

    /**
     * Gives it another address. On bus 0, device 0 is the host bridge: a function that seems to be there is on a bus
     * that software has not numbered, and has no StreamID.
     */
    void move(PciRequester where) {
        function = where;
        streamId = streamId(where);
    }

    static int streamId(PciRequester where) {
        return where.address().bus() == 0 && where.address().device() == 0
                ? StreamPolicy.NO_STREAM
                : where.alias().requesterId();
    }

    String hostName() {
        return device.hostName();
    }

    boolean translates() {
        return table == Table.NESTED;
    }

    /** {@return whether the host has named its StreamID for what it is attached to} */
    boolean isNamed() {
        return table == Table.NESTED || table == Table.ILLEGAL;
    }

    /** {@return whether the device may hold translations of its own} */
    boolean usesAts() {
        return translates() && Ste.EATS.bits().isSet(ste1);
    }

    /** {@return whether the host's SMMU can stall: S1STALLD then forbids CDs that ask for it, as the guest is told} */
    boolean stalls() {
        return Idr0.STALL_MODEL.getInt(info.idr().getFirst()) == 0;
    }

    /** Takes a table that is not the stream's own. {@return lease of the nested one that it had, or ""} */
    String shares(Table to, String why) {
        return took(to, "", 0, 0, why);
    }

    /** Takes a nested table. {@return lease of the nested one that it had, or ""} */
    String nests(String newLease, long word0, long word1) {
        return took(Table.NESTED, newLease, word0, word1, "STE.Config");
    }

    private String took(Table to, String newLease, long word0, long word1, String why) {
        String old = lease;
        table = to;
        lease = newLease;
        ste0 = word0;
        ste1 = word1;
        reason = why;
        return old;
    }

    static String vdeviceLease(int streamId) {
        return "vdevice.0x%x".formatted(streamId);
    }

    /** {@return how the names of a stream's nested tables begin} */
    static String tableLeases(int streamId) {
        return "hwpt.0x%x.".formatted(streamId);
    }
}
