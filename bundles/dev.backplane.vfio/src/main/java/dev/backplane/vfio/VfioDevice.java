package dev.backplane.vfio;

import dev.backplane.device.Leases;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.AssignedDevice;
import dev.backplane.hostpci.AssignedDeviceContext;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.hostpci.HostPciDevices;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.irq.EventFd;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.List;
import java.util.Map;

/**
 * A host device on the board. The open device is a lease of the slot, so it does DMA and interrupts on while its model
 * changes hands. Its registers are the hardware's and not part of the saved state.
 */
final class VfioDevice implements AssignedDevice, Inspectable {
    static final String TYPE = "vfio-pci";
    static final String HOST = "host";
    static final String IOMMUFD = "iommufd";
    static final String DEVICE_LEASE = "device";
    private static final String MSI_VECTORS = "msi-vectors";
    private static final String MSIX_VECTORS = "msix-vectors";
    private static final String MSI_ENABLED = "msi-enabled";
    private static final String MSIX_ENABLED = "msix-enabled";
    private static final int STATE_VERSION = 2;
    private static final int COMMAND = 0x04;
    private static final int MEMORY_SPACE = 1 << 1;
    private static final int BUS_MASTER = 1 << 2;
    private static final int PIN_DISABLE = 1 << 10;

    private final HostPciDevices hosts;
    private final FunctionReader function;
    private final String iommufd;
    private final PciFunctionDescription description;
    private volatile HostPciDevice device;
    private volatile HostInterrupts interrupts;
    private AssignedDeviceContext context;

    VfioDevice(HostPciDevices hosts, FunctionReader function, String iommufd) {
        this.hosts = hosts;
        this.function = function;
        this.iommufd = iommufd;
        description = function.describe(
                bar -> new HostRegister(() -> device, bar, () -> interrupts.registersTouched()));
    }

    @Override
    public PciFunctionDescription describe() {
        return description;
    }

    @Override
    public boolean hasIommufd() {
        return !iommufd.isEmpty();
    }

    @Override
    public void realize(PciDeviceContext given) throws RealizeException {
        if (!(given instanceof AssignedDeviceContext assigned)) {
            throw new RealizeException(
                    "vfio-pci: this board cannot take devices of a host: use a board of the virt machine");
        }
        context = assigned;
        Leases leases = assigned.platform(Leases.class).orElseThrow(() -> new RealizeException(
                "vfio-pci: slot %s can hold no resources of the host".formatted(assigned.slot())));
        HostPciDevice adopted = leases.find(DEVICE_LEASE, HostPciDevice.class).orElse(null);
        if (adopted != null && !adopted.address().equals(function.address())) {
            throw new RealizeException("vfio-pci: slot %s holds host device %s: unplug it before host=%s is plugged"
                    .formatted(assigned.slot(), adopted.address(), function.address()));
        }
        HostPciDevice opened = adopted == null ? open() : adopted;
        if (adopted == null) {
            leases.hold(DEVICE_LEASE, opened);
        }
        try {
            assigned.connect(opened, iommufd);
            interrupts = new HostInterrupts(opened, assigned, leases, description);
            device = opened;
        } catch (RealizeException | RuntimeException e) {
            if (adopted == null) {
                leases.remove(DEVICE_LEASE);
                opened.close();
            }
            throw e;
        }
    }

    private HostPciDevice open() throws RealizeException {
        try {
            return hosts.open(function.address());
        } catch (HostException e) {
            throw new RealizeException(switch (e.errno()) {
                case EBUSY -> "vfio-pci: host=%s: the device is in use (EBUSY): host:list shows by whom, and what is "
                        .formatted(function.address()) + "free";
                case ENODEV -> "vfio-pci: host=%s: the host has no such device to give away (ENODEV): host:list shows "
                        .formatted(function.address()) + "those it has";
                default -> "vfio-pci: host=%s cannot be opened: %s".formatted(function.address(), e.getMessage());
            });
        }
    }

    @Override
    public int readConfig(int offset, int size) {
        return (int) device.read(HostPciDevice.CONFIG_REGION, offset, size);
    }

    @Override
    public void writeConfig(int offset, int size, int value) {
        device.write(HostPciDevice.CONFIG_REGION, offset, size, value & -1L >>> 64 - 8 * size);
    }

    @Override
    public void commandChanged(boolean busMaster, boolean pinDisabled) {
        device.write(HostPciDevice.CONFIG_REGION, COMMAND, 2,
                MEMORY_SPACE | (busMaster ? BUS_MASTER : 0) | (pinDisabled ? PIN_DISABLE : 0));
    }

    @Override
    public void vectorsEnabled(boolean msix, int vectors) {
        interrupts.enable(msix, vectors);
    }

    @Override
    public void vectorUsed(int vector, boolean msix, EventFd trigger) {
        interrupts.use(vector, msix, trigger);
    }

    @Override
    public void vectorReleased(int vector, boolean msix) {
        interrupts.release(vector, msix);
    }

    @Override
    public long pendingVectors(boolean msix, int first) {
        if (msix) {
            Msix table = description.msix();
            return device.read(table.pbaBar(), table.pbaOffset() + first / Byte.SIZE, 8);
        }
        int at = function.msiPending();
        return at == 0 ? 0 : device.read(HostPciDevice.CONFIG_REGION, at, 4);
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        // DMA has to be quiet when the IOMMU resets, which is in the exit phase.
        if (phase == ResetPhase.HOLD) {
            try {
                device.reset();
            } catch (HostException e) {
                context.log().hostError("reset of host device %s: %s".formatted(function.address(), e.getMessage()));
            }
        }
    }

    @Override
    public void quiesce() {
        interrupts.quiesce();
    }

    @Override
    public void resume() {
        interrupts.resume();
    }

    @Override
    public SavedState save() {
        return new SavedState(TYPE, STATE_VERSION, Map.of(
                HOST, function.address(),
                MSI_ENABLED, interrupts.isEnabled(false),
                MSIX_ENABLED, interrupts.isEnabled(true),
                MSI_VECTORS, interrupts.used(false),
                MSIX_VECTORS, interrupts.used(true)));
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        state.require(TYPE, STATE_VERSION);
        String before = state.get(HOST, String.class);
        if (!before.equals(function.address())) {
            throw new RestoreException("vfio-pci: state is of host device %s, this is %s: registers of one device are "
                    .formatted(before, function.address()) + "not another's; unplug it and plug this one");
        }
        adopt(state, false, MSI_ENABLED, MSI_VECTORS);
        adopt(state, true, MSIX_ENABLED, MSIX_VECTORS);
    }

    private void adopt(SavedState state, boolean msix, String enabled, String connected) throws RestoreException {
        int[] vectors = state.get(connected, int[].class);
        // In layout version 1 a kind was enabled while a vector was connected.
        interrupts.adopt(msix, state.version() < 2 ? vectors.length != 0 : state.get(enabled, Boolean.class), vectors);
    }

    @Override
    public void unrealize() {
        interrupts.quiesce();
    }

    @Override
    public InspectNode inspect() {
        return InspectNode.group(TYPE, List.of(
                InspectNode.text(HOST, function.address()),
                InspectNode.text(IOMMUFD, iommufd),
                InspectNode.number("vectors", interrupts.vectorsInUse()),
                InspectNode.text("interrupts", interrupts.describe())));
    }
}
