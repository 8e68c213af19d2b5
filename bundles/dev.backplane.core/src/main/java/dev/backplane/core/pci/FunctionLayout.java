package dev.backplane.core.pci;

import dev.backplane.pci.Bar;
import dev.backplane.pci.PciCapability;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.ArrayList;
import java.util.List;

/**
 * A function's configuration space as laid out from its description. A class code of 0x0604 makes it a bridge with a
 * type 1 header; a described capability 0x10 takes the place of the engine's PCI Express capability. Immutable; keeps
 * nothing of the model.
 *
 * @param template reset values and write masks
 * @param bars base address registers, with one that the engine adds for an MSI-X table that no BAR of the model holds
 * @param power offset of the Power Management capability, 0 for none; likewise the others
 * @param express offset of the PCI Express capability
 * @param msi offset of the MSI capability
 * @param msix offset of the MSI-X capability
 * @param bridge whether the header is of type 1
 */
record FunctionLayout(
        ConfigTemplate template, List<BarLayout> bars, int power, int express, int msi, int msix, boolean bridge) {
    private static final int BRIDGE_CLASS = 0x0604;
    private static final int ENGINE_BAR_SIZE = 0x1000;

    /**
     * A base address register.
     *
     * @param region name of the region that it maps
     * @param modelled whether the model has a region for it
     */
    record BarLayout(int index, Bar.Kind kind, boolean prefetchable, long size, String region, boolean modelled) {
        int offset() {
            return ConfigRegister.BAR0 + index * 4;
        }

        private List<ConfigField> fields() {
            if (kind == Bar.Kind.IO) {
                return List.of(ConfigField.writable("BAR", offset(), 4, 1, -size & 0xFFFF_FFFCL));
            }
            int type = (kind == Bar.Kind.MEMORY_64 ? 4 : 0) | (prefetchable ? 8 : 0);
            var low = ConfigField.writable("BAR", offset(), 4, type, -size & 0xFFFF_FFF0L);
            return kind == Bar.Kind.MEMORY_64
                    ? List.of(low, ConfigField.writable("BAR", offset() + 4, 4, 0, -size >>> 32))
                    : List.of(low);
        }
    }

    /**
     * Lays out a function.
     *
     * @param integrated whether it sits on a root bus, so that an express endpoint is an integrated one
     * @param assigned whether a device of the host answers for what the engine does not emulate
     * @throws IllegalArgumentException if the description does not fit into configuration space
     */
    static FunctionLayout of(PciFunctionDescription description, boolean integrated, boolean assigned) {
        boolean bridge = description.classCode() >>> 8 == BRIDGE_CLASS;
        boolean describedExpress = description.capabilities().stream()
                .anyMatch(capability -> !capability.extended() && capability.id() == ExpressCapability.ID);
        boolean express = description.express() || describedExpress;
        List<BarLayout> bars = bars(description, bridge);
        var builder = new ConfigTemplate.Builder(express, assigned)
                .table(0, ConfigRegister.common(
                        description.vendorId(),
                        description.deviceId(),
                        description.revision(),
                        description.classCode(),
                        bridge ? ConfigRegister.HEADER_BRIDGE : 0,
                        description.interruptPin(),
                        express && (bridge || !integrated)))
                .table(0, bridge
                        ? ConfigRegister.BRIDGE
                        : ConfigRegister.endpoint(description.subsystemVendorId(), description.subsystemId()));
        if (bridge && isPort(description)) {
            builder.table(0, ConfigRegister.CLOSED_WINDOWS);
        }
        bars.forEach(bar -> builder.table(0, bar.fields()));
        for (PciCapability capability : description.capabilities()) {
            if (capability.offset() != 0) {
                builder.reserve(capability.id(), capability.offset(), length(capability));
            }
        }
        int power = express ? power(builder) : 0;
        int expressOffset = description.express() && !describedExpress ? endpoint(builder, integrated) : 0;
        int msi = description.msiVectors() == 0
                ? 0
                : MsiCapability.layOut(builder, description.msiVectors(), description.msiMaskable());
        int msix = description.msix() == null ? 0 : MsixTable.layOut(builder, description.msix());
        for (PciCapability capability : description.capabilities()) {
            int at = described(builder, capability, assigned);
            if (!capability.extended() && capability.id() == ExpressCapability.ID) {
                expressOffset = at;
            }
        }
        return new FunctionLayout(builder.build(), bars, power, expressOffset, msi, msix, bridge);
    }

    private static boolean isPort(PciFunctionDescription description) {
        return description.capabilities().stream()
                .filter(capability -> !capability.extended() && capability.id() == ExpressCapability.ID)
                .anyMatch(capability -> isPort(capability.reset()[0] >>> 4 & 0xF));
    }

    private static boolean isPort(int type) {
        return type == ExpressCapability.TYPE_ROOT_PORT || type == ExpressCapability.TYPE_DOWNSTREAM_PORT;
    }

    private static List<BarLayout> bars(PciFunctionDescription description, boolean bridge) {
        var bars = new ArrayList<BarLayout>();
        for (Bar bar : description.bars()) {
            long size = bar.region().size();
            long limit = bar.kind() == Bar.Kind.MEMORY_64 ? 1L << 62 : bar.kind() == Bar.Kind.IO ? 1 << 16 : 1L << 31;
            int last = bridge ? 1 : 5;
            if (size > limit || bar.index() + (bar.kind() == Bar.Kind.MEMORY_64 ? 1 : 0) > last) {
                throw new IllegalArgumentException("BAR%d (%s, region %s of 0x%x bytes): expected up to 0x%x bytes, "
                        .formatted(bar.index(), bar.kind(), bar.region().name(), size, limit)
                        + "BAR0 to BAR" + last);
            }
            bars.add(new BarLayout(
                    bar.index(), bar.kind(), bar.prefetchable(), size, bar.region().name(), true));
        }
        Msix msix = description.msix();
        if (msix != null) {
            addMissing(bars, msix, msix.tableBar());
            addMissing(bars, msix, msix.pbaBar());
            checkFits(bars, msix);
        }
        return List.copyOf(bars);
    }

    private static void addMissing(List<BarLayout> bars, Msix msix, int index) {
        if (bars.stream().anyMatch(bar -> bar.index() == index)) {
            return;
        }
        boolean taken = bars.stream()
                .anyMatch(bar -> bar.kind() == Bar.Kind.MEMORY_64 && bar.index() + 1 == index);
        if (taken || index < 0 || index > 5) {
            throw new IllegalArgumentException("MSI-X: BAR%d is no BAR that can hold its table".formatted(index));
        }
        int end = Math.max(
                msix.tableBar() == index ? MsixTable.tableEnd(msix) : 0,
                msix.pbaBar() == index ? MsixTable.pbaEnd(msix) : 0);
        long size = Math.max(ENGINE_BAR_SIZE, Long.highestOneBit(2L * end - 1));
        bars.add(new BarLayout(index, Bar.Kind.MEMORY_32, false, size, "msix" + index, false));
    }

    private static void checkFits(List<BarLayout> bars, Msix msix) {
        for (BarLayout bar : bars) {
            int end = Math.max(
                    msix.tableBar() == bar.index() ? MsixTable.tableEnd(msix) : 0,
                    msix.pbaBar() == bar.index() ? MsixTable.pbaEnd(msix) : 0);
            if (end > bar.size() || end > 0 && bar.kind() == Bar.Kind.IO) {
                throw new IllegalArgumentException(
                        "MSI-X table or PBA ends at 0x%x, beyond BAR%d of 0x%x bytes of memory space"
                                .formatted(end, bar.index(), bar.size()));
            }
        }
        if (msix.tableBar() == msix.pbaBar()
                && msix.tableOffset() < MsixTable.pbaEnd(msix)
                && msix.pbaOffset() < MsixTable.tableEnd(msix)) {
            throw new IllegalArgumentException("MSI-X table at 0x%x and PBA at 0x%x overlap"
                    .formatted(msix.tableOffset(), msix.pbaOffset()));
        }
    }

    private static int power(ConfigTemplate.Builder builder) {
        int at = builder.capability(ExpressCapability.POWER_ID, ExpressCapability.POWER_LENGTH);
        builder.table(at, ExpressCapability.POWER);
        return at;
    }

    private static int endpoint(ConfigTemplate.Builder builder, boolean integrated) {
        int at = builder.capability(ExpressCapability.ID, ExpressCapability.LENGTH);
        builder.table(at, ExpressCapability.endpoint(integrated));
        return at;
    }

    private static int length(PciCapability capability) {
        return capability.reset().length + (capability.extended() ? 4 : 2);
    }

    private static int described(ConfigTemplate.Builder builder, PciCapability capability, boolean assigned) {
        int header = capability.extended() ? 4 : 2;
        int length = length(capability);
        int at = capability.offset();
        if (at == 0) {
            at = capability.extended()
                    ? builder.extendedCapability(capability.id(), capability.version(), length)
                    : builder.capability(capability.id(), length);
        } else if (capability.extended()) {
            builder.linkExtended(capability.id(), capability.version(), at, length);
        } else {
            builder.link(capability.id(), at, length);
        }
        if (assigned && capability.offset() != 0) {
            builder.pass(at + header, at + length);
        }
        builder.bytes(at + header, capability.reset(), capability.writable());
        if (!capability.extended() && capability.id() == ExpressCapability.ID) {
            for (int status : new int[] {
                ExpressCapability.DEVICE_STATUS,
                ExpressCapability.LINK_STATUS,
                ExpressCapability.SLOT_STATUS,
                ExpressCapability.ROOT_STATUS + 2,
                ExpressCapability.LINK_STATUS_2
            }) {
                if (status + 2 <= length) {
                    builder.statusRegister(at + status, 2);
                }
            }
        }
        return at;
    }

    /** {@return Device/Port Type of the PCI Express capability, or -1 without one} */
    int portType() {
        return express == 0 ? -1 : template.reset(express + ExpressCapability.CAPABILITIES, 2) >>> 4 & 0xF;
    }

    /** {@return whether the function is a port with a slot} */
    boolean hasSlot() {
        return isPort(portType())
                && (template.reset(express + ExpressCapability.CAPABILITIES, 2) & ExpressCapability.SLOT_IMPLEMENTED)
                        != 0;
    }

    /** {@return whether the bus below this bridge is a link: one device on it, number 0} */
    boolean linkBelow() {
        return isPort(portType());
    }

    /** {@return whether the bus below this bridge is conventional, so that the bridge takes ownership of requests} */
    boolean conventionalBelow() {
        int type = portType();
        return type == -1 || type == ExpressCapability.TYPE_TO_PCI_BRIDGE;
    }

    boolean functionLevelReset() {
        return express != 0
                && (template.reset(express + ExpressCapability.DEVICE_CAPABILITIES, 4)
                                & ExpressCapability.FUNCTION_LEVEL_RESET_CAPABLE)
                        != 0;
    }
}
