package dev.backplane.core.board.seat;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.time.VirtualClock;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;

/**
 * The activator of a bundle that tests make: it offers a device with one register and a timer that is always armed. By
 * its version it fails: 9 does not start, 8 hangs in start (8.1 when it has offered the device already, as the best), 7
 * hangs in stop, 6 waits in restore, 5 does not restore the number 13 (5.1 saves what others do not restore). x.x.2
 * offers another device for slots with accel=on, x.x.3 one that is not as good; x.x.4 has nothing for accel=on.
 */
public final class SeatActivator implements BundleActivator {
    /** System property: true when a device waits in restore. */
    public static final String RESTORING = "backplane.test.seat.restoring";

    /** System property: true ends all that hangs. */
    public static final String RELEASE = "backplane.test.seat.release";

    @Override
    public void start(BundleContext context) {
        Hashtable<String, Object> properties = new Hashtable<>();
        Version version = context.getBundle().getVersion();
        properties.put(DeviceFactory.TYPE, "plain");
        if (version.getMajor() == 9) {
            throw new IllegalStateException("version 9 does not start");
        }
        if (version.getMajor() == 8 && version.getMinor() == 0) {
            hang();
        }
        if (version.getMajor() == 8 || version.getMicro() == 3) {
            properties.put(Constants.SERVICE_RANKING, 5);
        }
        if (version.getMicro() == 2 || version.getMicro() == 4) {
            properties.put(DeviceFactory.WHEN, "(!(accel=on))");
        }
        context.registerService(DeviceFactory.class, new Factory(version, "usual"), properties);
        if (version.getMicro() == 2 || version.getMicro() == 3) {
            properties.remove(Constants.SERVICE_RANKING);
            properties.put(DeviceFactory.WHEN, version.getMicro() == 2 ? "(accel=on)" : "");
            context.registerService(DeviceFactory.class, new Factory(version, "other"), properties);
        }
        if (version.getMajor() == 8) {
            hang();
        }
    }

    @Override
    public void stop(BundleContext context) {
        // The framework takes the service back.
        if (context.getBundle().getVersion().getMajor() == 7) {
            hang();
        }
    }

    private static void hang() {
        while (!Boolean.getBoolean(RELEASE)) {
            LockSupport.parkNanos(10_000_000);
        }
    }

    /** A factory of the device. */
    private record Factory(Version version, String name) implements DeviceFactory {
        @Override
        public String type() {
            return "plain";
        }

        @Override
        public String description() {
            return "a device of a bundle made by a test";
        }

        @Override
        public List<PropertyDescriptor> properties() {
            return List.of();
        }

        @Override
        public DeviceModel create(DeviceProperties properties) {
            return new SeatDevice(version, name);
        }
    }

    /** The device. */
    static final class SeatDevice implements PlatformDevice, MmioHandler {
        private static final ThreadLocal<Object> LEFT_BEHIND = new ThreadLocal<>();
        private final Version version;
        private final String name;
        private int register;
        private DeviceContext context;
        private VirtualClock.Timer timer;

        SeatDevice(Version version, String name) {
            this.version = version;
            this.name = name;
        }

        @Override
        public String toString() {
            return name;
        }

        @Override
        public PlatformDescription describe() {
            return new PlatformDescription(
                    List.of(MmioRegion.locked("regs", 0x1000, 4, 4, this)), List.of("irq"));
        }

        @Override
        public void realize(DeviceContext door) {
            context = door;
            timer = door.clock().timer(thread -> register++);
            LEFT_BEHIND.set(this);
        }

        @Override
        public void reset(ResetKind kind, ResetPhase phase) {
            register = 0;
        }

        @Override
        public void quiesce() {
            timer.cancel();
        }

        @Override
        public void resume() {
            timer.arm(Long.MAX_VALUE);
        }

        @Override
        public SavedState save() {
            boolean isOther = version.getMajor() == 5 && version.getMinor() == 1;
            return new SavedState("plain", 1, Map.of(isOther ? "value" : "register", register));
        }

        @Override
        public void restore(SavedState state) throws RestoreException {
            if (version.getMajor() == 6) {
                System.setProperty(RESTORING, "true");
                hang();
            }
            register = (int) state.getLong("register");
            if (version.getMajor() == 5 && register == 13) {
                throw new RestoreException("13 is not welcome");
            }
        }

        @Override
        public void unrealize() {
            context.log().unimplemented("nothing");
        }

        @Override
        public TransactionResult read(
                TransactionContext thread, TransactionAttributes attributes, long offset, int size) {
            thread.data(register);
            return TransactionResult.Done.DONE;
        }

        @Override
        public TransactionResult write(
                TransactionContext thread, TransactionAttributes attributes, long offset, int size, long value) {
            register = (int) value;
            return TransactionResult.Done.DONE;
        }
    }
}
