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
 * hangs in stop.
 */
public final class SeatActivator implements BundleActivator, DeviceFactory {
    /** System property: true ends all that hangs. */
    public static final String RELEASE = "backplane.test.seat.release";

    @Override
    public void start(BundleContext context) {
        Hashtable<String, Object> properties = new Hashtable<>();
        properties.put(DeviceFactory.TYPE, type());
        Version version = context.getBundle().getVersion();
        if (version.getMajor() == 9) {
            throw new IllegalStateException("version 9 does not start");
        }
        if (version.getMajor() == 8 && version.getMinor() == 0) {
            hang();
        }
        if (version.getMajor() == 8) {
            properties.put(Constants.SERVICE_RANKING, 5);
        }
        context.registerService(DeviceFactory.class, this, properties);
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
        return new SeatDevice();
    }

    /** The device. */
    static final class SeatDevice implements PlatformDevice, MmioHandler {
        private static final ThreadLocal<Object> LEFT_BEHIND = new ThreadLocal<>();
        private int register;
        private DeviceContext context;
        private VirtualClock.Timer timer;

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
            return new SavedState("plain", 1, Map.of("register", register));
        }

        @Override
        public void restore(SavedState state) throws RestoreException {
            register = (int) state.getLong("register");
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
