package dev.backplane.core.msi;

import dev.backplane.accelerator.GsiRoute;
import dev.backplane.accelerator.MsiRoutes;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.core.pci.Message;
import dev.backplane.core.pci.PciFunction;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.irq.EventFd;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;

/**
 * The routes of a board in the accelerator's GSI table. A change replaces the table as a whole, because that is what
 * KVM_SET_GSI_ROUTING does: it costs as much as there are routes, at most {@link VirtualMachine#gsis}. Software's
 * changes come one by one, each in effect when its write returns, so there is nothing to gather; what a function leaves
 * behind goes with one. A change that the accelerator refuses leaves table and routes as they were, except that what was
 * to be removed is no route any more: its GSIs stay taken until the accelerator has a table without them. Thread-safe.
 */
public final class MsiRouter implements MsiRoutes {
    private static final int REMEMBERED = 64;

    private final VirtualMachine vm;
    private final BitSet taken = new BitSet();
    /** Of those, the ones that only the accelerator's table still has. */
    private final BitSet leaving = new BitSet();
    private final TreeMap<Integer, Entry> entries = new TreeMap<>();
    private final Deque<Refusal> refusals = new ArrayDeque<>();
    private long refused;

    /** A GSI and what it stands for. */
    private sealed interface Entry {
        GsiRoute route();
    }

    /** A message. */
    private record MessageEntry(
            GsiRoute.Msi route, PciFunction function, int vector, Message message, Fixup fixup) implements Entry {}

    /** An input of the interrupt controller. */
    private record PinEntry(GsiRoute.Pin route) implements Entry {}

    /**
     * Makes a router without routes.
     *
     * @param vm the virtual machine, with its interrupt controllers in the kernel
     */
    public MsiRouter(VirtualMachine vm) {
        this.vm = vm;
    }

    VirtualMachine vm() {
        return vm;
    }

    /**
     * Puts a message into the table.
     *
     * @param gsi its GSI so far, or -1
     * @param deviceId the function's requester ID
     * @return its GSI
     * @throws HostException if there is no room, or the accelerator refuses; nothing has changed then
     */
    synchronized int put(
            int gsi, PciFunction function, int vector, Message message, DoorbellFixup.Found found, int deviceId)
            throws HostException {
        int place = place(gsi);
        var route = new GsiRoute.Msi(place, found.address(), message.data(), deviceId);
        return put(place, new MessageEntry(route, function, vector, message, found.fixup()));
    }

    /** Puts an input of the interrupt controller into the table; as for messages. */
    synchronized int putPin(int spi) throws HostException {
        int place = place(-1);
        return put(place, new PinEntry(new GsiRoute.Pin(place, spi)));
    }

    private int place(int before) throws HostException {
        int gsi = before >= 0 ? before : taken.nextClearBit(0);
        if (gsi >= vm.gsis() && !leaving.isEmpty()) {
            write();
            gsi = taken.nextClearBit(0);
        }
        if (gsi >= vm.gsis()) {
            throw new HostException("KVM_SET_GSI_ROUTING", Errno.ENOSPC,
                    "all %d GSIs are routed".formatted(vm.gsis()));
        }
        return gsi;
    }

    private int put(int gsi, Entry entry) throws HostException {
        Entry old = entries.put(gsi, entry);
        try {
            if (old == null || !old.route().equals(entry.route())) {
                write();
            }
            taken.set(gsi);
            return gsi;
        } catch (HostException kept) {
            if (old == null) {
                entries.remove(gsi);
            } else {
                entries.put(gsi, old);
            }
            throw kept;
        }
    }

    /**
     * Takes GSIs out of the table, all with one write of it.
     *
     * @throws HostException if the accelerator refuses; nobody gets the GSIs until it has taken another table
     */
    synchronized void remove(List<Integer> gsis) throws HostException {
        boolean any = false;
        for (int gsi : gsis) {
            if (entries.remove(gsi) != null) {
                leaving.set(gsi);
                any = true;
            }
        }
        if (any) {
            write();
        }
    }

    private void write() throws HostException {
        vm.setGsiRouting(table());
        taken.andNot(leaving);
        leaving.clear();
    }

    private List<GsiRoute> table() {
        var table = new ArrayList<GsiRoute>(entries.size());
        entries.values().forEach(entry -> table.add(entry.route()));
        return table;
    }

    /** Lets an event inject a GSI. */
    void connect(EventFd event, int gsi, EventFd resample) throws HostException {
        vm.assignIrqfd(event, gsi, resample);
    }

    /** Ends it. */
    void disconnect(EventFd event, int gsi) throws HostException {
        vm.deassignIrqfd(event, gsi);
    }

    /** Notes that a vector has no route, or keeps the one before. */
    synchronized void refused(PciFunction function, int vector, long iova, String reason) {
        refused++;
        refusals.addFirst(new Refusal(function.slot(), vector, iova, reason));
        if (refusals.size() > REMEMBERED) {
            refusals.removeLast();
        }
    }

    /** {@return how many routes were refused since the board was made} */
    public synchronized long refused() {
        return refused;
    }

    @Override
    public List<Route> routes() {
        TreeMap<Integer, Entry> now;
        synchronized (this) {
            now = new TreeMap<>(entries);
        }
        var routes = new ArrayList<Route>();
        now.forEach((gsi, entry) -> {
            if (entry instanceof MessageEntry message) {
                routes.add(new Route(
                        gsi,
                        message.function().address(),
                        message.function().slot(),
                        message.vector(),
                        message.message().address(),
                        message.route().address(),
                        message.route().data(),
                        message.route().deviceId(),
                        message.fixup()));
            }
        });
        return routes;
    }

    @Override
    public synchronized List<Refusal> refusals() {
        return List.copyOf(refusals);
    }
}
