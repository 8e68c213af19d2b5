package dev.backplane.hostiommu;

/** The host refused an operation. */
public final class HostException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What the kernel answered. */
    private final Errno errno;

    /**
     * Makes the exception.
     *
     * @param operation the operation by its name in the host's interface, for example {@code IOMMU_HWPT_ALLOC}
     * @param errno what the kernel answered
     * @param detail what was refused and why, with names and values
     */
    public HostException(String operation, Errno errno, String detail) {
        super("%s: %s: %s".formatted(operation, errno, detail));
        this.errno = errno;
    }

    /** {@return what the kernel answered} */
    public Errno errno() {
        return errno;
    }
}
