package dev.backplane.qtest;

import dev.backplane.qtest.control.MachineControl;
import java.util.concurrent.Callable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/** The shell as a monitor on the terminal. */
final class ShellMonitor {
    /** Framework property: locations of the shell's bundles, separated by commas. */
    private static final String BUNDLES = "backplane.deferred.shell";

    private static final String CONSOLE = "(backplane.console=true)";

    private final BundleContext context;
    private final OsgiProviders providers;

    ShellMonitor(BundleContext context, OsgiProviders providers) {
        this.context = context;
        this.providers = providers;
    }

    /** Runs the shell until the user leaves it, which ends the machine. */
    void run(MachineControl control) {
        providers.startAll(OsgiProviders.locations(context, BUNDLES));
        try {
            for (ServiceReference<?> reference : context.getServiceReferences(Callable.class, CONSOLE)) {
                if (context.getService(reference) instanceof Callable<?> console) {
                    console.call();
                    control.quit("host-ui");
                    return;
                }
            }
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        } catch (Exception e) {
            throw new IllegalStateException("-monitor stdio: " + e.getMessage(), e);
        }
        throw new IllegalStateException("-monitor stdio: this distribution has no shell");
    }
}
