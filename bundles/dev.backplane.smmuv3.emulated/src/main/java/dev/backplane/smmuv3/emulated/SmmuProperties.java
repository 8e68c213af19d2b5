package dev.backplane.smmuv3.emulated;

import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.pci.PciIommu;
import dev.backplane.smmuv3.control.IdentityProfile;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.control.SmmuOptions;
import dev.backplane.smmuv3.translate.Granule;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The properties of the device type, and what they make of its identification. */
final class SmmuProperties {
    static final String ACCEL = "accel";
    private static final String AUTO = "auto";
    private static final String ACCELERATED = "accelerated";
    private static final String VIRT_11_1 = "virt-11.1";
    private static final String STAGE = "stage";
    private static final String PROFILE = "profile";
    private static final String OAS = "oas";
    private static final String RIL = "ril";
    private static final String GRANULES = "granules";
    private static final String SIDSIZE = "sidsize";
    private static final String CMDQS = "cmdqs";
    private static final String EVENTQS = "eventqs";
    private static final String ATS = "ats";
    private static final String SSIDSIZE = "ssidsize";
    private static final String CMDQV = "cmdqv";
    private static final int VIRT_OAS = 44;

    static final List<PropertyDescriptor> DESCRIPTORS = List.of(
            PropertyDescriptor.of(
                    PciIommu.PRIMARY_BUS, PropertyType.LINK, "", "root bus that it governs, such as pcie.0"),
            PropertyDescriptor.of(
                    ACCEL, PropertyType.BOOL, false, "the host's SMMU translates for assigned devices; off here"),
            PropertyDescriptor.choice(STAGE, "nested", "stages that a guest may use", "1", "2", "nested"),
            PropertyDescriptor.choice(
                    PROFILE, "default", "what the ID registers show: all that works, a QEMU machine's, or what accel=on shows",
                    "default", VIRT_11_1, ACCELERATED),
            PropertyDescriptor.choice(
                    OAS, AUTO, "output address bits; auto: 44 with virt-11.1, else what the granules allow", AUTO,
                    "32", "36", "40", "42", "44", "48", "52"),
            PropertyDescriptor.choice(RIL, AUTO, "range invalidation; auto: on", AUTO, "on", "off"),
            PropertyDescriptor.of(
                    GRANULES, PropertyType.STRING, "4K,16K,64K", "translation granules, separated by commas"),
            PropertyDescriptor.of(SIDSIZE, PropertyType.UINT32, 16L, "bits of a StreamID, 1 to 32"),
            PropertyDescriptor.of(CMDQS, PropertyType.UINT32, 19L, "log2 of the most command queue entries, 1 to 19"),
            PropertyDescriptor.of(EVENTQS, PropertyType.UINT32, 19L, "log2 of the most event queue entries, 1 to 19"),
            PropertyDescriptor.choice(ATS, AUTO, "PCIe ATS; auto: off, the only choice here", AUTO, "on", "off"),
            PropertyDescriptor.of(
                    SSIDSIZE, PropertyType.STRING, AUTO, "bits of a SubstreamID; auto: 0, the only choice here"),
            PropertyDescriptor.choice(
                    CMDQV, AUTO, "virtual command queues; auto: off, the only choice here", AUTO, "on", "off"),
            PropertyDescriptor.of("identifier", PropertyType.UINT32, 0L, "number in the firmware's tables, 0 to 255"),
            PropertyDescriptor.wiring(
                    "msi-gpa", PropertyType.UINT64, 0L, "doorbell of the root bus; for accelerated SMMUs"));

    private final String primaryBus;
    private final SmmuIdentity identity;

    /**
     * Takes the values.
     *
     * @throws IllegalArgumentException if they contradict one another or ask for what an SMMU in software has not
     */
    SmmuProperties(DeviceProperties given) {
        primaryBus = given.text(PciIommu.PRIMARY_BUS);
        if (given.bool(ACCEL)) {
            throw new IllegalArgumentException("property accel: on does not fit: install the bundle "
                    + "dev.backplane.smmuv3.accel, which fills slots whose accel is on");
        }
        boolean virt = given.text(PROFILE).equals(VIRT_11_1);
        refuseAccelerated(given, virt);
        Set<Granule> granules = granules(given.text(GRANULES));
        String stage = given.text(STAGE);
        var options = new SmmuOptions(
                !stage.equals("2"),
                !stage.equals("1"),
                outputBits(given.text(OAS), virt, granules),
                !given.text(RIL).equals("off"),
                granules,
                bits(SIDSIZE, given.number(SIDSIZE)),
                bits(CMDQS, given.number(CMDQS)),
                bits(EVENTQS, given.number(EVENTQS)));
        IdentityProfile profile = virt
                ? IdentityProfile.VIRT_11_1
                : given.text(PROFILE).equals(ACCELERATED) ? IdentityProfile.ACCELERATED : IdentityProfile.FULL;
        identity = profile.identity(options);
    }

    /** The words of the messages are those that users of the profile's machine know. */
    private static void refuseAccelerated(DeviceProperties given, boolean virt) {
        if (virt && given.text(RIL).equals("off")) {
            throw new IllegalArgumentException("ril can only be disabled if accel=on or profile=default");
        }
        if (virt && !Set.of(AUTO, Integer.toString(VIRT_OAS)).contains(given.text(OAS))) {
            throw new IllegalArgumentException("oas must be 44 bits when accel=off and profile=virt-11.1");
        }
        if (given.text(ATS).equals("on")) {
            throw new IllegalArgumentException("ats can only be enabled if accel=on");
        }
        if (given.text(CMDQV).equals("on")) {
            throw new IllegalArgumentException("cmdqv can only be enabled if accel=on");
        }
        String ssidsize = given.text(SSIDSIZE);
        if (!ssidsize.matches("auto|0|[1-9]|1[0-9]|20")) {
            throw new IllegalArgumentException(
                    "property ssidsize: '%s' does not fit: expected auto or 0 to 20".formatted(ssidsize));
        }
        if (!ssidsize.equals(AUTO) && !ssidsize.equals("0")) {
            throw new IllegalArgumentException("ssidsize can only be greater than 0 bits if accel=on");
        }
    }

    private static int outputBits(String oas, boolean virt, Set<Granule> granules) {
        if (!oas.equals(AUTO)) {
            return Integer.parseInt(oas);
        }
        return virt ? VIRT_OAS : granules.contains(Granule.KIB64) ? 52 : 48;
    }

    private static int bits(String name, long value) {
        if (value < 1 || value > 32) {
            throw new IllegalArgumentException("%s %d is out of range: expected 1 to %d"
                    .formatted(name, value, name.equals(SIDSIZE) ? 32 : 19));
        }
        return (int) value;
    }

    private static Set<Granule> granules(String text) {
        var granules = EnumSet.noneOf(Granule.class);
        for (String name : text.split(",")) {
            granules.add(switch (name.strip()) {
                case "4K", "4k" -> Granule.KIB4;
                case "16K", "16k" -> Granule.KIB16;
                case "64K", "64k" -> Granule.KIB64;
                default -> throw new IllegalArgumentException(
                        "property granules: '%s' does not fit: expected some of 4K, 16K, 64K, separated by commas"
                                .formatted(text));
            });
        }
        return granules;
    }

    String primaryBus() {
        return primaryBus;
    }

    SmmuIdentity identity() {
        return identity;
    }
}
