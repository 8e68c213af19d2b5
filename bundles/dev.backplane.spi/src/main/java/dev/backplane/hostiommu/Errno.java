package dev.backplane.hostiommu;

/** Error numbers that the host's kernel answers, by their names in {@code errno.h}. */
public enum Errno {
    /** Operation not permitted. */
    EPERM(1),
    /** No such object. */
    ENOENT(2),
    /** The hardware cannot do it: an illegal STE, an invalidation command that it refuses. */
    EIO(5),
    /** Too much data, or unknown data that is not zero. */
    E2BIG(7),
    /** Nothing to read now. */
    EAGAIN(11),
    /** Out of memory. */
    ENOMEM(12),
    /** In use. */
    EBUSY(16),
    /** Exists already. */
    EEXIST(17),
    /** No such device. */
    ENODEV(19),
    /** An argument is not valid, or does not go with the object. */
    EINVAL(22),
    /** The operation does not exist. */
    ENOTTY(25),
    /** No room left. */
    ENOSPC(28),
    /** The address is taken already. */
    EADDRINUSE(98),
    /** A number does not fit. */
    EOVERFLOW(75),
    /** Known, but not supported here. */
    EOPNOTSUPP(95);

    private final int number;

    Errno(int number) {
        this.number = number;
    }

    /** {@return the number on Linux} */
    public int number() {
        return number;
    }
}
