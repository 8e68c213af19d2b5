package dev.backplane.smmuv3.accel;

import dev.backplane.device.DeviceLog;
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
    private final IllegalTable illegal;
    private final Counters counters;
    private final DeviceLog log;

    StreamAttacher(HostObjects objects, Counters counters, DeviceLog log) {
        this.objects = objects;
        this.counters = counters;
        this.log = log;
        illegal = new IllegalTable(objects);
    }

    /**
     * Attaches a stream. Whatever it was attached to is replaced at once, and freed after.
     *
     * @throws HostException if the host refuses; the stream is attached as before then
     */
    void attach(HostSlice slice, AssignedStream stream, StreamTarget target) throws HostException {
        switch (target) {
            case StreamTarget.Abort(String reason) -> share(stream, Table.ABORT, slice.abort(), reason);
            case StreamTarget.Illegal faulty -> fault(slice, stream, faulty);
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

    /** What the host cannot be made to record aborts all the same. */
    private void fault(HostSlice slice, AssignedStream stream, StreamTarget.Illegal target) throws HostException {
        if (target.event().isPresent() && IllegalTable.isIllegalFor(stream.info)) {
            try {
                name(slice.viommu(), stream);
                Hwpt table = illegal.table(slice.viommu(), stream.device.device());
                share(stream, Table.ILLEGAL, table, target.reason());
                return;
            } catch (HostException refusal) {
                log.hostError("StreamID 0x%x (host device %s) aborts without events: %s"
                        .formatted(stream.streamId, stream.hostName(), refusal.getMessage()));
            }
        }
        share(stream, Table.ABORT, slice.abort(), target.reason());
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
        name(viommu, stream);
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

    /** Before the attachment: the host needs the StreamID to name the stream in events and invalidations. */
    private void name(Viommu viommu, AssignedStream stream) throws HostException {
        String lease = AssignedStream.vdeviceLease(stream.streamId);
        if (objects.find(lease, HostObject.class).isEmpty()) {
            objects.allocate(lease, () -> viommu.allocateVdevice(stream.device.device(), stream.streamId));
        }
    }

    /** CMD_CFGI_STE also drops the CDs of a stream; a host that sees no other STE does not. */
    static boolean dropContexts(Viommu viommu, int streamId) {
        long command = Integer.toUnsignedLong(streamId) << 32 | CommandCode.CFGI_CD_ALL.opcode();
        return viommu.invalidate(new long[] {command, 0}, 1).handled() == 1;
    }

    /** {@return whether what a predecessor attached a stream to is there} */
    boolean has(AssignedStreams.Saved state) {
        return switch (state.table()) {
            case NESTED -> objects.find(state.lease(), Hwpt.class).isPresent();
            case ILLEGAL -> illegal.find().isPresent();
            case UNKNOWN, STAGE2, DETACHED, ABORT, BYPASS -> true;
        };
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
