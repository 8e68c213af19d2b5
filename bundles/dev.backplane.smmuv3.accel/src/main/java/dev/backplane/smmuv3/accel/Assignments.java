package dev.backplane.smmuv3.accel;

import dev.backplane.device.DeviceLog;
import dev.backplane.device.RestoreException;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.VeventQueue;
import dev.backplane.hostiommu.Viommu;
import dev.backplane.hostpci.AssignedFunction;
import dev.backplane.inspect.InspectNode;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.HostIommuDevice;
import dev.backplane.pci.PciRequester;
import dev.backplane.smmuv3.accel.AssignedStream.Table;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import dev.backplane.smmuv3.translate.StreamTableReader;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The assigned devices behind this SMMU, and the slice of the host's SMMU that serves them. Thread-safe: its monitor is
 * held while the host is called, and by nobody who waits for a grace period.
 */
final class Assignments {
    private final HostObjects objects;
    private final Counters counters;
    private final DeviceLog log;
    private final StreamAttacher attacher;
    private final Consumer<VeventQueue> onSlice;
    private final Map<String, AssignedStream> streams = new LinkedHashMap<>();
    /** Those that have a StreamID. */
    private final Map<Integer, AssignedStream> byStreamId = new HashMap<>();
    private volatile BitSet streamIds = new BitSet();
    private HostSlice slice;
    private volatile StreamPolicy policy;
    private volatile SmmuConfiguration registers = SmmuConfiguration.RESET;
    /** A predecessor left the hardware attached: it is not touched until this model runs. */
    private boolean adopting;
    /** How a predecessor left the streams that have not been connected here yet. */
    private Map<String, AssignedStreams.Saved> saved = new HashMap<>();

    /**
     * Takes over what a predecessor left, if anything.
     *
     * @param objects host objects of the slot
     * @param onSlice told of the event queue when there is one, of null when there is none any more; under the monitor
     */
    Assignments(HostObjects objects, Counters counters, DeviceLog log, Consumer<VeventQueue> onSlice) {
        this.objects = objects;
        this.counters = counters;
        this.log = log;
        this.onSlice = onSlice;
        attacher = new StreamAttacher(objects, counters, log);
        slice = HostSlice.adopt(objects).orElse(null);
        adopting = slice != null;
    }

    /** Says how streams are read from now on. */
    synchronized void serve(StreamPolicy newest) {
        policy = newest;
    }

    /** {@return whether the hardware is still as a predecessor left it} */
    synchronized boolean isAdopting() {
        return adopting;
    }

    /** {@return whether software has an assigned device at a StreamID} Takes no lock. */
    boolean isAssigned(int streamId) {
        return streamId >= 0 && streamIds.get(streamId);
    }

    /** {@return whether a host device is connected} */
    synchronized boolean isConnected(String hostName) {
        return streams.containsKey(hostName);
    }

    /**
     * Connects a device, or learns that a connected one has another address or another object.
     *
     * @return why it cannot be connected, or empty; nothing has changed when it cannot
     */
    synchronized Optional<String> connect(
            TransactionContext context, PciRequester function, AssignedFunction device, HardwareInfo info) {
        AssignedStream known = streams.get(device.hostName());
        Optional<String> taken = taken(function, device);
        if (taken.isPresent()) {
            return taken;
        }
        if (known != null) {
            known.device = device;
            return move(context, known, function);
        }
        var stream = new AssignedStream(function, device, info, Table.STAGE2);
        if (adopting || slice != null && saved.containsKey(stream.hostName())) {
            adopt(stream);
            enter(stream);
            settle(context, stream);
            return Optional.empty();
        }
        boolean first = slice == null;
        try {
            if (first) {
                slice = HostSlice.create(objects, device);
            }
            attachFirst(context, stream);
        } catch (HostException e) {
            return Optional.of(undo(stream, first, e));
        }
        enter(stream);
        if (first) {
            onSlice.accept(slice.events());
        }
        return Optional.empty();
    }

    /** An STE that the hardware finds illegal is the guest's mistake, and no reason to refuse the device. */
    private void attachFirst(TransactionContext context, AssignedStream stream) throws HostException {
        StreamTarget target = target(context, stream);
        try {
            attacher.attach(slice, stream, target);
        } catch (HostException e) {
            if (e.errno() != Errno.EIO || !(target instanceof StreamTarget.Translate)) {
                throw e;
            }
            stop(stream, e);
        }
    }

    private Optional<String> taken(PciRequester function, HostIommuDevice device) {
        int streamId = AssignedStream.streamId(function);
        return find(streamId)
                .filter(other -> !other.hostName().equals(device.hostName()))
                .map(other -> "StreamID 0x%x already has the host device %s: %s cannot have it too"
                        .formatted(streamId, other.hostName(), device.hostName()));
    }

    private String undo(AssignedStream stream, boolean first, HostException refusal) {
        attacher.forgetStreamId(stream.streamId);
        if (first) {
            HostSlice.discard(objects);
            slice = null;
        } else if (refusal.errno() == Errno.EINVAL && !streams.isEmpty()) {
            return ("host device %s is behind another physical SMMU than %s: put it on a root bus with an accelerated "
                    + "SMMU of its own (%s)").formatted(
                    stream.hostName(), streams.values().iterator().next().hostName(), refusal.getMessage());
        }
        String remedy = refusal.errno() == Errno.EOPNOTSUPP
                ? ": set accel=off, or assign a device behind an SMMU of the host that can"
                : "";
        return "host device %s cannot be behind this SMMU: %s%s"
                .formatted(stream.hostName(), refusal.getMessage(), remedy);
    }

    /** Software renumbered a bus: the device keeps its attachment only if that does not go by the StreamID. */
    private Optional<String> move(TransactionContext context, AssignedStream stream, PciRequester function) {
        if (AssignedStream.streamId(function) == stream.streamId || stream.table == Table.UNKNOWN) {
            leave(stream);
            stream.move(function);
            enter(stream);
            return Optional.empty();
        }
        if (stream.isNamed()) {
            try {
                attacher.attach(slice, stream, new StreamTarget.Abort("its bus is being renumbered"));
            } catch (HostException e) {
                stop(stream, e);
            }
        }
        attacher.forgetStreamId(stream.streamId);
        leave(stream);
        stream.move(function);
        enter(stream);
        if (slice != null) {
            apply(context, stream);
        }
        return Optional.empty();
    }

    /** Disconnects a device: its DMA reaches the guest's memory again, as the engine had it. */
    synchronized void disconnect(PciRequester function) {
        AssignedStream stream = find(AssignedStream.streamId(function))
                .or(() -> streams.values().stream()
                        .filter(candidate -> candidate.function.address().equals(function.address()))
                        .reduce((earlier, later) -> later))
                .orElse(null);
        if (stream == null) {
            forget(AssignedStream.streamId(function));
            return;
        }
        attacher.release(stream, true, "disconnected").ifPresent(why -> {
            log.hostError("host device %s is not attached to the guest's memory: %s"
                    .formatted(stream.hostName(), why));
            attacher.release(stream, false, why);
        });
        attacher.forgetStreamId(stream.streamId);
        leave(stream);
        discardUnused();
    }

    /** Frees what a predecessor left under a StreamID that its device, which is blocked, has no more. */
    private void forget(int streamId) {
        attacher.forgetStreamId(streamId);
        if (saved.values().removeIf(state -> state.streamId() == streamId)) {
            discardUnused();
        }
    }

    private void discardUnused() {
        if (streams.isEmpty() && saved.isEmpty() && slice != null) {
            onSlice.accept(null);
            HostSlice.discard(objects);
            slice = null;
            adopting = false;
        }
    }

    /** Makes a stream known under its StreamID. */
    private void enter(AssignedStream stream) {
        streams.put(stream.hostName(), stream);
        if (stream.streamId != StreamPolicy.NO_STREAM) {
            byStreamId.put(stream.streamId, stream);
            publish(stream.streamId, true);
        }
    }

    /** Forgets a stream under its StreamID. */
    private void leave(AssignedStream stream) {
        streams.remove(stream.hostName());
        if (byStreamId.remove(stream.streamId, stream)) {
            publish(stream.streamId, false);
        }
    }

    private void publish(int streamId, boolean assigned) {
        var ids = (BitSet) streamIds.clone();
        ids.set(streamId, assigned);
        streamIds = ids;
    }

    /** Takes over the registers; what they change about streams is done when this returns. */
    synchronized void configure(TransactionContext context, SmmuConfiguration newest) {
        boolean inert = registers.enabled() && newest.enabled();
        registers = newest;
        if (!inert) {
            applyIf(context, stream -> true);
        }
    }

    /** Reads the STEs of a range of StreamIDs again: the low range + 1 bits do not count, 31 means all. */
    synchronized void streamTableEntries(TransactionContext context, int streamId, int range) {
        if (registers.enabled()) {
            long mask = -2L << range & 0xFFFF_FFFFL;
            applyIf(context, stream -> stream.streamId != StreamPolicy.NO_STREAM
                    && ((stream.streamId ^ streamId) & mask) == 0);
            dropContexts(state -> ((state.streamId() ^ streamId) & mask) == 0);
        }
    }

    /** Reads the STE of a stream again. */
    synchronized void streamTableEntry(TransactionContext context, int streamId) {
        if (registers.enabled() && !adopting && slice != null) {
            find(streamId).ifPresent(stream -> apply(context, stream));
            dropContexts(state -> state.streamId() == streamId);
        }
    }

    /** What is not connected here yet is compared with its STE when it is; that does not tell of its CDs. */
    private void dropContexts(Predicate<AssignedStreams.Saved> which) {
        if (!adopting && slice != null) {
            saved.values().stream()
                    .filter(state -> state.translates() && which.test(state))
                    .filter(state -> !StreamAttacher.dropContexts(slice.viommu(), state.streamId()))
                    .forEach(state -> log.hostError(
                            "the host does not drop the CDs of StreamID 0x%x".formatted(state.streamId())));
        }
    }

    private void applyIf(TransactionContext context, Predicate<AssignedStream> which) {
        if (!adopting && slice != null) {
            streams.values().stream().filter(which).forEach(stream -> apply(context, stream));
        }
    }

    /** Attaches a stream where it is to go. What the host refuses aborts. */
    private void apply(TransactionContext context, AssignedStream stream) {
        try {
            attacher.attach(slice, stream, target(context, stream));
        } catch (HostException e) {
            stop(stream, e);
        }
    }

    private StreamTarget target(TransactionContext context, AssignedStream stream) {
        StreamTarget target = policy.of(context, registers, stream.streamId, stream.stalls());
        if (target instanceof StreamTarget.Illegal illegal) {
            log.guestError("StreamID 0x%x aborts: %s".formatted(stream.streamId, illegal.reason()));
        }
        return target;
    }

    private void stop(AssignedStream stream, HostException refusal) {
        counters.attachFailures.increment();
        log.hostError("StreamID 0x%x (host device %s) aborts: %s"
                .formatted(stream.streamId, stream.hostName(), refusal.getMessage()));
        String reason = "refused by the host: " + refusal.getMessage();
        try {
            attacher.attach(slice, stream, new StreamTarget.Abort(reason));
        } catch (HostException e) {
            String both = e.getMessage().equals(refusal.getMessage()) ? reason : reason + "; " + e.getMessage();
            attacher.release(stream, false, both).ifPresent(why -> log.hostError(
                    "host device %s cannot be stopped: %s; %s".formatted(stream.hostName(), e.getMessage(), why)));
        }
    }

    /** {@return whether CDs of a StreamID can be cached on the host} */
    synchronized boolean translates(int streamId) {
        return find(streamId).map(AssignedStream::translates).orElseGet(() -> left(streamId).isPresent());
    }

    /** {@return whether the device at a StreamID may hold translations} */
    synchronized boolean usesAts(int streamId) {
        return find(streamId).map(AssignedStream::usesAts)
                .orElseGet(() -> left(streamId).filter(AssignedStreams.Saved::usesAts).isPresent());
    }

    /** {@return whether the host knows a device by a StreamID, so that commands may name it} */
    synchronized boolean isNamed(int streamId) {
        return find(streamId).isPresent() || left(streamId).isPresent();
    }

    /** {@return a translating stream as a predecessor left it, if it is not connected here yet} */
    private Optional<AssignedStreams.Saved> left(int streamId) {
        return saved.values().stream()
                .filter(state -> state.translates() && state.streamId() == streamId)
                .findFirst();
    }

    private Optional<AssignedStream> find(int streamId) {
        return Optional.ofNullable(byStreamId.get(streamId));
    }

    /** {@return whether the host has anything cached for this SMMU} */
    synchronized boolean isServed() {
        return slice != null;
    }

    /** Hands invalidations to the host; none is needed when no device is connected any more. */
    synchronized Viommu.Invalidated invalidate(long[] commands, int count) {
        return slice == null ? new Viommu.Invalidated(count, null) : slice.viommu().invalidate(commands, count);
    }

    /** {@return the StreamIDs that translate, in the order of their connection} */
    synchronized List<Integer> translating() {
        return streams.values().stream().filter(AssignedStream::translates).map(s -> s.streamId).toList();
    }

    /** {@return the streams as saved state} */
    synchronized List<Map<String, Object>> save() {
        return streams.values().stream().map(AssignedStreams::save).toList();
    }

    /**
     * Learns how the predecessor left the streams. Without its leases there is nothing to adopt: the streams are
     * attached anew then.
     *
     * @throws RestoreException if a stream is not described as one
     */
    synchronized void restore(List<?> states) throws RestoreException {
        Map<String, AssignedStreams.Saved> described = AssignedStreams.read(states);
        if (adopting) {
            saved = described;
            streams.values().forEach(this::adopt);
        }
    }

    private void adopt(AssignedStream stream) {
        AssignedStreams.Saved state = saved.remove(stream.hostName());
        if (state == null || state.streamId() != stream.streamId || !attacher.has(state)) {
            stream.shares(Table.UNKNOWN, "not described by the predecessor");
        } else if (state.table() == Table.NESTED) {
            stream.nests(state.lease(), state.ste0(), state.ste1());
        } else {
            stream.shares(state.table(), state.reason());
        }
    }

    /** Leaves an adopted stream as it is if that is what the registers and its STE say. */
    private void settle(TransactionContext context, AssignedStream stream) {
        if (adopting || slice == null) {
            return;
        }
        boolean same = switch (target(context, stream)) {
            case StreamTarget.Abort _ -> stream.table == Table.ABORT;
            case StreamTarget.Illegal _ -> stream.table == Table.ILLEGAL;
            case StreamTarget.Bypass _ -> stream.table == Table.BYPASS;
            case StreamTarget.Translate(long ste0, long ste1) ->
                stream.translates() && stream.ste0 == ste0 && stream.ste1 == ste1;
        };
        if (!same) {
            apply(context, stream);
        }
    }

    /**
     * The model runs. The hardware stays as a predecessor left it where that is known; the rest is attached as the
     * registers say. Streams that are connected later may still be the predecessor's.
     */
    synchronized void run(TransactionContext context) {
        if (adopting) {
            adopting = false;
            streams.values().stream()
                    .filter(stream -> stream.table == Table.UNKNOWN)
                    .forEach(stream -> settle(context, stream));
        }
        onSlice.accept(slice == null ? null : slice.events());
    }

    /** {@return why one of the devices cannot serve a guest that is shown these ID registers, or empty} */
    synchronized Optional<String> check(SmmuIdentity shown) {
        return streams.values().stream()
                .flatMap(stream -> Compatibility.check(stream.hostName(), stream.info, shown).stream())
                .findFirst();
    }

    /** {@return where a stream's transactions go by the registers and its STE as they are now} */
    synchronized StreamTarget targetOf(TransactionContext context, int streamId) {
        boolean stalls = find(streamId).map(AssignedStream::stalls).orElse(false);
        return policy.of(context, registers, streamId, stalls);
    }

    /** {@return why a stream has no legal STE as it is now, or empty when it has one} Takes no lock. */
    Optional<StreamTarget.Illegal> illegal(TransactionContext context, int streamId) {
        return policy.of(context, registers, streamId, false) instanceof StreamTarget.Illegal illegal
                ? Optional.of(illegal)
                : Optional.empty();
    }

    /** {@return the STE of a stream as software wrote it} Takes no lock. */
    StreamTableReader.Entry entry(TransactionContext context, int streamId) {
        return policy.entry(context, registers, streamId);
    }

    /** {@return the slice and each stream with its StreamID, host device, STE and attachment} */
    synchronized List<InspectNode> inspect() {
        var nodes = new ArrayList<InspectNode>();
        nodes.add(AssignedStreams.inspect(slice));
        Collection<AssignedStream> all = streams.values();
        nodes.add(InspectNode.group("streams", all.stream()
                .map(stream -> AssignedStreams.inspect(stream, objects, slice))
                .toList()).withNote(all.size() == 1 ? "1 assigned device" : all.size() + " assigned devices"));
        return nodes;
    }
}
