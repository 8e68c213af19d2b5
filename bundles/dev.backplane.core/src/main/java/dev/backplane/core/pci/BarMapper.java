package dev.backplane.core.pci;

import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.RootBusDefinition.Window;
import dev.backplane.core.memory.MappedRegion;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.pci.Bar;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Keeps the system bus in step with what software has programmed into BARs, command registers and bridge windows. A BAR
 * is mapped where it lies whole inside a window of the host bridge and of every bridge above it.
 */
final class BarMapper {
    private final SystemBus bus;
    private Map<MappedRegion, Mapping> applied = Map.of();

    BarMapper(SystemBus bus) {
        this.bus = bus;
    }

    /**
     * Maps what is to be mapped now.
     *
     * @param wanted computes it, under the segment's lock
     */
    synchronized void update(Supplier<Map<MappedRegion, Mapping>> wanted) {
        Map<MappedRegion, Mapping> next = wanted.get();
        SystemBus.Update update = bus.update();
        boolean changed = false;
        for (MappedRegion region : applied.keySet()) {
            if (!next.containsKey(region)) {
                update.unmap(region);
                changed = true;
            }
        }
        for (var entry : next.entrySet()) {
            if (!entry.getValue().equals(applied.get(entry.getKey()))) {
                update.map(entry.getKey(), entry.getValue().base(), entry.getValue().priority());
                changed = true;
            }
        }
        if (changed) {
            update.commit();
            applied = next;
        }
    }

    /** Where a region is to be mapped. */
    record Mapping(long base, int priority) {}

    /** {@return where all BARs are to be mapped; called under the segment's lock} */
    static Map<MappedRegion, Mapping> wanted(RootBusDefinition host, Collection<PciFunction> functions) {
        var wanted = new IdentityHashMap<MappedRegion, Mapping>();
        for (PciFunction function : functions) {
            for (FunctionBar bar : function.bars()) {
                long base = guestPhysical(host, function, bar);
                if (base != -1) {
                    wanted.put(bar.region(), new Mapping(base, bar.priority()));
                }
            }
        }
        return wanted;
    }

    /** {@return the guest-physical address at which a BAR answers, or -1} */
    private static long guestPhysical(RootBusDefinition host, PciFunction function, FunctionBar bar) {
        long first = function.registers().barAddress(bar.layout());
        if (first == -1) {
            return -1;
        }
        long last = first + bar.layout().size() - 1;
        boolean io = bar.layout().kind() == Bar.Kind.IO;
        for (PciBus at = function.bus(); at instanceof SecondaryBus below; at = below.bridge().bus()) {
            if (!(io ? below.forwardsIo(first, last) : below.forwardsMemory(first, last))) {
                return -1;
            }
        }
        if (io) {
            Window window = host.io();
            return window != null && last >= first && last < window.size() ? window.base() + first : -1;
        }
        return inside(host.memory32(), first, last) || inside(host.memory64(), first, last) ? first : -1;
    }

    private static boolean inside(Window window, long first, long last) {
        return window != null
                && Long.compareUnsigned(first, last) <= 0
                && Long.compareUnsigned(first, window.base()) >= 0
                && Long.compareUnsigned(last, window.base() + window.size() - 1) <= 0;
    }
}
