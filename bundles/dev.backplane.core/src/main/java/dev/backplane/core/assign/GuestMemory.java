package dev.backplane.core.assign;

import dev.backplane.core.memory.SystemBus;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.Ioas;
import dev.backplane.hostiommu.Iommufd;
import dev.backplane.hostiommu.IommufdDevice;
import java.util.ArrayList;
import java.util.List;

/**
 * All RAM of a board in an I/O address space of one iommufd, and the page tables that host devices share on it. RAM
 * does not change while the board exists; it is unmapped before it is freed, because the last device leaves before
 * that. Guarded by its owner.
 */
final class GuestMemory {
    private final Iommufd iommufd;
    private final Ioas ioas;
    private final List<SystemBus.Ram> mapped = new ArrayList<>();
    private final List<Stage2> tables = new ArrayList<>();
    private int users;

    /** A page table with the guest's memory, and how many devices are attached to it. */
    static final class Stage2 {
        private final Hwpt table;
        /** The same for all tables of one IOMMU of the host, as far as that is known. */
        private final Object where;
        private int devices;

        private Stage2(Hwpt table, Object where) {
            this.table = table;
            this.where = where;
        }

        Hwpt table() {
            return table;
        }
    }

    /**
     * Opens an iommufd and maps the RAM.
     *
     * @throws HostException if the host refuses; nothing is left behind then
     */
    GuestMemory(HostIommu host, List<SystemBus.Ram> ram) throws HostException {
        iommufd = host.open();
        try (var undo = new Undo()) {
            undo.add(iommufd::close);
            ioas = iommufd.allocateIoas();
            undo.add(ioas::close);
            for (SystemBus.Ram bank : ram) {
                ioas.map(bank.base(), bank.memory(), true, true);
                undo.add(() -> ioas.unmap(bank.base(), bank.memory().byteSize()));
                mapped.add(bank);
            }
            undo.forget();
        }
    }

    Iommufd iommufd() {
        return iommufd;
    }

    void use() {
        users++;
    }

    /** {@return whether nobody uses it any more, and it was closed} */
    boolean release() {
        if (--users > 0) {
            return false;
        }
        try (var undo = new Undo()) {
            undo.add(iommufd::close);
            undo.add(ioas::close);
            for (SystemBus.Ram bank : mapped) {
                undo.add(() -> ioas.unmap(bank.base(), bank.memory().byteSize()));
            }
            tables.forEach(kept -> undo.add(kept.table::close));
        }
        return true;
    }

    /**
     * Attaches a device to a page table with the guest's memory: to one that is there, if it goes with the device's
     * IOMMU. What it was attached to is replaced.
     *
     * @param nestingParent whether nested tables are to build on it
     * @throws HostException if the host refuses; the device is attached as before then
     */
    Stage2 attach(IommufdDevice device, boolean nestingParent) throws HostException {
        for (Stage2 shared : tables) {
            if (shared.table.isNestingParent() == nestingParent) {
                try {
                    device.attach(shared.table);
                    shared.devices++;
                    return shared;
                } catch (HostException refused) {
                    if (refused.errno() != Errno.EINVAL) {
                        throw refused;
                    }
                }
            }
        }
        var made = new Stage2(device.allocateHwpt(ioas, nestingParent), new Object());
        try (var undo = new Undo()) {
            undo.add(made.table::close);
            device.attach(made.table);
            undo.forget();
        }
        made.devices = 1;
        tables.add(made);
        return made;
    }

    /**
     * Finds or makes a table of the other kind for a device, which stays attached as it is.
     *
     * @param now the device's table so far
     * @throws HostException if the host refuses; nothing has changed then
     */
    Stage2 prepare(Stage2 now, IommufdDevice device, boolean nestingParent) throws HostException {
        Stage2 other = tables.stream()
                .filter(shared -> shared.where == now.where && shared.table.isNestingParent() == nestingParent)
                .findFirst()
                .orElse(null);
        if (other == null) {
            other = new Stage2(device.allocateHwpt(ioas, nestingParent), now.where);
            tables.add(other);
        }
        other.devices++;
        return other;
    }

    /**
     * A device is no longer attached to a table; the last one takes it along.
     *
     * @throws HostException if the host keeps the table: it is there for the next device then, or goes at the end
     */
    void release(Stage2 stage2) throws HostException {
        stage2.devices--;
        closeUnused(stage2);
    }

    /** Closes a table again that the host kept, unless a device has come to it since. */
    void closeUnused(Stage2 stage2) throws HostException {
        if (stage2.devices == 0 && tables.contains(stage2)) {
            stage2.table.close();
            tables.remove(stage2);
        }
    }
}
