package dev.backplane.qtest.commandline;

import java.util.Map;
import java.util.Set;

/** Options of {@code -machine} that are not the machine's own matter. */
public final class MachineOptions {
    /** Options that are taken and do nothing: what they are about is not part of the board. */
    public static final Set<String> WITHOUT_EFFECT = Set.of(
            "acpi", "dtb-randomness", "dump-guest-core", "graphics", "hmat", "kaslr-dtb-seed", "kernel-irqchip",
            "mem-merge", "mte", "nvdimm", "ras", "secure", "suppress-vmdesc", "usb", "virtualization", "x-oem-id",
            "x-oem-table-id");

    /** Options of a machine that have options of their own on the command line. */
    public static final Map<String, String> ELSEWHERE = Map.of(
            "memory", "-m",
            "mem-path", "-object memory-backend-file with -machine memory-backend=",
            "smp", "-smp",
            "clock", "-accel qtest, with which clients drive it");

    /** Defaults that are other ones than the machine's own. */
    public static final Map<String, String> DEFAULTS = Map.of(
            "gic-version", "2, or 3 with more than 8 processors or with -accel kvm",
            "iommu-profile", "virt-11.1",
            "iommu-stage", "nested, or 1 before virt-9.2",
            "virtio-mmio-transports", "32");

    private MachineOptions() {}

    /** {@return the option of the command line that says what this one, or a part of it, would; empty for none} */
    public static String elsewhere(String option) {
        int dot = option.indexOf('.');
        return ELSEWHERE.getOrDefault(dot < 0 ? option : option.substring(0, dot), "");
    }
}
