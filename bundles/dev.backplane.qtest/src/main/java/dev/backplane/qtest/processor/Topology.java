package dev.backplane.qtest.processor;

/**
 * How processors are arranged. Immutable.
 *
 * @param present how many there are
 * @param most how many there is room for
 * @param sockets sockets
 * @param clusters clusters of a socket
 * @param cores cores of a cluster
 * @param threads threads of a core
 */
public record Topology(int present, int most, int sockets, int clusters, int cores, int threads) {
    /** One processor. */
    public static final Topology SINGLE = new Topology(1, 1, 1, 1, 1, 1);

    /**
     * Where a processor is.
     *
     * @param socket its socket
     * @param cluster its cluster in the socket
     * @param core its core in the cluster
     * @param thread its thread in the core
     */
    public record Seat(int socket, int cluster, int core, int thread) {}

    /** Checks that what is present fits into what there is room for. */
    public Topology {
        long product = (long) sockets * clusters * cores * threads;
        if (product != most) {
            throw new IllegalArgumentException(
                    "%d sockets * %d clusters * %d cores * %d threads is %d, not maxcpus=%d".formatted(
                            sockets, clusters, cores, threads, product, most));
        }
        if (present > most) {
            throw new IllegalArgumentException("cpus=%d is more than maxcpus=%d".formatted(present, most));
        }
    }

    /** {@return where a processor is; threads come first} */
    public Seat seat(int processor) {
        return new Seat(
                processor / (clusters * cores * threads),
                processor / (cores * threads) % clusters,
                processor / threads % cores,
                processor % threads);
    }
}
