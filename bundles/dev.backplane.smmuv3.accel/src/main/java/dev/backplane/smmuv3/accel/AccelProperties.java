package dev.backplane.smmuv3.accel;

import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.pci.PciIommu;
import dev.backplane.smmuv3.control.IdentityProfile;
import dev.backplane.smmuv3.translate.Granule;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** The properties of the device type. What is empty is {@code auto}: the host decides. */
final class AccelProperties {
    static final String ACCEL = "accel";
    static final String VIRT_11_1 = "virt-11.1";
    private static final String AUTO = "auto";
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
    private static final String IDENTIFIER = "identifier";
    private static final String MSI_GPA = "msi-gpa";
    private static final int LONGEST_SUBSTREAM = 20;

    static final List<PropertyDescriptor> DESCRIPTORS = List.of(
            PropertyDescriptor.of(
                    PciIommu.PRIMARY_BUS, PropertyType.LINK, "", "root bus that it governs, such as pcie.1"),
            PropertyDescriptor.of(
                    ACCEL, PropertyType.BOOL, true, "the host's SMMU translates for assigned devices"),
            PropertyDescriptor.choice(STAGE, "1", "stages that a guest may use; stage 2 is the host's", "1"),
            PropertyDescriptor.choice(
                    PROFILE, "accelerated", "what the ID registers show: what any host can do, or a QEMU machine's",
                    "accelerated", VIRT_11_1),
            PropertyDescriptor.choice(
                    OAS, AUTO, "output address bits; auto: what the host tells, 40 to 48, else 44", AUTO,
                    "32", "36", "40", "42", "44", "48", "52"),
            PropertyDescriptor.choice(RIL, AUTO, "range invalidation; auto: the host's", AUTO, "on", "off"),
            PropertyDescriptor.of(
                    GRANULES, PropertyType.STRING, AUTO, "translation granules, separated by commas; auto: the host's"),
            PropertyDescriptor.of(SIDSIZE, PropertyType.UINT32, 16L, "bits of a StreamID, 1 to 32"),
            PropertyDescriptor.of(CMDQS, PropertyType.UINT32, 19L, "log2 of the most command queue entries, 1 to 19"),
            PropertyDescriptor.of(EVENTQS, PropertyType.UINT32, 19L, "log2 of the most event queue entries, 1 to 19"),
            PropertyDescriptor.choice(
                    ATS, AUTO, "PCIe ATS; auto: when the host allows it to every device", AUTO, "on", "off"),
            PropertyDescriptor.of(
                    SSIDSIZE, PropertyType.STRING, AUTO, "bits of a SubstreamID, 0 to 20; auto: the host's"),
            PropertyDescriptor.choice(
                    CMDQV, AUTO, "virtual command queues; auto: off, the only choice here", AUTO, "on", "off"),
            PropertyDescriptor.of(IDENTIFIER, PropertyType.UINT32, 0L, "number in the firmware's tables, 0 to 255"),
            PropertyDescriptor.wiring(
                    MSI_GPA, PropertyType.UINT64, 0L, "guest-physical address of the root bus's MSI doorbell"));

    private final String primaryBus;
    private final IdentityProfile profile;
    private final OptionalInt outputBits;
    private final Optional<Boolean> rangeInvalidation;
    private final Optional<Set<Granule>> granules;
    private final int streamIdBits;
    private final int commandQueueBits;
    private final int eventQueueBits;
    private final Optional<Boolean> ats;
    private final OptionalInt substreamIdBits;
    private final int identifier;
    private final long msiDoorbell;

    /**
     * Takes the values.
     *
     * @throws IllegalArgumentException if one is outside its range or they contradict one another
     */
    AccelProperties(DeviceProperties given) {
        if (!given.bool(ACCEL)) {
            throw new IllegalArgumentException("property accel: off does not fit: this implementation fills slots "
                    + "whose accel is on; the emulated SMMUv3 fills the others");
        }
        if (given.text(CMDQV).equals("on")) {
            throw new IllegalArgumentException("cmdqv=on: no host offers virtual command queues: set auto or off");
        }
        primaryBus = given.text(PciIommu.PRIMARY_BUS);
        profile = given.text(PROFILE).equals(VIRT_11_1) ? IdentityProfile.VIRT_11_1 : IdentityProfile.ACCELERATED;
        outputBits = given.text(OAS).equals(AUTO)
                ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(given.text(OAS)));
        rangeInvalidation = onOff(given.text(RIL));
        granules = granules(given.text(GRANULES));
        streamIdBits = number(given, SIDSIZE, 1, 32);
        commandQueueBits = number(given, CMDQS, 1, 19);
        eventQueueBits = number(given, EVENTQS, 1, 19);
        ats = onOff(given.text(ATS));
        substreamIdBits = substreamBits(given.text(SSIDSIZE));
        identifier = number(given, IDENTIFIER, 0, 255);
        msiDoorbell = given.number(MSI_GPA);
        if (outputBits.orElse(0) == 52 && granules.isPresent() && !granules.get().contains(Granule.KIB64)) {
            throw new IllegalArgumentException("oas 52 needs the 64K granule: add it to granules or choose oas 48");
        }
    }

    private static Optional<Boolean> onOff(String text) {
        return text.equals(AUTO) ? Optional.empty() : Optional.of(text.equals("on"));
    }

    private static int number(DeviceProperties given, String name, int least, int most) {
        long value = given.number(name);
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "%s %d is out of range: expected %d to %d".formatted(name, value, least, most));
        }
        return (int) value;
    }

    private static OptionalInt substreamBits(String text) {
        if (text.equals(AUTO)) {
            return OptionalInt.empty();
        }
        if (!text.matches("[0-9]{1,2}") || Integer.parseInt(text) > LONGEST_SUBSTREAM) {
            throw new IllegalArgumentException(
                    "property ssidsize: '%s' does not fit: expected auto or 0 to 20".formatted(text));
        }
        return OptionalInt.of(Integer.parseInt(text));
    }

    private static Optional<Set<Granule>> granules(String text) {
        if (text.equals(AUTO)) {
            return Optional.empty();
        }
        var granules = EnumSet.noneOf(Granule.class);
        for (String name : text.split(",")) {
            granules.add(switch (name.strip()) {
                case "4K", "4k" -> Granule.KIB4;
                case "16K", "16k" -> Granule.KIB16;
                case "64K", "64k" -> Granule.KIB64;
                default -> throw new IllegalArgumentException(("property granules: '%s' does not fit: expected auto, "
                        + "or some of 4K, 16K, 64K, separated by commas").formatted(text));
            });
        }
        return Optional.of(granules);
    }

    String primaryBus() {
        return primaryBus;
    }

    IdentityProfile profile() {
        return profile;
    }

    OptionalInt outputBits() {
        return outputBits;
    }

    Optional<Boolean> rangeInvalidation() {
        return rangeInvalidation;
    }

    Optional<Set<Granule>> granules() {
        return granules;
    }

    int streamIdBits() {
        return streamIdBits;
    }

    int commandQueueBits() {
        return commandQueueBits;
    }

    int eventQueueBits() {
        return eventQueueBits;
    }

    Optional<Boolean> ats() {
        return ats;
    }

    OptionalInt substreamIdBits() {
        return substreamIdBits;
    }

    int identifier() {
        return identifier;
    }

    /** {@return guest-physical address of the MSI doorbell, 0 when no MSI controller serves the root bus} */
    long msiDoorbell() {
        return msiDoorbell;
    }
}
