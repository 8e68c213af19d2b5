package dev.backplane.itest.qemu;

/**
 * Two machines with the same command line.
 *
 * @param ours the shipped one
 * @param theirs a real QEMU
 */
record Pair(Peer ours, Peer theirs) implements AutoCloseable {
    static Pair start(QemuProgram qemu, String arguments) throws Exception {
        Peer ours = Peer.ours(arguments);
        try {
            return new Pair(ours, Peer.qemu(qemu, arguments));
        } catch (Exception e) {
            ours.close();
            throw e;
        }
    }

    @Override
    public void close() throws Exception {
        try (theirs) {
            ours.close();
        }
    }
}
