package dev.backplane.gicv2m.fake;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceLog;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.time.VirtualClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A board that records lines and log, and has neither memory nor time: the devices here use none. */
public final class FakeBoard implements DeviceContext {
    private final Set<String> declared;
    private final List<String> pulses = new ArrayList<>();
    private final List<String> log = new ArrayList<>();

    public FakeBoard(List<String> lines) {
        declared = Set.copyOf(lines);
    }

    /** {@return the names of the pulsed lines, in order} */
    public List<String> pulses() {
        return pulses;
    }

    public List<String> logged() {
        return log;
    }

    @Override
    public String slot() {
        return "dut";
    }

    @Override
    public DmaPort memory() {
        throw new AssertionError("this device has no business in memory");
    }

    @Override
    public InterruptLine line(String name) {
        if (!declared.contains(name)) {
            throw new IllegalArgumentException("no line " + name);
        }
        return new InterruptLine() {
            @Override
            public void set(boolean asserted) {
                throw new AssertionError("an edge line takes pulses");
            }

            @Override
            public void pulse() {
                pulses.add(name);
            }
        };
    }

    @Override
    public VirtualClock clock() {
        throw new AssertionError("this device has no business with time");
    }

    @Override
    public Epochs epochs() {
        throw new AssertionError("this device retires nothing");
    }

    @Override
    public void defer(Effect effect) {
        effect.run(new FakeContext());
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        return Optional.empty();
    }

    @Override
    public <T> Optional<T> platform(Class<T> contract) {
        return Optional.empty();
    }

    @Override
    public DeviceLog log() {
        return new DeviceLog() {
            @Override
            public void guestError(String message) {
                log.add(message);
            }

            @Override
            public void unimplemented(String message) {
                log.add(message);
            }
        };
    }
}
