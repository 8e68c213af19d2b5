package dev.backplane.vm.load;

import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.FunctionImage;
import dev.backplane.vm.capture.SmmuRegister;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Plans the board that a capture needs: the machine, its SMMUs and root buses, and the devices that there are models
 * of.
 */
final class BoardPlan {
    private static final String SMMU_TYPE = "arm-smmuv3";
    /** ID registers of the machine that captures were taken on. */
    private static final String PROFILE = "virt-11.1";
    private static final long STAGES = 3;
    /** Where the machine option iommu=smmuv3 puts its SMMU. */
    private static final long MACHINE_SMMU = 0x0905_0000L;

    /** Devices of which there are models, with the IDs by which the capture's function list shows them. */
    private enum Model {
        PXB("pxb-pcie", 0x1B36, 0x000B),
        ROOT_PORT("pcie-root-port", 0x1B36, 0x000C),
        TEST_DEVICE("iommu-testdev", 0x1B36, 0x0005),
        EDU("edu", 0x1234, 0x11E8);

        private final String type;
        private final int vendorId;
        private final int deviceId;

        Model(String type, int vendorId, int deviceId) {
            this.type = type;
            this.vendorId = vendorId;
            this.deviceId = deviceId;
        }
    }

    private final Capture capture;
    private final List<FunctionImage> unplaced;

    BoardPlan(Capture capture) {
        this.capture = capture;
        unplaced = new ArrayList<>(capture.functions());
    }

    BoardDefinition definition(String name) {
        var options = new LinkedHashMap<>(capture.machine().options());
        options.put("memory", Long.toString(capture.machine().memory()));
        options.put("smp", Integer.toString(capture.machine().processors()));
        var devices = new ArrayList<DeviceRequest>();
        for (Capture.SmmuImage smmu : capture.smmus()) {
            if (smmu.base() == MACHINE_SMMU) {
                options.put("iommu", "smmuv3");
                options.put("iommu-profile", PROFILE);
            }
        }
        for (Capture.Device device : capture.machine().devices()) {
            if (device.type().equals(SMMU_TYPE)) {
                devices.add(smmu(device));
                continue;
            }
            for (Model model : Model.values()) {
                if (model.type.equals(device.type())) {
                    devices.add(place(device, model));
                }
            }
        }
        return new BoardDefinition(name, "virt", options, devices);
    }

    /** {@return how many functions of the capture have no model; their requester IDs work all the same} */
    int withoutModel() {
        return unplaced.size();
    }

    private DeviceRequest smmu(Capture.Device device) {
        String id = device.properties().getOrDefault("id", "");
        Capture.SmmuImage image = capture.smmus().stream()
                .filter(smmu -> smmu.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "cmdline.txt, -device arm-smmuv3: id '%s' is no SMMU of registers.json".formatted(id)));
        var properties = new LinkedHashMap<>(device.properties());
        properties.remove("id");
        properties.putAll(smmuProperties(image));
        return new DeviceRequest(SMMU_TYPE, id, "", "", properties);
    }

    private static Map<String, String> smmuProperties(Capture.SmmuImage smmu) {
        String stage = switch ((int) (smmu.register(SmmuRegister.IDR0.name()) & STAGES)) {
            case 1 -> "2";
            case 2 -> "1";
            case 3 -> "nested";
            default -> throw new IllegalArgumentException("registers.json, IDR0 of '%s': neither S1P nor S2P is 1"
                    .formatted(smmu.id()));
        };
        return Map.of("profile", PROFILE, "stage", stage);
    }

    /** Gives a device the address that its function has in the capture: functions stand in the order of the devices. */
    private DeviceRequest place(Capture.Device device, Model model) {
        var properties = new LinkedHashMap<>(device.properties());
        String id = removed(properties, "id");
        String bus = removed(properties, "bus");
        String address = removed(properties, "addr");
        // A chassis number has no register here, and no translation depends on it.
        properties.remove("chassis");
        for (FunctionImage function : unplaced) {
            if (function.vendorId() == model.vendorId && function.deviceId() == model.deviceId) {
                address = "%02x.%x".formatted(function.address().device(), function.address().function());
                unplaced.remove(function);
                break;
            }
        }
        return new DeviceRequest(device.type(), id, bus, address, properties);
    }

    private static String removed(Map<String, String> properties, String key) {
        String value = properties.remove(key);
        return value == null ? "" : value;
    }
}
