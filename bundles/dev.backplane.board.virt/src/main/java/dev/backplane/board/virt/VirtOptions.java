package dev.backplane.board.virt;

import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import java.util.List;

/**
 * The machine's options, checked against one another.
 *
 * @param gic version of the interrupt controller, 2 or 3
 * @param msi what turns MSIs into interrupts
 * @param smmu whether the machine has an SMMUv3 of its own on {@code pcie.0}
 * @param iommuStage stages of the machine's own SMMUv3, see that device's property {@code stage}
 * @param iommuProfile profile of the machine's own SMMUv3, see that device's property {@code profile}
 * @param bypassIommu whether the functions of {@code pcie.0} reach memory directly
 * @param highRedistributors whether redistributors may lie above RAM
 * @param highEcam whether configuration space lies above RAM
 * @param highMmio whether there is a 64-bit memory window
 * @param highMmioSize its size
 * @param compactHighmem whether high regions that are off take no room
 * @param memory bytes of RAM
 * @param memoryPath file that backs RAM, or {@code ""}
 * @param processors number of processors
 * @param virtioTransports number of virtio-mmio transports, all of them empty
 * @param accelerator what runs the guest
 * @param refusesSharedSpis whether devices that share an SPI are refused, else the user's are warned of
 */
record VirtOptions(
        int gic,
        Msi msi,
        boolean smmu,
        String iommuStage,
        String iommuProfile,
        boolean bypassIommu,
        boolean highRedistributors,
        boolean highEcam,
        boolean highMmio,
        long highMmioSize,
        boolean compactHighmem,
        long memory,
        String memoryPath,
        int processors,
        int virtioTransports,
        AcceleratorChoice accelerator,
        boolean refusesSharedSpis) {

    /** What turns MSIs into interrupts. */
    enum Msi {
        /** A GICv3 ITS: LPIs. */
        ITS,
        /** A GICv2m frame: SPIs. */
        V2M,
        /** Nothing. */
        OFF
    }

    /** Option: what is done about devices that share an SPI. */
    static final String SHARED_SPIS = "shared-spis";

    /** Redistributors in the first region. */
    static final int FIRST_REDISTRIBUTORS = 123;

    private static final String VIRTIO_TRANSPORTS = "virtio-mmio-transports";
    private static final int MAX_VIRTIO_TRANSPORTS = 32;
    private static final int MAX_PROCESSORS = 512;
    private static final int MAX_GICV2_PROCESSORS = 8;
    private static final long MIN_HIGH_MMIO = 512L << 30;
    private static final long MAX_HIGH_MMIO = 1L << 50;
    private static final long MIN_MEMORY = 1L << 20;
    private static final long MAX_MEMORY = 1L << 46;
    private static final long FOUR_GIB = 1L << 32;

    /** The options as users see them. */
    static final List<PropertyDescriptor> DECLARED = List.of(
            PropertyDescriptor.choice(
                    "gic-version", "3", "version of the interrupt controller; max means 3, host too with accel=kvm", "2",
                    "3", "max", "host"),
            PropertyDescriptor.choice(
                    "its", "auto", "whether a GICv3 has an ITS; msi says more; auto: as msi says", "auto", "on", "off"),
            PropertyDescriptor.choice(
                    "msi", "auto", "MSI controller; auto is its with GICv3 and gicv2m with GICv2", "auto", "its",
                    "gicv2m", "off"),
            PropertyDescriptor.choice("iommu", "none", "IOMMU of pcie.0", "none", "smmuv3"),
            PropertyDescriptor.choice(
                    "iommu-stage", "nested", "stages that a guest may use of that SMMUv3", "1", "2", "nested"),
            PropertyDescriptor.choice(
                    "iommu-profile", "default", "whose ID registers that SMMUv3 shows", "default", "virt-11.1"),
            PropertyDescriptor.of(
                    "default-bus-bypass-iommu", PropertyType.BOOL, false, "devices of pcie.0 bypass its IOMMU"),
            PropertyDescriptor.of("highmem", PropertyType.BOOL, true, "regions above 4 GiB are used"),
            PropertyDescriptor.of("highmem-ecam", PropertyType.BOOL, true, "configuration space of 256 buses"),
            PropertyDescriptor.of("highmem-mmio", PropertyType.BOOL, true, "64-bit memory window of PCI"),
            PropertyDescriptor.of(
                    "highmem-mmio-size", PropertyType.SIZE, MIN_HIGH_MMIO, "its size, a power of two from 512G"),
            PropertyDescriptor.of("highmem-redists", PropertyType.BOOL, true, "room for more than 123 redistributors"),
            PropertyDescriptor.of("compact-highmem", PropertyType.BOOL, true, "high regions that are off take no room"),
            PropertyDescriptor.of("memory", PropertyType.SIZE, 512L << 20, "size of RAM"),
            PropertyDescriptor.of("mem-path", PropertyType.STRING, "", "file that backs RAM and may be shared"),
            PropertyDescriptor.of("smp", PropertyType.UINT32, 1L, "number of processors, 1 to 512"),
            PropertyDescriptor.of(
                    VIRTIO_TRANSPORTS, PropertyType.UINT32, 0L, "number of empty virtio-mmio transports, 0 to 32"),
            PropertyDescriptor.choice(
                    SHARED_SPIS,
                    "warn",
                    "devices that drive one SPI are refused, or warned of but for those of the machine's own map: a"
                            + " GICv2m frame has SPIs 48 to 111, the SMMU 74 to 77",
                    "warn",
                    "refuse"),
            PropertyDescriptor.choice(
                    "accel", "tcg", "what runs the guest: kvm, or nothing (tcg, qtest)", "tcg", "qtest", "kvm"),
            PropertyDescriptor.of(
                    "kernel-irqchip", PropertyType.BOOL, true, "the accelerator has the interrupt controllers"),
            PropertyDescriptor.choice("clock", "realtime", "what drives virtual time", "realtime", "manual"),
            PropertyDescriptor.of(
                    "slot-timeout",
                    PropertyType.UINT32,
                    2000L,
                    "milliseconds for which transactions wait at a parked slot before they abort"));

    /**
     * Reads options.
     *
     * @throws IllegalArgumentException if they contradict one another
     */
    static VirtOptions of(DeviceProperties options) {
        boolean highmem = options.bool("highmem");
        int gic = gic(options);
        long memory = memory(options.number("memory"), highmem);
        return new VirtOptions(
                gic,
                msi(options.text("msi"), options.text("its"), gic),
                options.text("iommu").equals("smmuv3"),
                options.text("iommu-stage"),
                options.text("iommu-profile"),
                options.bool("default-bus-bypass-iommu"),
                highmem && options.bool("highmem-redists"),
                highmem && options.bool("highmem-ecam"),
                highmem && options.bool("highmem-mmio"),
                highMmioSize(options.number("highmem-mmio-size")),
                options.bool("compact-highmem"),
                memory,
                options.text("mem-path"),
                processors(options.number("smp"), gic, highmem && options.bool("highmem-redists")),
                virtioTransports(options.number(VIRTIO_TRANSPORTS)),
                accelerator(options),
                refusesSharedSpis(options));
    }

    private static int gic(DeviceProperties options) {
        String version = options.text("gic-version");
        if (version.equals("host") && !options.text("accel").equals("kvm")) {
            throw new IllegalArgumentException(
                    "gic-version=host: there is a host's interrupt controller with accel=kvm only: choose gic-version=max");
        }
        return version.equals("2") ? 2 : 3;
    }

    private static AcceleratorChoice accelerator(DeviceProperties options) {
        return options.text("accel").equals("kvm")
                ? new AcceleratorChoice("kvm", options.bool("kernel-irqchip"))
                : AcceleratorChoice.NONE;
    }

    /** {@return whether options ask for a board on which no two devices share an SPI} */
    static boolean refusesSharedSpis(DeviceProperties options) {
        return options.text(SHARED_SPIS).equals("refuse");
    }

    private static Msi msi(String wanted, String its, int gic) {
        return switch (wanted) {
            case "its" -> {
                refuseItsOfGicv2("msi=its", gic);
                if (its.equals("off")) {
                    throw new IllegalArgumentException("msi=its contradicts its=off: leave one of them out");
                }
                yield Msi.ITS;
            }
            case "gicv2m" -> Msi.V2M;
            case "off" -> Msi.OFF;
            default -> {
                if (its.equals("on")) {
                    refuseItsOfGicv2("its=on", gic);
                }
                if (gic == 2) {
                    yield Msi.V2M;
                }
                yield its.equals("off") ? Msi.OFF : Msi.ITS;
            }
        };
    }

    private static void refuseItsOfGicv2(String option, int gic) {
        if (gic == 2) {
            throw new IllegalArgumentException(
                    "%s: GICv2 has no ITS: choose gic-version=3 or msi=gicv2m".formatted(option));
        }
    }

    private static long memory(long bytes, boolean highmem) {
        if (bytes < MIN_MEMORY || bytes > MAX_MEMORY || bytes % MIN_MEMORY != 0) {
            throw new IllegalArgumentException(
                    "memory=0x%x: expected a multiple of 1M, from 1M to 64T".formatted(bytes));
        }
        long excess = AddressMap.RAM.base() + bytes - FOUR_GIB;
        if (!highmem && excess > 0) {
            throw new IllegalArgumentException(
                    "Addressing limited to 32 bits, but memory exceeds it by %d bytes: choose highmem=on or memory=3G"
                            .formatted(excess));
        }
        return bytes;
    }

    private static long highMmioSize(long bytes) {
        if (Long.bitCount(bytes) != 1 || bytes < MIN_HIGH_MMIO || bytes > MAX_HIGH_MMIO) {
            throw new IllegalArgumentException(
                    "highmem-mmio-size=0x%x: expected a power of two, from 512G to 1024T".formatted(bytes));
        }
        return bytes;
    }

    private static int processors(long wanted, int gic, boolean highRedistributors) {
        int most = gic == 2 ? MAX_GICV2_PROCESSORS : highRedistributors ? MAX_PROCESSORS : FIRST_REDISTRIBUTORS;
        if (wanted < 1 || wanted > most) {
            throw new IllegalArgumentException("smp=%d: expected 1 to %d processors with gic-version=%d%s".formatted(
                    wanted, most, gic, gic == 3 && !highRedistributors ? " and highmem-redists=off" : ""));
        }
        return (int) wanted;
    }

    private static int virtioTransports(long wanted) {
        if (wanted < 0 || wanted > MAX_VIRTIO_TRANSPORTS) {
            throw new IllegalArgumentException("%s=%d: expected 0 to %d"
                    .formatted(VIRTIO_TRANSPORTS, wanted, MAX_VIRTIO_TRANSPORTS));
        }
        return (int) wanted;
    }
}
