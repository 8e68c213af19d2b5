package dev.backplane.core.pci;

import dev.backplane.core.memory.DmaRoute;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.memory.DmaPort;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciRequester;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Requesters that no function stands behind: shells and tests that start transactions as some address would. One per
 * initiator and address. Guarded by the lock of its segment.
 */
final class BareRequesters {

    /** Who asked, and as whom. */
    private record Key(String initiator, Bdf address) {}

    /** A requester and its port. */
    record Entry(Requester requester, DmaPort port) {}

    private final SystemBus bus;
    private final BusTree tree;
    private final Map<Key, Entry> entries = new HashMap<>();

    BareRequesters(SystemBus bus, BusTree tree) {
        this.bus = bus;
        this.tree = tree;
    }

    Entry entry(String initiator, Bdf address) {
        return entries.computeIfAbsent(new Key(initiator, address), this::make);
    }

    private Entry make(Key key) {
        var identity = new PciRequester(key.address(), key.address(), "", PciRequester.Kind.EMULATED_ENDPOINT);
        var requester = new Requester(() -> identity, () -> tree.rootOf(key.address().bus()));
        var route = new DmaRoute(key.initiator(), null, requester.attributes());
        requester.add(route);
        return new Entry(requester, bus.port(route));
    }

    List<Requester> requesters() {
        return entries.values().stream().map(Entry::requester).toList();
    }

    /** Adds those below a root bus to others. */
    void addBelow(PciRootBus root, List<Requester> all) {
        for (Entry entry : entries.values()) {
            if (entry.requester().root() == root) {
                all.add(entry.requester());
            }
        }
    }
}
