package dev.backplane.itest.qemu;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Accesses of a machine that was just reset; what its reads give is compared. */
record AccessScene(List<Access> accesses) {
    /**
     * What a read gave.
     *
     * @param access the read
     * @param value what it gave
     */
    record Reading(Access access, long value) {
        Reading with(long other) {
            return new Reading(access, other);
        }

        @Override
        public String toString() {
            return "%s = 0x%x".formatted(access, value);
        }
    }

    static List<Reading> play(Peer machine, AccessScene scene) throws IOException {
        machine.reset();
        for (Access access : scene.accesses()) {
            if (access.write()) {
                machine.write(access.size(), access.address(), access.value());
            } else {
                machine.read(access.size(), access.address());
            }
        }
        long[] values = machine.flush();
        var readings = new ArrayList<Reading>();
        for (Access access : scene.accesses()) {
            if (!access.write()) {
                readings.add(new Reading(access, values[readings.size()]));
            }
        }
        return readings;
    }

    /** {@return what is done before a read, counted among reads} */
    List<Access> before(int step) {
        int reads = 0;
        for (int i = 0; i < accesses.size(); i++) {
            if (!accesses.get(i).write() && reads++ == step) {
                return accesses.subList(0, i);
            }
        }
        throw new IllegalArgumentException("read %d: the scene has %d".formatted(step, reads));
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        accesses.forEach(access -> text.append("  ").append(access).append(System.lineSeparator()));
        return text.toString();
    }
}
