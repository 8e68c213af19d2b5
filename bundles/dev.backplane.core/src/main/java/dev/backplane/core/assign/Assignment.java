package dev.backplane.core.assign;

import dev.backplane.board.PlugException;
import dev.backplane.core.assign.GuestMemory.Stage2;
import dev.backplane.core.pci.PciFunction;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostpci.AssignedFunction;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciIommuOps.ViommuFlag;
import dev.backplane.pci.PciRequester;
import java.util.Optional;

/**
 * One host device on its board: bound, attached to the guest's memory, and behind the IOMMU that governs its function,
 * if any. It belongs to the function's slot and outlives the models of device and IOMMU. Guarded by the monitor of the
 * board's assignments, but for what IOMMUs call; what it has of the guest's memory by their lock for that.
 */
final class Assignment implements AssignedFunction, AutoCloseable {
    private final Assignments all;
    private final PciFunction function;
    private final String address;
    private final String iommufd;
    private final IommufdDevice device;
    private final GuestMemory memory;
    private Runnable onClose = () -> {};
    private volatile Stage2 stage2;

    /** The operations that have the device, while their model is there. */
    private PciIommuOps behind;

    /** As what some model has the device, be it one whose slot is parked; null while none has. */
    private PciRequester known;

    /** The model that has the device nests the guest's tables in those of the host. */
    private boolean nesting;

    /**
     * Software moved the function, or reset the IOMMU, while no model served: the device is blocked, whatever the model
     * knows, until another one says what passes.
     */
    private boolean barred;

    /** The function is gone; the device waits for a model that can let go of it. */
    private boolean orphan;

    /** The model lets go of a device whose DMA may be under way with addresses that only its tables translate. */
    private volatile boolean leaving;

    /** A model lets go of a device that another one has already: where its DMA goes is no longer for it to say. */
    private volatile boolean taken;

    /** A model has said where the DMA goes. */
    private volatile boolean decided;

    /** The model that came last is for another purpose than the one before. */
    private boolean changed;

    Assignment(
            Assignments all,
            PciFunction function,
            String address,
            String iommufd,
            IommufdDevice device,
            GuestMemory memory) {
        this.all = all;
        this.function = function;
        this.address = address;
        this.iommufd = iommufd;
        this.device = device;
        this.memory = memory;
    }

    /** {@return the name of the iommufd that it shares, {@code ""} for one of its own} */
    String iommufd() {
        return iommufd;
    }

    PciFunction function() {
        return function;
    }

    void onClose(Runnable last) {
        onClose = last;
    }

    // What IOMMUs see

    @Override
    public String hostName() {
        return address;
    }

    @Override
    public IommufdDevice device() {
        return device;
    }

    @Override
    public Hwpt stage2() {
        return stage2.table();
    }

    @Override
    public Optional<String> pass() {
        if (taken) {
            return Optional.empty();
        }
        if (leaving) {
            return block();
        }
        decided = true;
        try {
            device.attach(stage2.table());
            return Optional.empty();
        } catch (HostException refused) {
            return Optional.of(refused.getMessage());
        }
    }

    @Override
    public Optional<String> block() {
        if (taken) {
            return Optional.empty();
        }
        decided = true;
        try {
            device.detach();
            return Optional.empty();
        } catch (HostException refused) {
            // A host that went has taken the device along: it is blocked.
            return refused.errno() == Errno.ENOENT ? Optional.empty() : Optional.of(refused.getMessage());
        }
    }

    // Steps of being plugged and unplugged

    private static boolean wantsNesting(PciIommuOps ops) {
        return ops != null && ops.viommuFlags().contains(ViommuFlag.WANT_NESTING_PARENT);
    }

    /**
     * Attaches the device to the guest's memory, as the IOMMU that serves wants it.
     *
     * @throws PlugException if the host cannot do that
     */
    void attach() throws HostException, PlugException {
        boolean wanted = wantsNesting(function.iommuOps());
        try {
            stage2 = memory.attach(device, wanted);
        } catch (HostException refused) {
            if (wanted && refused.errno() == Errno.EOPNOTSUPP) {
                throw new PlugException(("host device %s: %s: slot %s, the IOMMU, nests the guest's tables in the "
                        + "host's: set accel=off there, or assign a device behind an SMMU of the host that can")
                        .formatted(address, refused.getMessage(), function.iommuSlot()));
            }
            throw refused;
        }
    }

    /** Gives the guest's memory back; the device is bound no more. */
    private void leaveMemory() throws HostException {
        if (stage2 != null) {
            memory.release(stage2);
            stage2 = null;
        }
    }

    private void detach() throws HostException {
        if (stage2 != null) {
            device.detach();
        }
    }

    /**
     * Puts the device behind the IOMMU for the first time.
     *
     * @throws PlugException if that refuses
     */
    void plugged() throws PlugException {
        PciIommuOps ops = function.iommuOps();
        if (!function.isGoverned()) {
            return;
        }
        if (ops == null) {
            // Its slot is parked: what may pass is for the model to say that comes.
            requireBlocked();
            return;
        }
        nesting = wantsNesting(ops);
        PciRequester now = function.requesterNow();
        Optional<String> refusal = set(ops, now);
        if (refusal.isPresent()) {
            throw new PlugException(refusal.get());
        }
        if (!function.isNumbered()) {
            unset();
            requireBlocked();
        }
    }

    private void requireBlocked() throws PlugException {
        Optional<String> trouble = block();
        if (trouble.isPresent()) {
            throw new PlugException("host device %s: %s".formatted(address, trouble.get()));
        }
    }

    private Optional<String> set(PciIommuOps ops, PciRequester as) {
        Optional<String> refusal;
        try {
            refusal = ops.setIommuDevice(as, this);
        } catch (RuntimeException | LinkageError thrown) {
            Assignments.troubled(function, "its IOMMU failed", thrown);
            refusal = Optional.of("host device %s: slot %s, the IOMMU, failed: %s"
                    .formatted(address, function.iommuSlot(), thrown.getClass().getSimpleName()));
        }
        if (refusal.isEmpty()) {
            behind = ops;
            known = as;
        }
        return refusal;
    }

    private void unset() {
        PciIommuOps ops = behind;
        PciRequester as = known;
        behind = null;
        known = null;
        unset(ops, as);
    }

    private void unset(PciIommuOps ops, PciRequester as) {
        if (ops != null) {
            try {
                ops.unsetIommuDevice(as);
            } catch (RuntimeException | LinkageError thrown) {
                Assignments.troubled(function, "its IOMMU failed", thrown);
            }
        }
    }

    /** The model, if one has the device, lets go of it for good. */
    void leaveIommu() {
        unsetBlocked();
    }

    /** Lets the model let go of the device; what would pass is blocked. */
    private void unsetBlocked() {
        leaving = true;
        try {
            unset();
        } finally {
            leaving = false;
        }
    }

    @Override
    public void close() {
        all.close(this);
    }

    /** {@return whether the device has to wait for a model that lets go of it} It is blocked then. */
    boolean leaveBehind() {
        orphan = behind == null && known != null;
        if (orphan) {
            block().ifPresent(trouble -> Assignments.troubled(function, "it cannot be blocked", trouble));
        }
        return orphan;
    }

    /** Undoes everything, the last step first; what the host keeps is logged. */
    void disconnect() {
        try (var undo = new Undo()) {
            undo.add(onClose::run);
            undo.add(this::leaveMemory);
            undo.add(device::close);
            undo.add(this::detach);
            undo.add(this::unsetBlocked);
        }
    }

    // What becomes of the IOMMU

    /**
     * A model governs the function from now on, the first one or a successor.
     *
     * @return whether the device, whose function is gone, is disconnected now
     */
    boolean served(PciIommuOps ops) throws HostException, PlugException {
        if (orphan) {
            set(ops, known);
            disconnect();
            return true;
        }
        changed = false;
        if (behind == ops) {
            return false;
        }
        // What else it wants is between it and the guest: the tables on the host are the same.
        boolean wanted = wantsNesting(ops);
        if (known == null || wanted != nesting) {
            change(ops, wanted);
        } else {
            // A successor for the same purpose finds the device as it is, and keeps it so.
            require(set(ops, known));
        }
        return false;
    }

    /**
     * Software has renumbered, or reset the IOMMU, while no model served: the one that is about to lets go of the
     * address that a predecessor left the device under. It does not get the device there, as the address may be another
     * one's by now.
     */
    void forgetOldAddress(PciIommuOps ops) {
        if (known == null || orphan || !barred && isWhere(known) || wantsNesting(ops) != nesting) {
            return;
        }
        barred = false;
        block().ifPresent(trouble -> Assignments.troubled(function, "it cannot be blocked", trouble));
        behind = ops;
        unsetBlocked();
    }

    /**
     * A model for another purpose. It says where the DMA goes, and only then the one before lets go: what one of them
     * aborts does not pass for a moment, and what both let pass does not abort.
     */
    private void change(PciIommuOps ops, boolean wanted) throws HostException, PlugException {
        PciIommuOps old = behind;
        PciRequester as = known;
        Stage2 before = stage2;
        if (before.table().isNestingParent() != wanted) {
            stage2 = memory.prepare(before, device, wanted);
        }
        changed = true;
        barred = false;
        behind = null;
        known = null;
        nesting = wanted;
        PlugException refusal = null;
        try {
            takeAddress(ops);
        } catch (PlugException refused) {
            refusal = refused;
        }
        letGo(old, as);
        Stage2 left = before;
        if (refusal != null && !stop(refusal)) {
            // It is where it was.
            left = stage2;
            stage2 = before;
        }
        if (left != stage2) {
            refusal = leave(left, refusal);
        }
        if (refusal != null) {
            throw refusal;
        }
    }

    /** The model before lets go of a device that is no longer its own. */
    private void letGo(PciIommuOps old, PciRequester as) {
        taken = true;
        try {
            unset(old, as);
        } finally {
            taken = false;
        }
    }

    /** Takes the device from a model that cannot have it; {@return whether it is attached to nothing now} */
    private boolean stop(PlugException refusal) {
        unsetBlocked();
        Optional<String> trouble = block();
        trouble.ifPresent(why -> refusal.addSuppressed(new PlugException(why)));
        return trouble.isEmpty();
    }

    /**
     * Gives a table back that the device is off, if its model has said where the DMA goes or there is a refusal.
     *
     * @return the refusal, or that of a model that has left the device where it was, or null
     */
    private PlugException leave(Stage2 table, PlugException refusal) {
        try {
            memory.release(table);
            return refusal;
        } catch (HostException kept) {
            if (refusal != null) {
                refusal.addSuppressed(kept);
                return refusal;
            }
            if (decided || kept.errno() != Errno.EBUSY) {
                Assignments.troubled(function, "the host keeps a page table", kept);
                return null;
            }
        }
        var undecided = new PlugException(("host device %s: slot %s, the IOMMU, wants a nesting parent and has left the "
                + "device on the page table before: its model has to attach the device, or to let it pass or block it")
                .formatted(address, function.iommuSlot()));
        if (stop(undecided)) {
            try {
                memory.closeUnused(table);
            } catch (HostException kept) {
                undecided.addSuppressed(kept);
            }
        }
        return undecided;
    }

    /** A model cannot have another device: it lets go of this one if it has taken it over for another purpose. */
    void giveBack(PciIommuOps ops) {
        if (changed && behind == ops) {
            unsetBlocked();
            block().ifPresent(trouble -> Assignments.troubled(function, "it cannot be blocked", trouble));
        }
    }

    /** Nothing passes before the model says so; one that says nothing lets everything pass. */
    private void takeAddress(PciIommuOps ops) throws PlugException {
        if (!function.isNumbered()) {
            require(block());
            return;
        }
        decided = false;
        Optional<String> refusal = set(ops, function.requesterNow());
        if (refusal.isPresent()) {
            block();
            throw new PlugException(refusal.get());
        }
        if (!decided && !nesting) {
            require(pass());
        }
    }

    private static void require(Optional<String> trouble) throws PlugException {
        if (trouble.isPresent()) {
            throw new PlugException(trouble.get());
        }
    }

    /** The model that has the device is disposed of; what it holds of the host stays with its slot. */
    void left() {
        behind = null;
    }

    /** The IOMMU is reset; while its model is away that cannot say so of what the device is attached to. */
    void reset() {
        if (behind == null && known != null) {
            barred = true;
            block().ifPresent(trouble -> Assignments.troubled(function, "it cannot be blocked", trouble));
        }
    }

    /** The IOMMU goes for good. */
    void released() {
        unset();
        nesting = false;
        barred = false;
        pass().ifPresent(trouble -> Assignments.troubled(function, "it cannot reach memory", trouble));
    }

    private boolean isWhere(PciRequester address) {
        return function.isNumbered() && address.equals(function.requesterNow());
    }

    /**
     * Software may have renumbered buses: lets go of an address that is no longer the function's. A model that does not
     * serve is not asked, as its state may have been saved; its successor learns of it.
     *
     * @return false if the device is blocked and a model that is on its way out does not know
     */
    boolean leaveOldAddress() {
        if (known == null || orphan || isWhere(known)) {
            return true;
        }
        barred = behind == null || behind != function.iommuOps();
        if (!barred) {
            unsetBlocked();
        }
        block().ifPresent(trouble -> Assignments.troubled(function, "it cannot be blocked", trouble));
        return !barred || behind == null;
    }

    /**
     * Software may have renumbered buses: takes the address that is the function's now.
     *
     * @param ops of the model that knows where all others are, or null
     */
    void takeNewAddress(PciIommuOps ops) {
        if (ops != null && ops == function.iommuOps() && known == null && !orphan && function.isNumbered()) {
            try {
                takeAddress(ops);
            } catch (PlugException refused) {
                Assignments.troubled(function, "it is blocked", refused.getMessage());
            }
        }
    }
}
