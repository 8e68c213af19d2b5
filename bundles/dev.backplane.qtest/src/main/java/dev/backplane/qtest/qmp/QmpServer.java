package dev.backplane.qtest.qmp;

import dev.backplane.qtest.chardev.ConnectionHandler;
import dev.backplane.qtest.control.MachineControl;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.util.Map;

/** QMP at one endpoint. One client at a time. */
public final class QmpServer implements ConnectionHandler {
    private final QmpCatalog catalog;
    private final MachineControl control;

    /** Makes a server of these commands. */
    public QmpServer(QmpCatalog catalog, MachineControl control) {
        this.catalog = catalog;
        this.control = control;
    }

    @Override
    public void serve(ByteChannel channel) throws IOException {
        var session = new QmpSession(channel, catalog);
        Runnable end = control.listen(session);
        try {
            session.run();
        } finally {
            end.run();
        }
    }

    /** {@return the version, as the greeting and query-version have it} */
    static Map<String, Object> version() {
        return Members.of(
                "qemu", Members.of("major", 11L, "minor", 1L, "micro", 0L), "package", "Backplane 0.1.0");
    }
}
