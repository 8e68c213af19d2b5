package dev.backplane.qtest.fake;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.MachineType;
import dev.backplane.board.Placement;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.irq.MsiController;
import dev.backplane.qtest.control.Providers;
import java.util.List;
import java.util.Map;

/** A machine type virt, and factories of a few device types. */
public final class FakeProviders implements Providers {
    private int models;

    /** {@return how many models were made} */
    public int models() {
        return models;
    }

    @Override
    public List<String> missing(String type) {
        return type.equals("vfio-pci") ? List.of("a.Host") : List.of();
    }

    @Override
    public List<MachineType> machineTypes() {
        return List.of(new FakeMachine());
    }

    @Override
    public List<DeviceFactory> deviceFactories() {
        return List.of(new FakeFactory("arm-gicv3"), new FakeFactory("arm-gicv3-its"), new FakeFactory("arm-smmuv3"),
                new FakeFactory("edu"));
    }

    @Override
    public void needDevice(String type) {}

    @Override
    public boolean startModule(String name) {
        return name.equals("hw-edu");
    }

    private final class FakeFactory implements DeviceFactory {
        private final String type;

        FakeFactory(String type) {
            this.type = type;
        }

        @Override
        public String type() {
            return type;
        }

        @Override
        public String description() {
            return "a " + type;
        }

        @Override
        public List<PropertyDescriptor> properties() {
            if (type.equals("arm-gicv3-its")) {
                return List.of(PropertyDescriptor.of(MsiController.ROOT_BUS, PropertyType.STRING, "", "whose MSIs"));
            }
            return List.of(
                    PropertyDescriptor.of("level", PropertyType.UINT32, 3L, "some level"),
                    PropertyDescriptor.choice("profile", "default", "what it shows", "default", "virt-11.1"),
                    PropertyDescriptor.choice("stage", "nested", "stages", "1", "2", "nested"));
        }

        @Override
        public DeviceModel create(DeviceProperties properties) {
            models++;
            return type.equals("edu") ? new FakeFunction() : new FakeSmmu();
        }
    }

    private static final class FakeMachine implements MachineType {
        @Override
        public String name() {
            return "virt";
        }

        @Override
        public String description() {
            return "a machine";
        }

        @Override
        public List<PropertyDescriptor> options() {
            return List.of(
                    PropertyDescriptor.of("memory", PropertyType.SIZE, 1L, "RAM"),
                    PropertyDescriptor.of("mem-path", PropertyType.STRING, "", "file"),
                    PropertyDescriptor.of("smp", PropertyType.UINT32, 1L, "processors"),
                    PropertyDescriptor.choice("clock", "realtime", "clock", "realtime", "manual"),
                    PropertyDescriptor.choice("iommu", "none", "IOMMU", "none", "smmuv3"),
                    PropertyDescriptor.choice("iommu-stage", "nested", "stages", "1", "2", "nested"),
                    PropertyDescriptor.choice("iommu-profile", "default", "what it shows", "default", "virt-11.1"),
                    PropertyDescriptor.choice("gic-version", "3", "GIC", "2", "3"),
                    PropertyDescriptor.of("virtio-mmio-transports", PropertyType.UINT32, 0L, "transports"));
        }

        @Override
        public MachineDefinition define(DeviceProperties options) {
            if (options.text("gic-version").equals("2") && options.number("smp") > 8) {
                throw new IllegalArgumentException("smp=%d: too many for a GICv2".formatted(options.number("smp")));
            }
            var gic = new SlotDefinition("gic", "arm-gicv3", Map.of(), Placement.none(), false);
            var smmu = new SlotDefinition("smmu0", "arm-smmuv3", Map.of(), Placement.none(), false);
            return new MachineDefinition(
                    List.of(), List.of(), options.text("iommu").equals("none") ? List.of(gic) : List.of(gic, smmu));
        }

        @Override
        public SlotDefinition prePlug(Board board, DeviceRequest request) {
            return new SlotDefinition(request.id(), request.deviceType(), Map.of(), Placement.none(), true);
        }
    }
}
