package dev.backplane.gicv3.fake;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceLog;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.RealizeException;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.time.VirtualClock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A board of one device: RAM, a log, and one device that it may link to. Not thread-safe but for contexts. */
public final class FakeBoard implements DeviceContext, DeviceLog, Epochs {
    /** End of the RAM. */
    public static final long RAM_END = 1L << 32;

    private final FakeRam ram;
    private final Object linked;
    private final ThreadLocal<FakeContext> contexts = ThreadLocal.withInitial(FakeContext::new);
    private final List<String> messages = new ArrayList<>();
    private volatile Runnable gracePeriod = () -> {};
    private int gracePeriods;

    /** Makes a board; {@code linked} may be null. */
    public FakeBoard(FakeRam ram, Object linked) {
        this.ram = ram;
        this.linked = linked;
    }

    /** {@return a realized device} */
    public static <D extends PlatformDevice> D realized(D device, FakeBoard board) {
        try {
            device.realize(board);
        } catch (RealizeException e) {
            throw new AssertionError(e);
        }
        return device;
    }

    /** {@return checked properties} */
    public static DeviceProperties properties(List<PropertyDescriptor> declared, Object... namesAndValues) {
        var given = new HashMap<String, Object>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            given.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return DeviceProperties.of("test", declared, Map.copyOf(given));
    }

    /** {@return the region of that name} */
    public static MmioRegion region(PlatformDevice device, String name) {
        return device.describe().regions().stream()
                .filter(region -> region.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Reads a register of a device. */
    public long read(PlatformDevice device, String region, long offset, int size) {
        region(device, region).handler().read(context(), TransactionAttributes.NONE, offset, size);
        return context().data();
    }

    /** Writes a register of a device. */
    public void write(PlatformDevice device, String region, long offset, int size, long value) {
        region(device, region).handler().write(context(), TransactionAttributes.NONE, offset, size, value);
    }

    /** Says how to wait for transactions that are under way. */
    public void onSynchronize(Runnable wait) {
        gracePeriod = wait;
    }

    public List<String> messages() {
        return messages;
    }

    public int gracePeriods() {
        return gracePeriods;
    }

    @Override
    public String slot() {
        return "slot0";
    }

    @Override
    public DmaPort memory() {
        return ram;
    }

    @Override
    public InterruptLine line(String name) {
        throw new IllegalArgumentException(name);
    }

    @Override
    public VirtualClock clock() {
        throw new IllegalStateException("no clock");
    }

    @Override
    public Epochs epochs() {
        return this;
    }

    @Override
    public void defer(Effect effect) {
        effect.run(context());
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        return Optional.ofNullable(linked).map(capability::cast);
    }

    @Override
    public <T> Optional<T> platform(Class<T> contract) {
        return Optional.empty();
    }

    @Override
    public DeviceLog log() {
        return this;
    }

    @Override
    public synchronized void guestError(String message) {
        messages.add(message);
    }

    @Override
    public synchronized void unimplemented(String message) {
        messages.add(message);
    }

    @Override
    public TransactionContext context() {
        return contexts.get();
    }

    @Override
    public void synchronize(TransactionContext context) {
        gracePeriods++;
        gracePeriod.run();
    }
}
