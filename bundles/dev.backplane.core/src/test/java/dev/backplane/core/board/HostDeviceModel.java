package dev.backplane.core.board;

import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import dev.backplane.hostpci.AssignedDevice;
import dev.backplane.hostpci.AssignedDeviceContext;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.irq.EventFd;
import dev.backplane.pci.PciCapability;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A model of a host's device, with four vectors of MSI and MSI-X each and a capability that stays where it is. */
final class HostDeviceModel implements AssignedDevice {
    static final String TYPE = "pci-host";
    static final int VENDOR_CAPABILITY = 0xC0;

    private final Factory factory;
    private final DeviceProperties properties;
    final Map<String, EventFd> used = new TreeMap<>();
    final List<ResetPhase> resets = new ArrayList<>();
    long pendingMsi;
    long pendingMsix;
    private HostPciDevice device;
    AssignedDeviceContext context;

    HostDeviceModel(Factory factory, DeviceProperties properties) {
        this.factory = factory;
        this.properties = properties;
    }

    /** Makes them. */
    static final class Factory implements DeviceFactory {
        final FakeHost host;
        final List<String> journal = new ArrayList<>();
        final List<HostDeviceModel> models = new ArrayList<>();
        boolean failsLate;
        Runnable whenReleased = () -> { };
        boolean withIommufd = true;

        Factory(FakeHost host) {
            this.host = host;
        }

        Offer offer(long id) {
            return new Offer(id, id, (int) id, HostDeviceModel.TYPE, id, "host [" + id + "]", this, FactoryCondition.ALWAYS);
        }

        HostDeviceModel last() {
            return models.getLast();
        }

        @Override
        public String type() {
            return HostDeviceModel.TYPE;
        }

        @Override
        public String description() {
            return "a host's device";
        }

        @Override
        public List<PropertyDescriptor> properties() {
            return List.of(
                    PropertyDescriptor.of("host", PropertyType.STRING, "", "address"),
                    PropertyDescriptor.of("iommufd", PropertyType.STRING, "fd0", "name"));
        }

        @Override
        public DeviceModel create(DeviceProperties properties) {
            var made = new HostDeviceModel(this, properties);
            models.add(made);
            return made;
        }
    }

    @Override
    public boolean hasIommufd() {
        return factory.withIommufd;
    }

    @Override
    public PciFunctionDescription describe() {
        return PciFunctionDescription.builder(0x8086, 0x1234)
                .interruptPin(1)
                .express()
                .msi(4, true)
                .msix(new Msix(4, 0, 0, 0, 0x800))
                .capability(new PciCapability(
                        0x09, false, 0, new byte[] {8, 1, 2, 3, 4, 5}, new byte[6], VENDOR_CAPABILITY))
                .build();
    }

    @Override
    public void realize(PciDeviceContext door) throws RealizeException {
        context = (AssignedDeviceContext) door;
        device = factory.host.devices.get(properties.text("host"));
        context.connect(device, factory.withIommufd ? properties.text("iommufd") : "");
        if (factory.failsLate) {
            throw new RealizeException("the device does not answer");
        }
    }

    @Override
    public int readConfig(int offset, int size) {
        return (int) device.read(HostPciDevice.CONFIG_REGION, offset, size);
    }

    @Override
    public void writeConfig(int offset, int size, int value) {
        factory.journal.add("config 0x%x %d 0x%x".formatted(offset, size, value));
        device.write(HostPciDevice.CONFIG_REGION, offset, size, value);
    }

    @Override
    public void commandChanged(boolean busMaster, boolean pinDisabled) {
        factory.journal.add("master %s, pin %s".formatted(busMaster ? "on" : "off", pinDisabled ? "off" : "on"));
    }

    @Override
    public void vectorsEnabled(boolean msix, int vectors) {
        String kind = msix ? "msix" : "msi";
        factory.journal.add(vectors == 0 ? "disables " + kind : "enables %s, %d vectors".formatted(kind, vectors));
    }

    private static String name(int vector, boolean msix) {
        return (msix ? "msix" : "msi") + vector;
    }

    @Override
    public void vectorUsed(int vector, boolean msix, EventFd trigger) {
        factory.journal.add("uses " + name(vector, msix));
        used.put(name(vector, msix), trigger);
    }

    @Override
    public void vectorReleased(int vector, boolean msix) {
        factory.journal.add("releases " + name(vector, msix));
        factory.whenReleased.run();
        used.remove(name(vector, msix));
    }

    @Override
    public long pendingVectors(boolean msix, int first) {
        return (msix ? pendingMsix : pendingMsi) >>> first;
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        resets.add(phase);
    }

    @Override
    public void quiesce() {}

    @Override
    public void resume() {}

    @Override
    public SavedState save() {
        return new SavedState(TYPE, 1, Map.of());
    }

    @Override
    public void restore(SavedState state) {}

    @Override
    public void unrealize() {}
}
