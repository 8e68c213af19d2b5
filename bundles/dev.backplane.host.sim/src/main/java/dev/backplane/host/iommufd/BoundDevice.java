package dev.backplane.host.iommufd;

import dev.backplane.host.memory.Operation;
import dev.backplane.host.pci.HostIts;
import dev.backplane.host.smmu.HostSmmu;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.Ioas;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostiommu.PageTable;
import dev.backplane.hostiommu.Viommu;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.spec.EventRecord;
import dev.backplane.smmuv3.spec.EventType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** A device that is bound to an iommufd. */
final class BoundDevice extends IommufdObject implements IommufdDevice {
    /** Events that concern what the guest did; the host keeps the others to itself. */
    private static final Set<EventType> FORWARDED = EnumSet.of(
            EventType.C_BAD_STE, EventType.F_STREAM_DISABLED, EventType.C_BAD_SUBSTREAMID, EventType.C_BAD_CD,
            EventType.F_TRANSLATION, EventType.F_ADDR_SIZE, EventType.F_ACCESS, EventType.F_PERMISSION);

    private static final int LARGEST_PASID = (1 << 20) - 1;

    private final BindableDevice physical;
    private final Attachment attachment;
    private VdeviceObject vdevice;

    BoundDevice(IommufdFile file, BindableDevice physical) {
        super(file, "device");
        this.physical = physical;
        attachment = new Attachment(this);
    }

    BindableDevice physical() {
        return physical;
    }

    VdeviceObject vdevice() {
        return vdevice;
    }

    void vdevice(VdeviceObject now) {
        vdevice = now;
    }

    private HostSmmu smmu() {
        return physical.smmu();
    }

    @Override
    public String hostName() {
        return physical.address();
    }

    @Override
    public HardwareInfo hardwareInfo() throws HostException {
        synchronized (file) {
            require(file, Operation.IOMMU_GET_HW_INFO);
            file.faults().check(Operation.IOMMU_GET_HW_INFO);
            SmmuIdentity identity = smmu().identity();
            return PromisedFields.of(identity, smmu().parameters().told(), !hasAts(), pasidBits());
        }
    }

    boolean hasAts() {
        return physical.hasAts() && smmu().parameters().ats();
    }

    int pasidBits() {
        return Math.min(physical.pasidBits(), smmu().parameters().substreamBits());
    }

    @Override
    public Hwpt allocateHwpt(Ioas ioas, boolean nestingParent) throws HostException {
        synchronized (file) {
            require(file, Operation.IOMMU_HWPT_ALLOC);
            file.faults().check(Operation.IOMMU_HWPT_ALLOC);
            if (nestingParent && !smmu().parameters().nesting()) {
                throw new HostException(Operation.IOMMU_HWPT_ALLOC.name(), Errno.EOPNOTSUPP,
                        "%s has no stage 2, so %s cannot be nested".formatted(smmu().name(), hostName()));
            }
            return PagingHwpt.allocate(
                    own(ioas, IoasObject.class, Operation.IOMMU_HWPT_ALLOC), smmu(), doorbell(), nestingParent, false);
        }
    }

    private static long doorbell() {
        return HostIts.DOORBELL_PAGE;
    }

    @Override
    public Viommu allocateViommu(Hwpt parent) throws HostException {
        synchronized (file) {
            require(file, Operation.IOMMU_VIOMMU_ALLOC);
            file.faults().check(Operation.IOMMU_VIOMMU_ALLOC);
            IommufdObject object = own(parent, IommufdObject.class, Operation.IOMMU_VIOMMU_ALLOC);
            if (!(object instanceof PagingHwpt table) || !table.isNestingParent() || table.smmu() != smmu()) {
                throw new HostException(Operation.IOMMU_VIOMMU_ALLOC.name(), Errno.EINVAL,
                        "%s is no nesting parent on %s".formatted(object, smmu().name()));
            }
            if (!smmu().parameters().forcedWriteBack()) {
                throw new HostException(Operation.IOMMU_VIOMMU_ALLOC.name(), Errno.EOPNOTSUPP,
                        "%s has no S2FWB, and %s no CANWBS".formatted(smmu().name(), hostName()));
            }
            if (physical.streamIds().size() != 1) {
                throw new HostException(Operation.IOMMU_VIOMMU_ALLOC.name(), Errno.EOPNOTSUPP,
                        "%s has StreamIDs %s: expected one".formatted(hostName(), physical.streamIds()));
            }
            return new ViommuObject(table);
        }
    }

    /** {@return an object of this iommufd as this host made it} */
    private <T extends IommufdObject> T own(Object object, Class<T> type, Operation operation) throws HostException {
        if (!type.isInstance(object)) {
            throw new HostException(operation.name(), Errno.ENOENT,
                    "%s is no object of this iommufd".formatted(object));
        }
        T own = type.cast(object);
        own.require(file, operation);
        return own;
    }

    @Override
    public void attach(PageTable table) throws HostException {
        synchronized (file) {
            begin(Operation.VFIO_DEVICE_ATTACH_IOMMUFD_PT);
            switch (own(table, IommufdObject.class, Operation.VFIO_DEVICE_ATTACH_IOMMUFD_PT)) {
                case IoasObject ioas -> attachAutomatic(ioas, -1);
                case PagingHwpt paging -> attachment.attach(sameSmmu(paging, paging.smmu()));
                case NestedHwpt nested -> attachment.attach(checked(nested));
                default -> throw refused(Errno.EINVAL, "%s is no page table".formatted(table));
            }
        }
    }

    @Override
    public void attach(int pasid, PageTable table) throws HostException {
        synchronized (file) {
            begin(Operation.VFIO_DEVICE_ATTACH_IOMMUFD_PT);
            checkPasid(pasid);
            switch (own(table, IommufdObject.class, Operation.VFIO_DEVICE_ATTACH_IOMMUFD_PT)) {
                case IoasObject ioas -> attachAutomatic(ioas, pasid);
                case PagingHwpt paging -> attachment.attachPasid(pasid, stage1(sameSmmu(paging, paging.smmu())));
                default -> throw refused(Errno.EINVAL,
                        "%s is a guest's: its CDs say what a PASID translates with".formatted(table));
            }
        }
    }

    private void begin(Operation operation) throws HostException {
        require(file, operation);
        file.faults().check(operation);
    }

    private void checkPasid(int pasid) throws HostException {
        if (pasid < 1 || pasid > LARGEST_PASID || pasid >>> pasidBits() != 0) {
            throw refused(Errno.EOPNOTSUPP, "PASID 0x%x: %s has %d bits of PASID, %s %d of SubstreamID".formatted(
                    pasid, hostName(), physical.pasidBits(), smmu().name(), smmu().parameters().substreamBits()));
        }
    }

    private <T> T sameSmmu(T table, HostSmmu itsSmmu) throws HostException {
        if (itsSmmu != smmu()) {
            throw refused(Errno.EINVAL, "%s is of %s, %s is behind %s".formatted(
                    table, itsSmmu.name(), hostName(), smmu().name()));
        }
        return table;
    }

    private PagingHwpt stage1(PagingHwpt table) throws HostException {
        if (table.isNestingParent()) {
            throw refused(Errno.EINVAL, "%s is one of stage 2: a PASID needs one of stage 1".formatted(table));
        }
        return table;
    }

    private NestedHwpt checked(NestedHwpt nested) throws HostException {
        sameSmmu(nested, nested.viommu().smmu());
        if (nested.translates() && (vdevice == null || vdevice.viommu() != nested.viommu())) {
            throw refused(Errno.ENOENT, "%s translates: %s needs a vDEVICE of %s first".formatted(
                    nested, hostName(), nested.viommu()));
        }
        return nested;
    }

    private void attachAutomatic(IoasObject ioas, int pasid) throws HostException {
        PagingHwpt table = ioas.automatic(smmu());
        boolean made = table == null;
        if (made) {
            table = PagingHwpt.allocate(ioas, smmu(), doorbell(), false, true);
        }
        try {
            if (pasid < 0) {
                attachment.attach(table);
            } else {
                attachment.attachPasid(pasid, table);
            }
        } catch (HostException e) {
            if (made) {
                table.destroy();
            }
            throw e;
        }
    }

    HostException refused(Errno errno, String why) {
        return new HostException(Operation.VFIO_DEVICE_ATTACH_IOMMUFD_PT.name(), errno, why);
    }

    @Override
    public void detach() throws HostException {
        synchronized (file) {
            if (!file.isClosed()) {
                begin(Operation.VFIO_DEVICE_DETACH_IOMMUFD_PT);
                attachment.detach();
            }
        }
    }

    @Override
    public void detach(int pasid) throws HostException {
        synchronized (file) {
            if (!file.isClosed()) {
                begin(Operation.VFIO_DEVICE_DETACH_IOMMUFD_PT);
                attachment.detachPasid(pasid);
            }
        }
    }

    /** Drops what the device has cached, where it may cache. */
    void forgetTranslations() {
        if (attachment.ats()) {
            physical.streamIds().forEach(smmu()::invalidateDevice);
        }
    }

    /** Takes an event of the hardware. Called on the interrupt thread, under no lock. */
    void report(ViommuObject viommu, int virtualStreamId, long[] record) {
        EventType type = EventType.ofId(EventRecord.EVENT_ID.getInt(record));
        if (type != null && FORWARDED.contains(type) && !EventRecord.S2.isSet(record)) {
            long[] forwarded = record.clone();
            EventRecord.STREAM_ID.set(forwarded, Integer.toUnsignedLong(virtualStreamId));
            viommu.report(forwarded);
        }
    }

    /** Detaches whatever happens; the device is about to be unbound. */
    void letGo() {
        attachment.letGo();
    }

    @Override
    void release() {
        letGo();
        physical.unbound();
    }

    @Override
    List<IommufdObject> otherUses() {
        return new ArrayList<>(attachment.tables());
    }

    @Override
    String describe() {
        return "%s, %s".formatted(hostName(), attachment.describe());
    }
}
