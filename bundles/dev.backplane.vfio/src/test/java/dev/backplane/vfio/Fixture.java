package dev.backplane.vfio;

import dev.backplane.device.DeviceLog;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.Leases;
import dev.backplane.device.RealizeException;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Iommufd;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostpci.AssignedDeviceContext;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.hostpci.HostPciDevices;
import dev.backplane.hostpci.HostPciFunction;
import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.EventFd;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bdf;
import dev.backplane.time.VirtualClock;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** A host with one device, and a board's slot; both write down what is asked of them. */
final class Fixture implements HostPciDevices, AssignedDeviceContext {
    static final String ADDRESS = "0000:01:00.0";

    final List<String> asked = new ArrayList<>();
    final Map<String, AutoCloseable> held = new LinkedHashMap<>();
    final ByteBuffer config = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    boolean pin;
    boolean acceleratesPin;
    Errno openFails;
    String connectFails;

    Fixture() {
        config.putInt(0x00, 0xBA01_1234).putInt(0x08, 0x12_0000_05).putShort(0x06, (short) 0x10);
        config.putInt(0x10, 0x0000_000C).putInt(0x14, 0).putInt(0x18, 0).putInt(0x2C, 0x0002_1234);
        config.put(0x34, (byte) 0x40).put(0x3D, (byte) 1);
        config.putInt(0x40, 0x0008_5009).putInt(0x44, 0xCAFE_F00D);
        config.putInt(0x50, 0x0002_6010).putInt(0x60, 0x0086_7005);
        config.putInt(0x70, 0x001F_0011).putInt(0x74, 0x0000_0002).putInt(0x78, 0x0000_0802);
        config.putInt(0x100, 0x1401_000F).putInt(0x104, 0x8005_0020).putInt(0x140, 0x1601_0003).putLong(0x144, 42);
        config.putInt(0x160, 0x0001_001B).putInt(0x164, 0x1006);
    }

    VfioDevice make() {
        return make(Map.of("host", ADDRESS, "iommufd", "iommufd0"));
    }

    VfioDevice make(Map<String, ?> properties) {
        var factory = new VfioFactory(this);
        return (VfioDevice) factory.create(DeviceProperties.of("vfio-pci", factory.properties(), properties));
    }

    // The host

    @Override
    public List<String> addresses() {
        return List.of(ADDRESS);
    }

    @Override
    public HostPciFunction function(String address) throws HostException {
        if (!address.equals(ADDRESS)) {
            throw new HostException("VFIO_DEVICE_OPEN", Errno.ENODEV, address);
        }
        long[] sizes = {0x4000, 0, 0x1000, 0, 0, 0, 0, 4096, 0};
        return new HostPciFunction(address, config.array(), IntStream.range(0, sizes.length)
                .mapToObj(i -> new HostPciDevice.Region(i, sizes[i], true, true)).toList());
    }

    @Override
    public HostPciDevice open(String address) throws HostException {
        if (openFails != null) {
            throw new HostException("VFIO_DEVICE_OPEN", openFails, address);
        }
        asked.add("open");
        return new Device();
    }

    @Override
    public List<InspectNode> inspect() {
        return List.of();
    }

    private final class Device implements HostPciDevice {
        @Override
        public String address() {
            return ADDRESS;
        }

        @Override
        public IommufdDevice bind(Iommufd iommufd) {
            throw new AssertionError("the engine binds");
        }

        @Override
        public List<Region> regions() {
            return List.of();
        }

        @Override
        public long read(int region, long offset, int size) {
            asked.add("read %d 0x%x %d".formatted(region, offset, size));
            return 0x1234_5678;
        }

        @Override
        public void write(int region, long offset, int size, long value) {
            asked.add("write %d 0x%x %d 0x%x".formatted(region, offset, size, value));
        }

        @Override
        public int interrupts(IrqIndex index) {
            return index == IrqIndex.INTX ? 1 : 32;
        }

        @Override
        public void setTriggers(IrqIndex index, int first, List<EventFd> triggers) {
            asked.add("%s %s %s".formatted(
                    index,
                    triggers.size() == 1 ? first : first + " to " + (first + triggers.size() - 1),
                    triggers.getFirst() == null ? "none" : "connected"));
            if (index == IrqIndex.INTX) {
                pinTriggers.add(triggers.getFirst());
            }
        }

        @Override
        public void disable(IrqIndex index) {
            asked.add(index + " off");
        }

        @Override
        public void maskPin(boolean masked) {
            asked.add(masked ? "mask" : "unmask");
        }

        @Override
        public void reset() {
            asked.add("reset");
        }

        @Override
        public void close() {
            asked.add("close");
        }
    }

    final List<EventFd> pinTriggers = new ArrayList<>();

    // The slot

    private final Leases leases = new Leases() {
        @Override
        public <T extends AutoCloseable> T hold(String name, T resource) {
            held.put(name, resource);
            return resource;
        }

        @Override
        public <T> Optional<T> find(String name, Class<T> type) {
            return Optional.ofNullable(held.get(name)).filter(type::isInstance).map(type::cast);
        }

        @Override
        public List<String> names() {
            return List.copyOf(held.keySet());
        }

        @Override
        public boolean remove(String name) {
            return held.remove(name) != null;
        }
    };

    @Override
    public void connect(HostPciDevice device, String iommufd) throws RealizeException {
        if (connectFails != null) {
            throw new RealizeException(connectFails);
        }
        asked.add("connect " + iommufd);
    }

    @Override
    public Optional<EventFd> pinTrigger(EventFd resample) {
        return acceleratesPin ? Optional.of(new Fd()) : Optional.empty();
    }

    @Override
    public InterruptLine intx() {
        return new InterruptLine() {
            @Override
            public void set(boolean asserted) {
                pin = asserted;
            }

            @Override
            public void pulse() {
                throw new AssertionError("the pin is a level");
            }
        };
    }

    @Override
    public <T> Optional<T> platform(Class<T> contract) {
        return contract == Leases.class ? Optional.of(contract.cast(leases)) : Optional.empty();
    }

    @Override
    public DmaPort dma() {
        throw new AssertionError("the device does its DMA itself");
    }

    @Override
    public boolean msiEnabled() {
        return false;
    }

    @Override
    public TransactionResult sendMsi(TransactionContext context, int vector) {
        throw new AssertionError("the device sends its messages itself");
    }

    @Override
    public Bdf address() {
        return new Bdf(0, 3, 0);
    }

    @Override
    public String slot() {
        return "nic0";
    }

    @Override
    public DmaPort memory() {
        throw new AssertionError("the model reads no memory");
    }

    @Override
    public InterruptLine line(String name) {
        throw new AssertionError("the model has no lines");
    }

    @Override
    public VirtualClock clock() {
        throw new AssertionError("the model has no timers");
    }

    @Override
    public Epochs epochs() {
        throw new AssertionError("the model starts no transactions");
    }

    @Override
    public void defer(Effect effect) {
        throw new AssertionError("the model defers nothing");
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        return Optional.empty();
    }

    @Override
    public DeviceLog log() {
        return new DeviceLog() {
            @Override
            public void guestError(String message) {
                asked.add("log " + message);
            }

            @Override
            public void unimplemented(String message) {
                asked.add("log " + message);
            }
        };
    }

    /** An event that nobody signals but a test. */
    static final class Fd implements EventFd {
        @Override
        public void signal() {
            throw new AssertionError("nobody is to signal it");
        }

        @Override
        public void onSignal(Runnable listener) {
            // Nobody signals it.
        }

        @Override
        public long signals() {
            return 0;
        }

        @Override
        public void close() {
            // Nothing to free.
        }
    }
}
