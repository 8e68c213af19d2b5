package dev.backplane.smmuv3.accel;

import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostObject;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.Viommu;
import dev.backplane.smmuv3.accel.AssignedStream.Table;
import dev.backplane.smmuv3.control.CommandCode;
import java.util.Optional;

/** Attaches streams where they are to go. Guarded by its {@link Assignments}. */
final class StreamAttacher {
    private final HostObjects objects;
    private final Counters counters;

    StreamAttacher(HostObjects objects, Counters counters) {
        this.objects = objects;
        this.counters = counters;
    }

    /**
     * Attaches a stream. Whatever it was attached to is replaced at once, and freed after.
     *
     * @throws HostException if the host refuses; the stream is attached as before then
     */
    void attach(HostSlice slice, AssignedStream stream, StreamTarget target) throws HostException {
        switch (target) {
            case StreamTarget.Abort(String reason) -> share(stream, Table.ABORT, slice.abort(), reason);
            case StreamTarget.Bypass(String reason) -> share(stream, Table.BYPASS, slice.bypass(), reason);
            case StreamTarget.Translate translate -> nest(slice.viommu(), stream, translate);
        }
    }

    private void share(AssignedStream stream, Table table, Hwpt hwpt, String reason) throws HostException {
        if (stream.table == table) {
            stream.reason = reason;
            return;
        }
        stream.device.device().attach(hwpt);
        counters.attached.increment();
        discard(stream.shares(table, reason));
    }

    private void discard(String lease) {
        if (!lease.isEmpty()) {
            objects.discard(lease);
        }
    }

    private void nest(Viommu viommu, AssignedStream stream, StreamTarget.Translate target) throws HostException {
        if (stream.translates() && stream.ste0 == target.ste0() && stream.ste1 == target.ste1()
                && dropContexts(viommu, stream.streamId)) {
            return;
        }
        if (objects.find(AssignedStream.vdeviceLease(stream.streamId), HostObject.class).isEmpty()) {
            // Before the attachment: the host needs the StreamID to name the stream in events and invalidations.
            objects.allocate(AssignedStream.vdeviceLease(stream.streamId),
                    () -> viommu.allocateVdevice(stream.device.device(), stream.streamId));
        }
        Hwpt hwpt = viommu.allocateHwpt(stream.device.device(), target.ste0(), target.ste1());
        String lease = AssignedStream.tableLeases(stream.streamId) + hwpt.id();
        objects.hold(lease, hwpt);
        boolean attached = false;
        try {
            stream.device.device().attach(hwpt);
            attached = true;
        } finally {
            if (!attached) {
                objects.discard(lease);
            }
        }
        counters.attached.increment();
        discard(stream.nests(lease, target.ste0(), target.ste1()));
    }

    /** CMD_CFGI_STE also drops the CDs of a stream; a host that sees no other STE does not. */
    static boolean dropContexts(Viommu viommu, int streamId) {
        long command = Integer.toUnsignedLong(streamId) << 32 | CommandCode.CFGI_CD_ALL.opcode();
        return viommu.invalidate(new long[] {command, 0}, 1).handled() == 1;
    }

    /** {@return whether what a predecessor attached a stream to is there} */
    boolean has(AssignedStreams.Saved state) {
        return state.table() != Table.NESTED || objects.find(state.lease(), Hwpt.class).isPresent();
    }

    /**
     * Lets the device's DMA reach nothing or everything of the guest, by its own means.
     *
     * @param reason why
     * @return why it cannot be
     */
    Optional<String> release(AssignedStream stream, boolean pass, String reason) {
        Optional<String> failure = pass ? stream.device.pass() : stream.device.block();
        if (failure.isEmpty()) {
            discard(stream.shares(pass ? Table.STAGE2 : Table.DETACHED, reason));
        }
        return failure;
    }

    /** Frees what the host has under a stream's name; it must not be attached to a nested table. */
    void forgetStreamId(int streamId) {
        objects.discardAll(AssignedStream.tableLeases(streamId));
        objects.discard(AssignedStream.vdeviceLease(streamId));
    }
}
