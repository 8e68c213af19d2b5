package dev.backplane.core.assign;

import dev.backplane.board.PlugException;
import dev.backplane.core.memory.Rendered;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.core.pci.IommuObserver;
import dev.backplane.core.pci.PciFunction;
import dev.backplane.device.Leases;
import dev.backplane.device.RealizeException;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciIommuOps;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The host devices of one board: which of them are connected, with what memory, behind which IOMMU. Control methods are
 * called on the board's executor or on the thread that carries out one of its steps, {@link #moved} inside transactions
 * too; one monitor keeps them apart. Nobody waits for a grace period who has it: a transaction may be waiting for it.
 * For what a host may take long for, mapping and unmapping the guest's memory, there is a lock that no transaction
 * waits for.
 */
public final class Assignments implements IommuObserver, AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(Assignments.class.getName());
    private static final String LEASE = "assignment";
    private static final int VENDOR_ID = 0;
    /** What is read of a device that does not answer, which is the Vendor ID of none. */
    private static final int NOBODY = 0xFFFF;

    /** Guards what is mapped on the host; taken before the monitor, by whoever needs both. */
    private final Object mapping = new Object();

    private final Supplier<List<SystemBus.Ram>> ram;
    private final Epochs epochs;
    private final Map<Container, GuestMemory> memories = new HashMap<>();
    private final List<Assignment> assignments = new ArrayList<>();
    /** By root bus, whose model has been told of all devices there. */
    private final Map<String, PciIommuOps> serving = new HashMap<>();

    /** An iommufd that devices share by its name, for as long as its host is there. */
    private record Container(HostIommu host, String name) {}

    /**
     * Begins without devices.
     *
     * @param ram the board's RAM
     * @param epochs the board's epochs
     */
    public Assignments(Supplier<List<SystemBus.Ram>> ram, Epochs epochs) {
        this.ram = ram;
        this.epochs = epochs;
    }

    /**
     * Connects a host device, unless a predecessor in the slot has connected it.
     *
     * @throws RealizeException if the host or the IOMMU refuses; nothing is left behind then
     */
    void connect(PciFunction function, PciDeviceContext slot, HostPciDevice device, String iommufd)
            throws RealizeException {
        Leases leases = slot.platform(Leases.class).orElseThrow();
        Assignment there = leases.find(LEASE, Assignment.class).orElse(null);
        if (there != null) {
            requireSame(there, slot.slot(), device, iommufd);
            requireAlive(there, slot.slot(), device);
            return;
        }
        HostIommu host = slot.platform(HostIommu.class)
                .orElseThrow(() -> new RealizeException(
                        ("slot %s: no bundle offers a host's IOMMU (service %s): install one, for example "
                                + "backplane-host-sim").formatted(slot.slot(), HostIommu.class.getName())));
        Assignment made;
        synchronized (mapping) {
            made = open(host, function, device, iommufd);
        }
        try {
            leases.hold(LEASE, made);
        } catch (IllegalArgumentException taken) {
            made.close();
            throw new RealizeException(taken.getMessage());
        }
    }

    private static void requireSame(Assignment there, String slot, HostPciDevice device, String iommufd)
            throws RealizeException {
        if (!there.hostName().equals(device.address())) {
            throw new RealizeException("slot %s has host device %s: unplug it, and plug one with host=%s"
                    .formatted(slot, there.hostName(), device.address()));
        }
        if (!there.iommufd().equals(iommufd)) {
            throw new RealizeException(
                    "slot %s has host device %s with iommufd='%s': unplug it, and plug one with iommufd='%s'"
                            .formatted(slot, there.hostName(), there.iommufd(), iommufd));
        }
    }

    /** A device that is gone leaves its IOMMU at once: the next one that is plugged finds nothing dead there. */
    private void requireAlive(Assignment there, String slot, HostPciDevice device) throws RealizeException {
        if (device.read(HostPciDevice.CONFIG_REGION, VENDOR_ID, 2) == NOBODY) {
            close(there);
            throw new RealizeException("slot %s: the host that had %s is gone: unplug %s, and plug it again"
                    .formatted(slot, there.hostName(), slot));
        }
    }

    private Assignment open(HostIommu host, PciFunction function, HostPciDevice device, String iommufd)
            throws RealizeException {
        try (var undo = new Undo()) {
            // A container of the device's own is shared with nobody.
            var key = new Container(host, iommufd.isEmpty() ? "\0" + function.slot() : iommufd);
            GuestMemory memory = memories.get(key);
            if (memory == null) {
                memory = new GuestMemory(host, ram.get());
                memories.put(key, memory);
            }
            GuestMemory used = memory;
            used.use();
            undo.add(() -> release(key, used));
            var bound = device.bind(used.iommufd());
            var assignment = new Assignment(this, function, device.address(), iommufd, bound, used);
            assignment.onClose(() -> release(key, used));
            undo.forget();
            undo.add(() -> disconnect(assignment));
            assignment.attach();
            synchronized (this) {
                assignment.plugged();
                assignments.add(assignment);
            }
            undo.forget();
            return assignment;
        } catch (HostException refused) {
            throw new RealizeException("slot %s: host device %s: %s"
                    .formatted(function.slot(), device.address(), refused.getMessage()));
        } catch (PlugException refused) {
            throw new RealizeException("slot %s: %s".formatted(function.slot(), refused.getMessage()));
        }
    }

    private void release(Container key, GuestMemory memory) {
        if (memory.release()) {
            memories.remove(key, memory);
        }
    }

    /**
     * A device is disconnected: its function is unplugged. While the slot of the IOMMU that has it is parked, the host
     * keeps it, blocked: only a successor can let go of it. Does nothing when the device is disconnected already.
     */
    void close(Assignment assignment) {
        synchronized (mapping) {
            synchronized (this) {
                if (!assignments.contains(assignment) || assignment.leaveBehind()) {
                    return;
                }
                assignments.remove(assignment);
                assignment.leaveIommu();
            }
            assignment.disconnect();
        }
    }

    private void disconnect(Assignment assignment) {
        synchronized (this) {
            assignment.leaveIommu();
        }
        assignment.disconnect();
    }

    private List<Assignment> below(String rootBus) {
        if (assignments.isEmpty()) {
            return List.of();
        }
        return assignments.stream()
                .filter(assignment -> assignment.function().rootBus().equals(rootBus)
                        && assignment.function().isGoverned())
                .toList();
    }

    @Override
    public void served(String rootBus, PciIommuOps ops, Runnable unlessGivenUp) throws PlugException {
        synchronized (mapping) {
            serveAll(rootBus, ops, unlessGivenUp);
        }
    }

    private synchronized void serveAll(String rootBus, PciIommuOps ops, Runnable unlessGivenUp) throws PlugException {
        // A host that was mapping memory for another device may have taken longer than anybody waits.
        unlessGivenUp.run();
        serving.put(rootBus, ops);
        List<Assignment> below = below(rootBus);
        if (below.isEmpty()) {
            return;
        }
        boolean complete = false;
        try {
            // First, as in settle.
            below.forEach(assignment -> assignment.forgetOldAddress(ops));
            for (Assignment assignment : below) {
                serve(assignment, ops);
            }
            complete = true;
        } finally {
            if (!complete) {
                // It will not serve: what it has made for the others on the host goes with it.
                below.forEach(assignment -> assignment.giveBack(ops));
            }
        }
    }

    private void serve(Assignment assignment, PciIommuOps ops) throws PlugException {
        try {
            if (assignment.served(ops)) {
                assignments.remove(assignment);
            }
        } catch (HostException refused) {
            throw new PlugException("host device %s: %s".formatted(assignment.hostName(), refused.getMessage()));
        }
    }

    @Override
    public synchronized void left(String rootBus) {
        serving.remove(rootBus);
        below(rootBus).forEach(Assignment::left);
    }

    @Override
    public synchronized void reset(String rootBus) {
        below(rootBus).forEach(Assignment::reset);
    }

    @Override
    public synchronized void removed(String rootBus) {
        below(rootBus).forEach(Assignment::released);
    }

    /** Before the write returns, as DMA under an old address is that of another domain of the guest then. */
    @Override
    public void moved(TransactionContext context) {
        if (!settle()) {
            // The model on its way out may have been attaching a device, as a command told it before its gate closed.
            epochs.synchronize(context);
            settle();
        }
    }

    /** {@return false if a model may still undo it that is on its way out} */
    private synchronized boolean settle() {
        boolean lasting = true;
        // First all leave the addresses that they had: another one may have got one of them.
        for (Assignment assignment : assignments) {
            lasting &= assignment.leaveOldAddress();
        }
        assignments.forEach(assignment -> assignment.takeNewAddress(serving.get(assignment.function().rootBus())));
        return lasting;
    }

    static void troubled(PciFunction function, String what, Object why) {
        LOGGER.log(
                System.Logger.Level.WARNING,
                "slot {0}: {1}: {2}",
                function.slot(),
                what,
                why instanceof Throwable thrown ? Rendered.text(thrown) : why);
    }

    /** Disconnects what is left; the slots have been removed. */
    @Override
    public void close() {
        synchronized (mapping) {
            List<Assignment> left;
            synchronized (this) {
                left = List.copyOf(assignments);
                assignments.clear();
            }
            left.forEach(this::disconnect);
        }
    }
}
