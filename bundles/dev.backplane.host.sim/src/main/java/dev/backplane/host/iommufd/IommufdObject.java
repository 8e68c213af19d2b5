package dev.backplane.host.iommufd;

import dev.backplane.host.memory.Operation;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostObject;
import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.List;

/** An object of an iommufd: it uses its parents, and cannot be destroyed while something uses it. */
abstract class IommufdObject implements HostObject {
    final IommufdFile file;
    private final String type;
    private final List<IommufdObject> parents;
    private final int id;
    // Guarded by the file.
    private int users;
    private volatile boolean destroyed;

    IommufdObject(IommufdFile file, String type, IommufdObject... parents) {
        this.file = file;
        this.type = type;
        this.parents = List.of(parents);
        id = file.add(this);
        for (IommufdObject parent : parents) {
            parent.users++;
        }
    }

    @Override
    public final int id() {
        return id;
    }

    final void use() {
        users++;
    }

    final void unuse() {
        users--;
    }

    final boolean isUnused() {
        return users == 0;
    }

    final boolean isDestroyed() {
        return destroyed;
    }

    /** Refuses an object that was destroyed, and those of other files. */
    final void require(IommufdFile owner, Operation operation) throws HostException {
        if (file != owner) {
            throw new HostException(operation.name(), Errno.ENOENT,
                    "%s belongs to another iommufd".formatted(this));
        }
        if (destroyed) {
            throw new HostException(operation.name(), Errno.ENOENT, "%s was destroyed".formatted(this));
        }
    }

    @Override
    public final void close() throws HostException {
        synchronized (file) {
            if (destroyed) {
                return;
            }
            file.faults().check(Operation.IOMMU_DESTROY);
            if (users != 0) {
                throw new HostException(Operation.IOMMU_DESTROY.name(), Errno.EBUSY,
                        "%s has users: %s".formatted(this, String.join(", ", file.usersOf(this))));
            }
            release();
            retire();
        }
    }

    /** Destroys it whatever happens, at the end of its file. */
    final void destroy() {
        if (!destroyed) {
            release();
            retire();
        }
    }

    private void retire() {
        destroyed = true;
        for (IommufdObject parent : parents) {
            parent.users--;
        }
        file.remove(this);
    }

    /** Gives back what the object holds. Nothing uses it any more. */
    abstract void release();

    /** {@return facts about it, for people} */
    abstract String describe();

    final boolean uses(IommufdObject other) {
        return parents.contains(other) || otherUses().contains(other);
    }

    /** {@return objects that it uses for a while, beside its parents} */
    List<IommufdObject> otherUses() {
        return List.of();
    }

    final String type() {
        return type;
    }

    final InspectNode inspect() {
        var facts = new ArrayList<InspectNode>();
        facts.add(InspectNode.text("type", type));
        facts.add(InspectNode.text("parents", String.join(", ",
                parents.stream().map(IommufdObject::toString).toList())));
        facts.add(InspectNode.number("users", users));
        return new InspectNode(Integer.toString(id), type, describe(), facts);
    }

    @Override
    public final String toString() {
        return type + " " + id;
    }
}
