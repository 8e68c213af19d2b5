package dev.backplane.vfio;

import dev.backplane.hostpci.HostPciDevice.Region;
import dev.backplane.hostpci.HostPciFunction;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.pci.Bar;
import dev.backplane.pci.PciCapability;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/** Reads a function's description out of its configuration space (PCIe 7.5). */
final class FunctionReader {
    private static final int STATUS = 0x06;
    private static final int STATUS_CAPABILITIES = 1 << 4;
    private static final int BAR0 = 0x10;
    private static final int BARS = 6;
    private static final int CAPABILITIES = 0x34;
    private static final int HEADER = 0x40;
    private static final int EXTENDED = 0x100;
    private static final int MSI = 0x05;
    private static final int MSI_64_BIT = 1 << 7;
    private static final int MSI_MASKABLE = 1 << 8;
    private static final int VENDOR_SPECIFIC = 0x09;
    private static final int EXPRESS = 0x10;
    private static final int MSIX = 0x11;
    private static final int SERIAL_NUMBER = 0x0003;
    private static final int EXTENDED_VENDOR_SPECIFIC = 0x000B;
    private static final int ATS = 0x000F;
    private static final int LEAST_BAR = 16;

    private final HostPciFunction function;
    private final ByteBuffer config;
    private final Set<Integer> chain;

    FunctionReader(HostPciFunction function) {
        this.function = function;
        config = ByteBuffer.wrap(function.config()).order(ByteOrder.LITTLE_ENDIAN);
        chain = chain();
    }

    String address() {
        return function.address();
    }

    /**
     * Describes the function.
     *
     * @param handlers what answers for a BAR
     */
    PciFunctionDescription describe(IntFunction<MmioHandler> handlers) {
        int pin = byteAt(0x3D);
        int msi = capability(MSI);
        int control = msi == 0 ? 0 : shortAt(msi + 2);
        return new PciFunctionDescription(
                shortAt(0x00),
                shortAt(0x02),
                byteAt(0x08),
                config.getInt(0x08) >>> 8,
                shortAt(0x2C),
                shortAt(0x2E),
                pin <= 4 ? pin : 0,
                capability(EXPRESS) != 0,
                true,
                bars(handlers),
                msi == 0 ? 0 : Math.min(32, 1 << (control >>> 1 & 7)),
                (control & MSI_MASKABLE) != 0,
                msix(),
                capabilities());
    }

    /** {@return where the pending bits of MSI are (PCIe 7.7.1.8), or 0 without them} */
    int msiPending() {
        int at = capability(MSI);
        int control = at == 0 ? 0 : shortAt(at + 2);
        return (control & MSI_MASKABLE) == 0 ? 0 : at + ((control & MSI_64_BIT) == 0 ? 0x10 : 0x14);
    }

    private List<Bar> bars(IntFunction<MmioHandler> handlers) {
        var bars = new ArrayList<Bar>();
        for (int index = 0; index < BARS; index++) {
            Region region = function.regions().get(index);
            int register = config.getInt(BAR0 + 4 * index);
            boolean wide = (register & 1) == 0 && (register & 6) == 4;
            if (region.size() >= LEAST_BAR && Long.bitCount(region.size()) == 1) {
                Bar.Kind kind = (register & 1) != 0 ? Bar.Kind.IO : wide ? Bar.Kind.MEMORY_64 : Bar.Kind.MEMORY_32;
                bars.add(new Bar(index, kind, (register & 9) == 8,
                        new MmioRegion("bar" + index, region.size(), 1, 8, true, handlers.apply(index))));
            }
            index += wide ? 1 : 0;
        }
        return bars;
    }

    private Msix msix() {
        int at = capability(MSIX);
        if (at == 0) {
            return null;
        }
        int table = config.getInt(at + 4);
        int pending = config.getInt(at + 8);
        return new Msix((shortAt(at + 2) & 0x7FF) + 1, table & 7, table & ~7, pending & 7, pending & ~7);
    }

    /**
     * What a guest may see as it is. The board itself makes MSI, MSI-X, Power Management and PCI Express. PASID is not
     * shown: the host enables it as page tables need it. ATS is enabled by STE.EATS; what a guest writes to its control
     * register the host ignores.
     */
    private List<PciCapability> capabilities() {
        var capabilities = new ArrayList<PciCapability>();
        for (int at : chain) {
            if (byteAt(at) == VENDOR_SPECIFIC) {
                pass(capabilities, VENDOR_SPECIFIC, false, 0, at, byteAt(at + 2) - 2);
            }
        }
        for (int at : extendedChain()) {
            int version = config.getInt(at) >>> 16 & 0xF;
            switch (config.getInt(at) & 0xFFFF) {
                case SERIAL_NUMBER -> pass(capabilities, SERIAL_NUMBER, true, version, at, 8);
                case EXTENDED_VENDOR_SPECIFIC -> pass(capabilities,
                        EXTENDED_VENDOR_SPECIFIC, true, version, at, (config.getInt(at + 4) >>> 20) - 4);
                case ATS -> pass(capabilities, ATS, true, version, at, 4);
                default -> { }
            }
        }
        return capabilities;
    }

    /** The device answers for the body of the capability, at the same offset; one that has none is left out. */
    private void pass(List<PciCapability> to, int id, boolean extended, int version, int at, int length) {
        int body = at + (extended ? 4 : 2);
        if (length > 0 && body + length <= (extended ? config.limit() : EXTENDED)) {
            to.add(new PciCapability(id, extended, version, bytes(body, length), new byte[length], at));
        }
    }

    /** {@return where capabilities are; a chain that comes back to itself or leads into the header ends there} */
    private Set<Integer> chain() {
        var chain = new LinkedHashSet<Integer>();
        boolean any = (shortAt(STATUS) & STATUS_CAPABILITIES) != 0;
        for (int at = any ? byteAt(CAPABILITIES) & ~3 : 0; at >= HEADER && chain.add(at); at = byteAt(at + 1) & ~3) {
            // The next one.
        }
        return chain;
    }

    /** {@return where extended capabilities are; none without a PCI Express capability} */
    private Set<Integer> extendedChain() {
        var chain = new LinkedHashSet<Integer>();
        if (capability(EXPRESS) != 0) {
            for (int at = EXTENDED;
                    at >= EXTENDED && at + 8 <= config.limit() && config.getInt(at) != 0 && chain.add(at);
                    at = config.getInt(at) >>> 20 & ~3) {
                // The next one.
            }
        }
        return chain;
    }

    private byte[] bytes(int from, int length) {
        byte[] bytes = new byte[length];
        config.get(from, bytes);
        return bytes;
    }

    private int capability(int id) {
        return chain.stream().filter(at -> byteAt(at) == id).findFirst().orElse(0);
    }

    private int byteAt(int offset) {
        return config.get(offset) & 0xFF;
    }

    private int shortAt(int offset) {
        return config.getShort(offset) & 0xFFFF;
    }
}
