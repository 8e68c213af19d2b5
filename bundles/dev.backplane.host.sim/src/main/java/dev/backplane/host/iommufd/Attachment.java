package dev.backplane.host.iommufd;

import dev.backplane.host.memory.Operation;
import dev.backplane.host.smmu.HostContexts;
import dev.backplane.host.smmu.HostSmmu;
import dev.backplane.host.smmu.StreamEntries;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Where the DMA of one device goes, and the STE that says so. Guarded by the file. */
final class Attachment {
    private final BoundDevice device;
    private final HostSmmu smmu;
    private final List<Integer> streamIds;
    private final Map<Integer, PagingHwpt> pasids = new TreeMap<>();
    /** A {@link PagingHwpt} or a {@link NestedHwpt}, or null when the device is detached. */
    private IommufdObject table;
    /** The host's CDs, while stage 1 tables of the host are in use. */
    private HostContexts contexts;

    private boolean ats;

    Attachment(BoundDevice device) {
        this.device = device;
        smmu = device.physical().smmu();
        streamIds = device.physical().streamIds();
    }

    /** {@return whether the device may cache translations} */
    boolean ats() {
        return ats;
    }

    /** Attaches the device; nothing has changed if that fails. */
    void attach(IommufdObject next) throws HostException {
        boolean stage1 = next instanceof PagingHwpt paging && !paging.isNestingParent();
        if (!stage1 && !pasids.isEmpty()) {
            throw device.refused(Errno.EBUSY,
                    "PASIDs of %s are attached: detach them first".formatted(device.hostName()));
        }
        boolean atsBefore = ats;
        boolean atsAfter = device.hasAts() && (!(next instanceof NestedHwpt nested) || nested.wantsAts());
        if (ats && !atsAfter) {
            ats(false);
        }
        try {
            if (stage1) {
                setContext(0, (PagingHwpt) next, atsAfter);
            } else {
                smmu.install(streamIds, entry(next, atsAfter));
            }
        } catch (HostException e) {
            ats(atsBefore);
            throw IoasObject.renamed(e, Operation.VFIO_DEVICE_ATTACH_IOMMUFD_PT);
        }
        if (!stage1) {
            dropContexts();
        }
        takeOver(next, atsAfter);
    }

    private long[] entry(IommufdObject next, boolean withAts) {
        if (next instanceof NestedHwpt nested) {
            return nested.entry(withAts);
        }
        var paging = (PagingHwpt) next;
        return StreamEntries.stage2(smmu, paging.tables(), paging.tag(), withAts);
    }

    /** Changes a CD, and installs the STE that leads to it. */
    private void setContext(int pasid, PagingHwpt next, boolean withAts) throws HostException {
        boolean made = contexts == null;
        if (made) {
            contexts = new HostContexts(smmu, streamIds.getFirst(), device.pasidBits());
        }
        boolean set = false;
        try {
            contexts.set(pasid, next.tables(), next.tag());
            set = true;
            smmu.install(streamIds, contexts.entry(withAts));
            contexts.keep();
        } catch (HostException e) {
            if (set) {
                contexts.revert();
            }
            if (made) {
                dropContexts();
            }
            throw e;
        }
    }

    /** The new table counts: ATS and events follow, and the old one is let go of. */
    private void takeOver(IommufdObject next, boolean atsAfter) {
        if (ats) {
            device.forgetTranslations();
        }
        ats(atsAfter);
        routeEvents(next);
        IommufdObject old = table;
        table = next;
        if (next != null) {
            next.use();
            stage(next).addDevice(device);
        }
        letGo(old);
    }

    private void letGo(IommufdObject old) {
        if (old == null) {
            return;
        }
        old.unuse();
        PagingHwpt stage = stage(old);
        if ((table == null || stage(table) != stage) && !pasids.containsValue(stage)) {
            stage.removeDevice(device);
        }
        if (stage.isAutomatic() && stage.isUnused()) {
            stage.destroy();
        }
    }

    /** {@return the host's own table of those that translate} */
    private static PagingHwpt stage(IommufdObject table) {
        return table instanceof NestedHwpt nested ? nested.viommu().parent() : (PagingHwpt) table;
    }

    /** Says whether the device may cache; disabled, it forgets what it has cached. */
    private void ats(boolean enabled) {
        if (ats != enabled) {
            device.physical().enableAts(enabled);
            ats = enabled;
        }
    }

    private void routeEvents(IommufdObject next) {
        VdeviceObject vdevice = device.vdevice();
        boolean routed = next instanceof NestedHwpt nested
                && vdevice != null
                && vdevice.viommu() == nested.viommu();
        for (int streamId : streamIds) {
            smmu.onEvents(streamId, routed
                    ? record -> device.report(vdevice.viommu(), vdevice.virtualStreamId(), record)
                    : null);
        }
    }

    /** Attaches a PASID; nothing has changed if that fails. */
    void attachPasid(int pasid, PagingHwpt next) throws HostException {
        if (table != null && (!(table instanceof PagingHwpt paging) || paging.isNestingParent())) {
            throw device.refused(Errno.EINVAL, "%s leaves no CDs to the host for PASID 0x%x".formatted(table, pasid));
        }
        try {
            setContext(pasid, next, device.hasAts());
        } catch (HostException e) {
            throw IoasObject.renamed(e, Operation.VFIO_DEVICE_ATTACH_IOMMUFD_PT);
        }
        ats(device.hasAts());
        PagingHwpt old = pasids.put(pasid, next);
        next.use();
        next.addDevice(device);
        device.forgetTranslations();
        letGo(old);
    }

    /** Detaches a PASID; nothing happens if it is not attached. */
    void detachPasid(int pasid) {
        PagingHwpt old = pasids.remove(pasid);
        if (old == null) {
            return;
        }
        contexts.clear(pasid);
        device.forgetTranslations();
        letGo(old);
        if (table == null && pasids.isEmpty()) {
            letGo();
        }
    }

    /** Detaches the device and refuses nothing but PASIDs that are attached still. */
    void detach() throws HostException {
        if (!pasids.isEmpty()) {
            throw new HostException(Operation.VFIO_DEVICE_DETACH_IOMMUFD_PT.name(), Errno.EBUSY,
                    "PASIDs of %s are attached: detach them first".formatted(device.hostName()));
        }
        letGo();
    }

    /** Detaches everything. */
    void letGo() {
        var gone = new ArrayList<>(pasids.values());
        pasids.clear();
        ats(false);
        smmu.block(streamIds);
        takeOver(null, false);
        gone.forEach(this::letGo);
        dropContexts();
    }

    private void dropContexts() {
        if (contexts != null) {
            contexts.free();
            contexts = null;
        }
    }

    Collection<IommufdObject> tables() {
        var all = new ArrayList<IommufdObject>(pasids.values());
        if (table != null) {
            all.add(table);
        }
        return all;
    }

    String describe() {
        String whole = table == null ? "detached" : "attached to " + table;
        return pasids.isEmpty() ? whole : "%s, PASIDs %s".formatted(whole, pasids.keySet());
    }
}
