package dev.backplane.host.pci;

import dev.backplane.host.iommufd.IommufdFile;
import dev.backplane.host.memory.FaultPlan;
import dev.backplane.host.memory.Operation;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Iommufd;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.irq.EventFd;
import java.util.List;

/** A device that somebody has open. */
final class OpenDevice implements HostPciDevice {
    private final PhysicalFunction function;
    private final FaultPlan faults;
    private final Runnable whenClosed;
    // Guarded by this.
    private Runnable unbind;
    private volatile boolean closed;

    OpenDevice(PhysicalFunction function, FaultPlan faults, Runnable whenClosed) {
        this.function = function;
        this.faults = faults;
        this.whenClosed = whenClosed;
        function.disableMastering();
    }

    @Override
    public String address() {
        return function.address();
    }

    @Override
    public synchronized IommufdDevice bind(Iommufd iommufd) throws HostException {
        requireOpen(Operation.VFIO_DEVICE_BIND_IOMMUFD);
        faults.check(Operation.VFIO_DEVICE_BIND_IOMMUFD);
        if (!(iommufd instanceof IommufdFile file)) {
            throw new HostException(Operation.VFIO_DEVICE_BIND_IOMMUFD.name(), Errno.EINVAL,
                    "%s is no iommufd of this host".formatted(iommufd));
        }
        if (!function.bind()) {
            throw new HostException(Operation.VFIO_DEVICE_BIND_IOMMUFD.name(), Errno.EINVAL,
                    "%s is bound already".formatted(address()));
        }
        try {
            IommufdFile.Binding binding = file.bind(function);
            unbind = binding.unbind();
            return binding.device();
        } catch (HostException e) {
            function.unbound();
            throw e;
        }
    }

    @Override
    public List<Region> regions() {
        return PhysicalFunction.regions();
    }

    @Override
    public long read(int region, long offset, int size) {
        if (!isInside(region, offset, size)) {
            return -1L >>> 64 - 8 * size;
        }
        if (region == CONFIG_REGION) {
            return size == 8
                    ? function.readConfig((int) offset, 4) & 0xFFFF_FFFFL
                            | (long) function.readConfig((int) offset + 4, 4) << 32
                    : function.readConfig((int) offset, size) & -1L >>> 64 - 8 * size;
        }
        if (size == 8) {
            return function.readBar(region, (int) offset) & 0xFFFF_FFFFL
                    | (long) function.readBar(region, (int) offset + 4) << 32;
        }
        int word = function.readBar(region, (int) offset & ~3);
        return word >>> 8 * ((int) offset & 3) & -1L >>> 64 - 8 * size;
    }

    @Override
    public void write(int region, long offset, int size, long value) {
        if (!isInside(region, offset, size)) {
            return;
        }
        if (size == 8) {
            write(region, offset, 4, value & 0xFFFF_FFFFL);
            write(region, offset + 4, 4, value >>> 32);
        } else if (region == CONFIG_REGION) {
            function.writeConfig((int) offset, size, (int) value);
        } else if (size == 4) {
            // Registers of the device are words; parts of one cannot be written.
            function.writeBar(region, (int) offset, (int) value);
        }
    }

    private boolean isInside(int region, long offset, int size) {
        if (closed || region < 0 || region >= regions().size()) {
            return false;
        }
        return offset >= 0 && offset + size <= regions().get(region).size();
    }

    @Override
    public int interrupts(IrqIndex index) {
        return switch (index) {
            case INTX -> 1;
            case MSI -> 0;
            case MSIX -> MsixUnit.VECTORS;
        };
    }

    @Override
    public synchronized void setTriggers(IrqIndex index, int first, List<EventFd> triggers) throws HostException {
        requireOpen(Operation.VFIO_DEVICE_SET_IRQS);
        faults.check(Operation.VFIO_DEVICE_SET_IRQS);
        if (triggers.isEmpty() || first < 0 || first + triggers.size() > interrupts(index)) {
            throw refused("%s %d to %d: expected some of 0 to %d".formatted(
                    index, first, first + triggers.size() - 1, interrupts(index) - 1));
        }
        if (index == IrqIndex.MSIX ? function.usesPin() : function.usesVectors()) {
            throw refused("%s: another kind of interrupts is enabled".formatted(index));
        }
        if (index == IrqIndex.MSIX) {
            function.connectVectors(first, triggers);
        } else {
            function.connectPin(triggers.getFirst());
        }
    }

    private HostException refused(String why) {
        return new HostException(Operation.VFIO_DEVICE_SET_IRQS.name(), Errno.EINVAL, address() + ": " + why);
    }

    @Override
    public synchronized void disable(IrqIndex index) throws HostException {
        requireOpen(Operation.VFIO_DEVICE_SET_IRQS);
        faults.check(Operation.VFIO_DEVICE_SET_IRQS);
        switch (index) {
            case MSIX -> function.disableVectors();
            case INTX -> function.connectPin(null);
            case MSI -> { }
        }
    }

    @Override
    public void maskPin(boolean masked) {
        if (!closed) {
            function.maskPin(masked);
        }
    }

    @Override
    public void reset() throws HostException {
        requireOpen(Operation.VFIO_DEVICE_RESET);
        faults.check(Operation.VFIO_DEVICE_RESET);
        function.reset();
    }

    private void requireOpen(Operation operation) throws HostException {
        if (closed) {
            throw new HostException(operation.name(), Errno.ENODEV, "%s was closed".formatted(address()));
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            function.disableMastering();
            function.reset();
            function.disableVectors();
            function.connectPin(null);
            if (unbind != null) {
                unbind.run();
            }
        }
        whenClosed.run();
    }
}
