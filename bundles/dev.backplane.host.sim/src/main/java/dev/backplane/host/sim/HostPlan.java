package dev.backplane.host.sim;

import dev.backplane.host.pci.DeviceKind;
import dev.backplane.host.smmu.SmmuParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a host is made of. Immutable.
 *
 * @param smmus number of physical SMMUs, 1 to 64; each has a PCI segment
 * @param parameters what each SMMU has
 * @param devices devices, in the order of their addresses
 */
public record HostPlan(int smmus, SmmuParameters parameters, List<Device> devices) {
    private static final int MOST_SMMUS = 64;
    private static final Pattern DEVICES = Pattern.compile("([a-z]+)(?:\\*(\\d{1,5}))?(?:@(\\d{1,2}))?");

    /** One SMMU, two DMA engines at 0000:01:00.0 and 0000:02:00.0, and one with ATS at 0000:03:00.0. */
    public static final HostPlan DEFAULT = new HostPlan(1, SmmuParameters.DEFAULT, devices("dma*2", "ats"));

    /**
     * A device.
     *
     * @param kind what it is
     * @param smmu number of the SMMU in front of it
     */
    public record Device(DeviceKind kind, int smmu) {}

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if there are too few or too many SMMUs, or a device is behind none of them
     */
    public HostPlan {
        devices = List.copyOf(devices);
        if (smmus < 1 || smmus > MOST_SMMUS) {
            throw new IllegalArgumentException("smmus %d: expected 1 to %d".formatted(smmus, MOST_SMMUS));
        }
        for (Device device : devices) {
            if (device.smmu() >= smmus) {
                throw new IllegalArgumentException("devices: a device at SMMU %d, and there are %d, numbered from 0"
                        .formatted(device.smmu(), smmus));
            }
        }
    }

    /**
     * Reads lists of devices as users write them: {@code dma}, {@code ats*2}, {@code dma*250@3}.
     *
     * @throws IllegalArgumentException if one is not of that form, or names an unknown kind
     */
    public static List<Device> devices(String... texts) {
        var devices = new ArrayList<Device>();
        for (String text : texts) {
            Matcher match = DEVICES.matcher(text.strip());
            DeviceKind kind = match.matches() ? kind(match.group(1)) : null;
            if (kind == null) {
                throw new IllegalArgumentException(
                        "devices: '%s' is no device: expected KIND, KIND*COUNT or KIND*COUNT@SMMU, KIND one of %s"
                                .formatted(text, String.join(", ",
                                        Arrays.stream(DeviceKind.values()).map(DeviceKind::text).toList())));
            }
            int count = match.group(2) == null ? 1 : Integer.parseInt(match.group(2));
            int smmu = match.group(3) == null ? 0 : Integer.parseInt(match.group(3));
            for (int i = 0; i < count; i++) {
                devices.add(new Device(kind, smmu));
            }
        }
        return devices;
    }

    private static DeviceKind kind(String text) {
        return Arrays.stream(DeviceKind.values()).filter(kind -> kind.text().equals(text)).findFirst().orElse(null);
    }
}
