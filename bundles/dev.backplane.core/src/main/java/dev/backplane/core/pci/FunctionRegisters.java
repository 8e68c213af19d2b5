package dev.backplane.core.pci;

import dev.backplane.device.ResetKind;
import dev.backplane.pci.Bar;
import dev.backplane.pci.PciFunctionDescription;
import java.util.ArrayList;
import java.util.List;

/**
 * A function's configuration space at work: what accesses of software and resets do to it, and what follows from it for
 * decoding, bus mastering, vectors, pin and slot. Guarded by the lock of its segment.
 */
final class FunctionRegisters {
    private final PciFunction function;
    private final FunctionLayout layout;
    private final boolean busMasterGated;
    private final PciBus bus;
    private final SecondaryBus below;
    private final int devfn;
    private final ConfigSpace config;
    private final MsiCapability msi;
    private final MsixTable msix;
    private final IntxPin pin;
    private final HotPlugSlot hotPlug;
    private int settledNumbers;

    FunctionRegisters(
            PciFunction function,
            PciFunctionDescription description,
            FunctionLayout layout,
            PciBus bus,
            int devfn,
            SecondaryBus below,
            IntxPin pin) {
        this.function = function;
        this.layout = layout;
        this.bus = bus;
        this.devfn = devfn;
        this.below = below;
        this.pin = pin;
        busMasterGated = description.busMasterGated();
        config = new ConfigSpace(layout.template());
        msi = layout.msi() == 0
                ? null
                : new MsiCapability(layout.msi(), description.msiVectors(), description.msiMaskable());
        msix = layout.msix() == 0 ? null : new MsixTable(layout.msix(), description.msix());
        hotPlug = layout.hasSlot() ? new HotPlugSlot(config, layout.express()) : null;
    }

    ConfigSpace config() {
        return config;
    }

    /** {@return the MSI vectors, or null} */
    MsiCapability msi() {
        return msi;
    }

    /** {@return the MSI-X vectors, or null} */
    MsixTable msix() {
        return msix;
    }

    /** {@return the bus address in a BAR, or -1 while its decoding is not enabled} */
    long barAddress(FunctionLayout.BarLayout bar) {
        int enable = bar.kind() == Bar.Kind.IO ? ConfigRegister.COMMAND_IO : ConfigRegister.COMMAND_MEMORY;
        if ((config.get(ConfigRegister.COMMAND, 2) & enable) == 0 || !isPowered()) {
            return -1;
        }
        long low = config.getUnsigned(bar.offset(), 4) & (bar.kind() == Bar.Kind.IO ? ~3L : ~0xFL);
        return bar.kind() == Bar.Kind.MEMORY_64 ? low | config.getUnsigned(bar.offset() + 4, 4) << 32 : low;
    }

    int read(int offset, int size) {
        if (offset >= config.size()) {
            return -1;
        }
        config.setBits(ConfigRegister.STATUS, ConfigRegister.STATUS_INTERRUPT, pin.isAsserted());
        if ((devfn & 7) == 0) {
            int type = layout.bridge() ? ConfigRegister.HEADER_BRIDGE : 0;
            int multifunction = bus.isMultifunction(devfn >>> 3) ? ConfigRegister.HEADER_MULTIFUNCTION : 0;
            config.set(ConfigRegister.HEADER_TYPE, 1, type | multifunction);
        }
        if (msi != null) {
            msi.showPending(config);
        }
        return config.get(offset, size);
    }

    void write(int offset, int size, int value, Effects effects) {
        if (offset >= config.size()) {
            return;
        }
        int powerState = powerState();
        boolean busInReset = below != null && below.inReset();
        config.write(offset, size, value);
        if (powerState() != 0 && powerState() != ExpressCapability.D3_HOT) {
            // A write of a power state that the function does not have completes and changes nothing (PCIe 5.3.1).
            power(powerState);
        }
        if (takeFunctionLevelReset()) {
            effects.reset(List.of(function), ResetKind.FUNCTION_LEVEL);
            reset(ResetKind.FUNCTION_LEVEL, effects);
            return;
        }
        if (below != null && !busInReset && below.inReset()) {
            var reset = new ArrayList<PciFunction>();
            function.forEachBelow(reset::add);
            reset.forEach(other -> other.registers().reset(ResetKind.BUS, effects));
            effects.reset(reset, ResetKind.BUS);
        }
        settle(effects);
    }

    private boolean takeFunctionLevelReset() {
        int at = layout.express() + ExpressCapability.DEVICE_CONTROL;
        if (!layout.functionLevelReset()
                || (config.get(at, 2) & ExpressCapability.INITIATE_FUNCTION_LEVEL_RESET) == 0) {
            return false;
        }
        config.setBits(at, ExpressCapability.INITIATE_FUNCTION_LEVEL_RESET, false);
        return true;
    }

    void reset(ResetKind resetKind, Effects effects) {
        int control = layout.express() + ExpressCapability.DEVICE_CONTROL;
        int link = layout.express() + ExpressCapability.LINK_CONTROL;
        boolean keepsLink = resetKind == ResetKind.FUNCTION_LEVEL && layout.express() != 0;
        int payload = keepsLink ? config.get(control, 2) & ExpressCapability.MAX_PAYLOAD_SIZE : 0;
        int linkControl = keepsLink ? config.get(link, 2) : 0;
        config.reset();
        if (keepsLink) {
            config.set(control, 2, config.get(control, 2) & ~ExpressCapability.MAX_PAYLOAD_SIZE | payload);
            config.set(link, 2, linkControl);
        }
        if (msi != null) {
            msi.pending(0);
        }
        if (msix != null) {
            msix.reset();
        }
        pin.assertPin(false);
        effects.forget(function);
        showSlot();
        settle(effects);
    }

    void showSlot() {
        if (hotPlug != null) {
            hotPlug.show();
        }
    }

    /** Brings everything that follows from configuration space in step with it. */
    void settle(Effects effects) {
        pin.disable(isPinDisabled() || !isPowered());
        effects.drive(function);
        if (msi != null) {
            msi.load(config);
        }
        if (msix != null) {
            msix.load(config);
        }
        if (msi != null || msix != null) {
            effects.flush(function);
        }
        effects.remap();
        settleMaster(effects);
        if (below != null) {
            int numbers = config.get(ConfigRegister.SECONDARY_BUS, 2);
            boolean renumbered = numbers != settledNumbers;
            settledNumbers = numbers;
            function.forEachBelow(other -> {
                other.registers().settleMaster(effects);
                if (renumbered) {
                    effects.reroute(other.requester());
                }
            });
        }
        settleHotPlug(effects);
    }

    private void settleMaster(Effects effects) {
        function.requester().enable(!busMasterGated || isMaster());
        effects.command(function);
    }

    boolean isPinDisabled() {
        return (config.get(ConfigRegister.COMMAND, 2) & ConfigRegister.COMMAND_INTX_DISABLE) != 0;
    }

    /** Bus Master Enable of a bridge also lets requests of the functions below it pass (PCIe 7.5.1.1.3). */
    boolean isMaster() {
        boolean own = (config.get(ConfigRegister.COMMAND, 2) & ConfigRegister.COMMAND_MASTER) != 0 && isPowered();
        return own && (!(bus instanceof SecondaryBus secondary) || secondary.bridge().registers().isMaster());
    }

    private void settleHotPlug(Effects effects) {
        if (hotPlug == null) {
            return;
        }
        boolean begun = hotPlug.hasBegunInterrupting();
        if (function.messagesEnabled()) {
            pin.assertPin(false);
            if (begun) {
                effects.message(function);
            }
        } else {
            pin.assertPin(hotPlug.isInterrupting());
        }
        effects.drive(function);
    }

    /** Notes whether the slot below this port holds a device. */
    void settleOccupancy(Effects effects) {
        if (hotPlug != null) {
            hotPlug.occupied(!below.functions().isEmpty());
            settleHotPlug(effects);
        }
    }

    private int powerState() {
        return layout.power() == 0
                ? 0
                : config.get(layout.power() + ExpressCapability.POWER_CONTROL, 2) & ExpressCapability.POWER_STATE;
    }

    private void power(int state) {
        int at = layout.power() + ExpressCapability.POWER_CONTROL;
        config.set(at, 2, config.get(at, 2) & ~ExpressCapability.POWER_STATE | state);
    }

    /** {@return whether the function is in D0, so that it decodes and starts transactions} */
    boolean isPowered() {
        return powerState() == 0;
    }
}
